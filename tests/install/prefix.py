"""What the tests of installs and packages share: an installed library at a place with a space, and hosts of it."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ["SIGNSYM_SOURCE_DIR"])
BUILD = Path(os.environ["SIGNSYM_BINARY_DIR"])
LIBTORCH = Path(os.environ["SIGNSYM_LIBTORCH_ROOT"])
PROTOBUF = Path(os.environ["SIGNSYM_PROTOBUF"]) / "include"  # google/protobuf/descriptor.proto
CMAKE = os.environ["SIGNSYM_CMAKE"]
CPACK = str(Path(CMAKE).with_name("cpack"))
BUNDLED = os.environ["SIGNSYM_BUNDLE_LIBTORCH"] in ("1", "ON", "TRUE")
CONSUMER = Path(__file__).parent / "consumer"

CONFIG = f"""
data {{ mnist {{ path: "{SOURCE}/examples/data/mnist" }} batch_size: 16 }}
model {{ mlp {{}} }}
train {{ epochs: 1 max_steps: 4 }}
"""


def run(*command, **options):
    """The command's output; it must succeed. Nothing of this process's environment but PATH reaches it."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OMP_WAIT_POLICY": "passive",
                   **options.pop("env", {})}
    done = subprocess.run([str(word) for word in command], env=environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def install(prefix, *components):
    for component in components:
        run(CMAKE, "--install", BUILD, "--prefix", prefix, "--component", component)


def needed(file):
    """The libraries that the loader needs for this one."""
    lines = run("readelf", "-dW", file).splitlines()
    return [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]


class PrefixTest(unittest.TestCase):
    """A folder for each test, and ways to use what is installed in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="signsym install ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "config.textproto").write_text(CONFIG)

    def use_own_libtorch(self, prefix):
        """As the docs tell a user who has LibTorch."""
        (prefix / "lib/signsym").symlink_to(LIBTORCH / "lib")

    def libraries_of(self, program):
        """What the loader finds for it: name → file."""
        lines = [line.split() for line in run("ldd", program).replace("not found", "not-found").splitlines()]
        return {line[0]: os.path.normpath(" ".join(line[2:-1]) if line[2] != "not-found" else "not found")
                for line in lines if "=>" in line}

    def assert_is_of(self, prefix, program):
        libraries = self.libraries_of(program)
        self.assertEqual(libraries["libsignsym.so.0"], str(prefix / "lib/libsignsym.so.0"))
        for name, file in libraries.items():
            self.assertNotEqual(file, "not found", name)
            if name.startswith(("libtorch", "libc10", "libgomp")):
                self.assertEqual(file, str(prefix / "lib/signsym" / name))
            self.assertFalse(file.startswith(str(BUILD)), file)

    def assert_driver_works(self, prefix):
        self.assert_is_of(prefix, prefix / "bin/signsym")
        self.assertRegex(run(prefix / "bin/signsym", "info"), r"libtorch +2\.")

    def assert_trains(self, program, **options):
        self.assertRegex(run(program, self.folder / "config.textproto", **options), r"\Aepoch[^\n]*loss[^\n]*\n\Z")

    def build_with_cmake(self, prefix, *options):
        """The folder of the consumer project's programs."""
        build = self.folder / "consumer build"
        run(CMAKE, "-S", CONSUMER, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
            f"-DCMAKE_PREFIX_PATH={prefix}", f"-DSIGNSYM_EXAMPLES={prefix}/share/doc/signsym/examples/c", *options)
        run(CMAKE, "--build", build)
        return build / "bin"

    def pkg_config(self, prefix, *options):
        return run("pkg-config", *options, "signsym", env={"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}).strip()

    def build_with_pkg_config(self, prefix, compiler, source):
        """The program, which finds the library by LD_LIBRARY_PATH alone."""
        program = self.folder / "consumer"
        flags = self.pkg_config(prefix, "--cflags", "--libs")
        run("sh", "-c", f'{compiler} "$0" -o "$1" {flags}', source, program)
        return program
