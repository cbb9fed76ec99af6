"""The end of a process in which a run goes on, with the installed artifacts."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SIGNSYM_JAVA"])
PLATFORM = os.environ["SIGNSYM_PLATFORM"]
JARS = [next((BUILD / "repository" / path).glob("*/*[0-9].jar")) for path in (
    "org/signsym/signsym", "com/google/protobuf/protobuf-java", f"org/signsym/signsym-natives-{PLATFORM}",
    f"org/signsym/signsym-libtorch-{PLATFORM}")]


class Process(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym process "))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.path = ":".join(map(str, [cls.folder, *JARS]))
        subprocess.run(["javac", "-d", cls.folder, "-cp", cls.path, SOURCE / "bindings/java/tests/process/Leave.java"],
                       check=True)

    def leave(self, how, status, saves, times=3):
        for time in range(times):
            run = self.folder / f"{how} {time}"
            result = subprocess.run(["java", f"-Dorg.signsym.cache={BUILD}/cache", "-cp", self.path, "Leave", how, run],
                                    capture_output=True, text=True, timeout=60)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (status, "", ""))
            if saves:
                self.assertTrue(list(run.glob("checkpoint-*.safetensors")))

    def test_main_returns_while_a_run_goes_on_and_it_leaves_a_checkpoint(self):
        self.leave("return", 0, saves=True)

    def test_exit_while_a_run_goes_on_and_it_leaves_a_checkpoint(self):
        self.leave("exit", 3, saves=True)

    def test_a_listener_exits(self):
        self.leave("listener", 3, saves=False)

    def test_a_source_exits_on_a_thread_that_loads_and_its_run_leaves_a_checkpoint(self):
        self.leave("source", 3, saves=True)


if __name__ == "__main__":
    unittest.main()
