# Read by the scripts beside it: where things lie, how they speak, how something long runs with its output in a log.
# Everything outside the system's packages stays under build/.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/build/deps
logs=$root/build/log
mkdir -p "$deps" "$logs"
export CCACHE_DIR=${CCACHE_DIR:-$root/build/ccache}
exec 3>&2
# What the user names lies where the script was started.
for name in SIGNSYM_LIBTORCH SIGNSYM_DATA; do
  [ -z "${!name:-}" ] || export "$name=$(realpath -ms "${!name}")"
done

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&3; exit 1; }

# logged NAME WHAT COMMAND...: says WHAT and the seconds it took; the output goes to build/log/NAME.log, whose end is
# shown if the command fails.
current_log=
logged() {
  local name=$1 what=$2 start=$SECONDS
  shift 2
  current_log=$logs/$name.log
  printf '%s ... ' "$what"
  "$@" >"$current_log" 2>&1 </dev/null
  current_log=
  say "$((SECONDS - start)) s"
}
show_failure() {
  local status=$?
  if [ $status -ne 0 ] && [ -n "$current_log" ]; then
    printf 'failed\n' >&3
    tail -n 30 "$current_log" >&3
    printf '%s: the whole output is in %s\n' "${0##*/}" "${current_log#"$root"/}" >&3
  fi
}
trap show_failure EXIT

# build_signsym TESTS TARGET: configures build/release (with or without tests and bindings: ON or OFF) and builds the
# target.
build_signsym() {
  cd "$root"
  logged configure 'Configure' cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release \
    "-DSIGNSYM_LIBTORCH=${SIGNSYM_LIBTORCH:-}" "-DSIGNSYM_BUILD_TESTS=$1" "-DSIGNSYM_BUILD_CSHARP=$1" "-DSIGNSYM_BUILD_JAVA=$1"
  logged build 'Build (some minutes the first time)' cmake --build build/release --target "$2"
}

# build_preset PRESET: configures and builds all of a preset of CMakePresets.json, in build/PRESET.
build_preset() {
  cd "$root"
  logged "configure-$1" "Configure, with sanitizers ($1)" cmake --preset "$1" "-DSIGNSYM_LIBTORCH=${SIGNSYM_LIBTORCH:-}"
  logged "build-$1" 'Build' cmake --build "build/$1"
}
