"""What script/setup and script/demo say of folders and systems that do not serve, before they change anything."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEW_STRING = b"\0_ZN3c105ErrorC1ENS_14SourceLocationENSt7__cxx1112basic_stringE\0"


class ScriptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.root = self.folder / "root"  # with a build folder of its own
        shutil.copytree(ROOT / "script", self.root / "script")
        (self.root / "bindings/java").mkdir(parents=True)
        shutil.copy(ROOT / "bindings/java/maven.sha256", self.root / "bindings/java")

    def refused(self, script, **environment):
        """What it says on stderr where it ends with 1 and has said nothing else."""
        run = subprocess.run([self.root / "script" / script], cwd=self.folder, env={**os.environ, **environment}, text=True,
                             capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual((run.returncode, run.stdout), (1, ""), run.stderr)
        self.assertTrue(run.stderr.startswith(script + ": "), run.stderr)
        return run.stderr


class Setup(ScriptTest):
    """With a LibTorch of the user's, named by where it lies from here."""

    def libtorch(self, version, c10=NEW_STRING):
        header = self.folder / "torch/include/torch/csrc/api/include/torch/version.h"
        header.parent.mkdir(parents=True)
        header.write_text("".join(f"#define TORCH_VERSION_{part} {number}\n"
                                  for part, number in zip(("MAJOR", "MINOR", "PATCH"), version)))
        (self.folder / "torch/lib").mkdir()
        (self.folder / "torch/lib/libtorch_cpu.so").write_bytes(b"")
        (self.folder / "torch/lib/libc10.so").write_bytes(c10)

    def test_refuses_a_libtorch_that_is_too_old(self):
        self.libtorch((2, 5, 1))
        self.assertIn(f"LibTorch 2.5 in {self.folder}/torch is too old: 2.6 or newer is needed",
                      self.refused("setup", SIGNSYM_LIBTORCH="torch"))

    def test_refuses_a_libtorch_of_the_old_string_abi(self):
        self.libtorch((2, 10, 0), c10=b"\0_ZN3c105ErrorC1ENS_14SourceLocationESs\0")
        self.assertIn("cxx11-abi", self.refused("setup", SIGNSYM_LIBTORCH="torch"))

    def test_refuses_a_libtorch_without_headers(self):
        self.libtorch(())
        self.assertIn("has no headers", self.refused("setup", SIGNSYM_LIBTORCH="torch"))

    def test_says_of_a_zip_that_it_is_to_be_unpacked(self):
        (self.folder / "libtorch.zip").write_bytes(b"PK")
        self.assertIn(f"{self.folder}/libtorch.zip is a file: unpack it",
                      self.refused("setup", SIGNSYM_LIBTORCH="libtorch.zip"))

    def test_refuses_a_folder_that_holds_no_libtorch(self):
        self.assertIn(f"SIGNSYM_LIBTORCH={self.folder}/nowhere holds no lib/libtorch_cpu.so",
                      self.refused("setup", SIGNSYM_LIBTORCH="nowhere"))

    def machine(self, name):
        """The PATH on which this is another machine."""
        uname = self.folder / "uname"
        uname.write_text(f"#!/bin/sh\necho {name}\n")
        uname.chmod(0o755)
        return f"{self.folder}:{os.environ['PATH']}"

    def test_asks_for_a_libtorch_on_aarch64_and_goes_on_with_one(self):
        path = self.machine("Linux aarch64")
        self.assertIn("name one of your own with SIGNSYM_LIBTORCH", self.refused("setup", PATH=path, SIGNSYM_LIBTORCH=""))
        self.libtorch((2, 5, 1))
        self.assertIn("LibTorch 2.5 in", self.refused("setup", PATH=path, SIGNSYM_LIBTORCH="torch"))

    def test_refuses_other_machines(self):
        self.assertIn("this is Darwin arm64", self.refused("setup", PATH=self.machine("Darwin arm64")))


    def test_finds_one_by_cmake_prefix_path_as_well(self):
        self.libtorch((2, 5, 1))
        self.assertIn(f"LibTorch 2.5 in {self.folder}/torch is too old", self.refused("setup", CMAKE_PREFIX_PATH=f"/no:{self.folder}"))


class System(ScriptTest):
    """On systems that are played by programs of their names."""

    def setUp(self):
        super().setUp()
        self.bin = self.folder / "bin"
        self.bin.mkdir()

    def program(self, name, body):
        (self.bin / name).write_text("#!/bin/sh\n" + body)
        (self.bin / name).chmod(0o755)

    def setup(self, path=None):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("SIGNSYM_LIBTORCH", "CMAKE_PREFIX_PATH")}
        environment["PATH"] = path or f"{self.bin}:{environment['PATH']}"
        return subprocess.run([self.root / "script/setup"], env=environment, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def assert_refused(self, run, *words):
        self.assertEqual((run.returncode, run.stdout), (1, ""), run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)
        self.assertEqual([path.name for path in (self.root / "build/deps").iterdir()], [".lock"])

    def test_that_is_too_old_is_told_so_and_what_will_do(self):
        self.program("getconf", "echo glibc 2.31")
        self.assert_refused(self.setup(), "too old (glibc 2.31)", "Debian 12 or Ubuntu 24.04, or newer, is needed")

    def test_without_the_gnu_c_library_is_told_so(self):
        self.program("getconf", "exit 1")
        self.assert_refused(self.setup(), "without the GNU C library that LibTorch needs")

    def test_without_apt_gets_the_names_of_what_is_needed(self):
        for program in Path("/usr/bin").iterdir():
            if program.name != "apt-get":
                (self.bin / program.name).symlink_to(program)
        self.assert_refused(self.setup(path=str(self.bin)), "no apt", "ninja-build", "nothing was changed")

    def test_without_root_gets_the_command_that_installs_what_is_missing(self):
        self.program("id", "echo 1000")
        self.program("sudo", "exit 1")
        self.program("dpkg-query", "")
        self.assert_refused(self.setup(), "apt-get update && apt-get install --no-install-recommends g++ cmake ",
                            "nothing was changed")

    def test_is_told_what_will_be_installed_before_it_is_and_may_fail_and_be_tried_again(self):
        self.program("id", "echo 0")
        self.program("dpkg-query", "")
        self.program("dpkg", "")
        self.program("apt-get", 'echo "$@" >>"$0.log"; echo no space left; exit 100')
        for _ in range(2):
            run = self.setup()
            self.assertNotEqual(run.returncode, 0)
            told, done = run.stdout.split("System packages ... ")
            for word in ("Set-up installs:", "g++ cmake", "build/deps/torch: LibTorch", "build/deps/protobuf: Protobuf"):
                self.assertIn(word, told)
            self.assertEqual(done, "")
            self.assertIn("no space left", run.stderr)
        self.assertIn("install --fix-broken", (self.bin / "apt-get.log").read_text())


class Demo(ScriptTest):
    def test_refuses_a_folder_that_holds_no_data_set(self):
        (self.folder / "data").mkdir()
        self.assertIn(f"SIGNSYM_DATA={self.folder}/data holds neither cifar-10-batches-bin nor mnist",
                      self.refused("demo", SIGNSYM_DATA="data"))


if __name__ == "__main__":
    unittest.main()
