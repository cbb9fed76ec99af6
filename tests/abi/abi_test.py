"""The header's ABI against the recorded one (signsym.abi; script/record-abi)."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).parent
RECORDED = FOLDER / "signsym.abi"
INCLUDE = os.environ["SIGNSYM_INCLUDE"].split(":")


def dump(*folders):
    return subprocess.run([sys.executable, "-B", FOLDER / "dump.py", *folders], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def difference(old, new):
    """What a program that was built with the old header may stumble over in the new one; "" where nothing is."""
    done = subprocess.run(["abidiff", "--no-added-syms", old, new], text=True, stdout=subprocess.PIPE)
    return done.stdout if done.returncode else ""


@unittest.skipUnless(shutil.which("abidiff"), "needs abidiff (abigail-tools)")
class Header(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "now.abi").write_text(dump(*INCLUDE))

    def change(self, file, pattern, replacement):
        """What the recorded ABI's successor would be said to break, had its header this change."""
        for folder in INCLUDE:
            for header in Path(folder, "signsym").glob("*.h"):
                (self.folder / "signsym").mkdir(exist_ok=True)
                text = header.read_text()
                if header.name == file:
                    text, changes = re.subn(pattern, replacement, text, count=1, flags=re.S)
                    self.assertEqual(changes, 1, pattern)
                (self.folder / "signsym" / header.name).write_text(text)
        (self.folder / "then.abi").write_text(dump(self.folder))
        return difference(self.folder / "now.abi", self.folder / "then.abi")

    def test_has_all_that_was_recorded(self):
        self.assertEqual(difference(RECORDED, self.folder / "now.abi"), "",
                         "programs out there would break; if nothing was released yet: script/record-abi")

    def test_breaks_where_a_function_is_removed_or_changed(self):
        for what, pattern, replacement in (
                ("removed", r"SIGNSYM_API const char \*signsym_version\(void\);", ""),
                ("result", r"SIGNSYM_API int32_t signsym_abi_version", "SIGNSYM_API int64_t signsym_abi_version"),
                ("parameter", r"signsym_status_name\(signsym_status status\)", "signsym_status_name(int64_t status)"),
                ("one more", r"signsym_status_name\(signsym_status status\)",
                 "signsym_status_name(signsym_status status, int32_t form)"),
                ("order", r"(signsym_trainer_on_event\(signsym_trainer \*trainer), (signsym_event_fn function),\s+"
                          r"(void \*user_data)", r"\1, \3, \2")):
            with self.subTest(what):
                self.assertNotEqual(self.change("signsym.h", pattern, replacement), "")

    def test_breaks_where_a_callback_is_changed(self):
        pattern = r"typedef int \(\*signsym_event_fn\)\(const signsym_event \*event"
        self.assertNotEqual(self.change("signsym.h", pattern, r"\g<0>, int32_t kind"), "")

    def test_breaks_where_a_constant_is_removed_or_changed(self):
        for what, pattern, replacement in (
                ("removed", r"SIGNSYM_BUSY = 13,", ""),
                ("renamed", r"SIGNSYM_BUSY = 13", "SIGNSYM_IN_USE = 13"),
                ("changed", r"SIGNSYM_EVENT_END = 7", "SIGNSYM_EVENT_END = 8"),
                ("length", r"(SIGNSYM_TEXT_LENGTH) UINT64_MAX", r"\1 0")):
            with self.subTest(what):
                self.assertNotEqual(self.change("signsym.h", pattern, replacement), "")

    def test_breaks_where_a_struct_of_DLPack_is_changed(self):
        if "dlpack.h" not in Path(INCLUDE[0], "signsym/signsym.h").read_text():
            self.skipTest("needs tensors in the header")
        self.assertNotEqual(self.change("dlpack.h", r"int32_t ndim;", "int64_t ndim;"), "")

    def test_bears_what_is_added(self):
        for what, pattern, replacement in (
                ("function", r"SIGNSYM_API const char \*signsym_version",
                 r"SIGNSYM_API int32_t signsym_new(double x);\n\g<0>"),
                ("status", r"(SIGNSYM_INTERNAL = 15[^\n]*?)( /\*|\n)", r"\1, SIGNSYM_NEW = 16\2"),
                ("comment", r"/\* \"0\.1\.0\"; static\. \*/", "/* The version. */"),
                ("parameter's name", r"signsym_status_name\(signsym_status status\)",
                 "signsym_status_name(signsym_status code)")):
            with self.subTest(what):
                self.assertEqual(self.change("signsym.h", pattern, replacement), "")


if __name__ == "__main__":
    unittest.main()
