"""The benchmarks of Java, which script/benchmark runs and no other test does: that they still fit the binding."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"]) / "tests/benchmarks"))
import java  # noqa: E402  (tests/benchmarks/java.py)


class Benchmark(unittest.TestCase):
    def test_compiles_with_the_binding(self):
        with tempfile.TemporaryDirectory() as folder:
            path = java.compile_java(pathlib.Path(os.environ["SIGNSYM_JAVA"]), java.protobuf(), pathlib.Path(folder))
            self.assertTrue((pathlib.Path(folder) / "StepBenchmark.class").is_file())
            self.assertTrue(path.startswith(folder))


if __name__ == "__main__":
    unittest.main()
