"""What script/setup and script/demo say of folders that do not serve, before they change anything. Run by ctest."""
import os
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

    def refused(self, script, **environment):
        """What it says on stderr where it ends with 1 and has said nothing else."""
        run = subprocess.run([ROOT / "script" / script], cwd=self.folder, env={**os.environ, **environment}, text=True,
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


class Demo(ScriptTest):
    def test_refuses_a_folder_that_holds_no_data_set(self):
        (self.folder / "data").mkdir()
        self.assertIn(f"SIGNSYM_DATA={self.folder}/data holds neither cifar-10-batches-bin nor mnist",
                      self.refused("demo", SIGNSYM_DATA="data"))


if __name__ == "__main__":
    unittest.main()
