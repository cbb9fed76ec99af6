"""Files that `signsym` writes, what the program is linked to, and what the README quotes. Run by ctest; by hand:
SIGNSYM_CLI=build/release/bin/signsym python3 tests/cli/files_test.py"""
import os
import re
import resource
import stat
import subprocess
import threading
import unittest
from pathlib import Path

from driver import PATIENCE, SIGNSYM, DriverTest

ROOT = Path(__file__).resolve().parents[2]


class Written(DriverTest):
    """`report -o` and `config convert` write a file whole or not at all."""

    def setUp(self):
        super().setUp()
        self.succeed("train", "small.textproto", "--out", "run", "--quiet", "--set", "train.epochs=1")
        self.commands = {"config": ("config", "convert", "small.textproto"), "report": ("report", "run", "-o")}

    def names(self):
        return {path.name for path in self.folder.iterdir()}

    def test_in_place_of_an_old_file(self):
        for name, command in self.commands.items():
            with self.subTest(command=name):
                target = self.folder / f"{name}.json"
                self.succeed(*command, target.name)
                new = target.read_bytes()
                target.write_text("old")
                before = self.names()
                self.succeed(*command, target.name)
                self.assertEqual(target.read_bytes(), new)
                self.assertEqual(self.names(), before)

    def test_through_a_link_that_stays(self):
        (self.folder / "elsewhere").mkdir()
        for name, command in self.commands.items():
            with self.subTest(command=name):
                link, target = self.folder / f"{name}.link", self.folder / "elsewhere" / name
                target.write_text("old")
                link.symlink_to(target)
                self.succeed(*command, link.name)
                self.assertTrue(link.is_symlink())
                self.assertNotEqual(target.read_bytes(), b"old")

    def test_into_a_pipe_that_stays_one(self):
        for name, command in self.commands.items():
            with self.subTest(command=name):
                self.succeed(*command, f"{name}.file")
                pipe, got = self.folder / f"{name}.pipe", []
                os.mkfifo(pipe)
                reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
                reader.start()
                self.succeed(*command, pipe.name)
                self.assertTrue(stat.S_ISFIFO(pipe.lstat().st_mode))
                reader.join(PATIENCE)
                self.assertEqual(got, [(self.folder / f"{name}.file").read_bytes()])

    def test_that_cannot_be_written_leaves_the_old_one_and_says_what_to_do(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        for name, command in self.commands.items():
            with self.subTest(command=name):
                target = self.folder / f"{name}.file"
                target.write_text("old")
                before = self.names()
                code, _, err = self.run_driver(*command, target.name, preexec_fn=limit, restore_signals=False)
                self.assertEqual(code, 3)
                self.assertIn("ulimit -f", err)
                self.assertEqual(target.read_text(), "old")
                self.assertEqual(self.names(), before)

    def test_where_there_is_no_folder_or_a_folder_says_what_to_do(self):
        for name, command in self.commands.items():
            with self.subTest(command=name):
                code, _, err = self.run_driver(*command, "nowhere/file")
                self.assertEqual(code, 3)
                self.assertRegex(err, "nowhere/file.*create its folder")
                code, _, err = self.run_driver(*command, "data")
                self.assertEqual(code, 3)
                self.assertRegex(err, "data: .*a file is expected")


class Program(DriverTest):
    def test_is_linked_to_libsignsym_and_to_nothing_else_of_ours_or_of_libtorch(self):
        text = subprocess.run(["readelf", "--dynamic", SIGNSYM], check=True, capture_output=True, text=True).stdout
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", text)
        self.assertEqual([name for name in needed if "signsym" in name], ["libsignsym.so.0"])
        self.assertEqual([name for name in needed if re.match("lib(torch|c10|proto|gomp|shm|dlpack)", name)], [])


class Readme(unittest.TestCase):
    def test_has_the_config_and_the_program_of_the_examples(self):
        text = (ROOT / "README.md").read_text()
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        config = [block for _, block in blocks if block.startswith("# proto-message: signsym.v1.Experiment")]
        self.assertEqual(config, [(ROOT / "examples/configs/cifar10-resnet18.textproto").read_text()])
        self.assertEqual([block for language, block in blocks if language == "c"],
                         [(ROOT / "examples/c/train.c").read_text()])


if __name__ == "__main__":
    unittest.main()
