"""`signsym data get` as a command, against fetch_server.py (what it makes of good and bad answers: tests/unit/fetch_test.cpp).
Run by ctest; by hand: SIGNSYM_CLI=build/release/bin/signsym python3 tests/cli/data_get_test.py"""
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from driver import PATIENCE, DriverTest, Terminal

SERVER = Path(__file__).resolve().parents[1] / "unit/fetch_server.py"
FIRST = "train-images-idx3-ubyte.gz"  # of the four files of MNIST


class DataGet(DriverTest):
    def setUp(self):
        super().setUp()
        (self.folder / "served").mkdir()
        server = subprocess.Popen([sys.executable, "-B", SERVER, self.folder / "served"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.stdin.close(), server.wait(), server.stdout.close()))
        self.address = f"http://127.0.0.1:{server.stdout.readline().split()[0]}"

    def serve(self, data):
        (self.folder / "served" / FIRST).write_bytes(data)

    def requests(self):
        return (self.folder / "served/requests").read_text().splitlines()

    def test_says_that_a_set_is_there_already_and_how_to_name_it_in_a_config(self):
        for folder, arguments, environment in (("here", ["here"], {}),
                                               ("all/cifar-10-batches-bin", [], {"SIGNSYM_DATA": "all"})):
            with self.subTest(folder=folder):
                (self.folder / folder).mkdir(parents=True)
                for name, size in [("batches.meta.txt", 61), ("test_batch.bin", 30730000)] + [
                        (f"data_batch_{i}.bin", 30730000) for i in range(1, 6)]:
                    with open(self.folder / folder / name, "wb") as file:
                        file.truncate(size)
                self.assertEqual(self.run_driver("data", "get", "cifar10", *arguments, env=environment),
                                 (0, f"CIFAR-10 is in {folder} already\n"
                                     f'in a config: data {{ cifar10 {{ path: "{folder}" }} }}\n', ""))
        self.assertEqual(self.requests() if (self.folder / "served/requests").exists() else [], [])

    def test_fetches_from_the_address_given_in_plain_lines_and_refuses_what_is_not_the_published_file(self):
        self.serve(bytes(9912422))
        code, out, err = self.run_driver("data", "get", "mnist", "here", "--from", self.address + "/good")
        self.assertEqual((code, out), (1, f"MNIST from {self.address}/good\n"))
        self.assertRegex(err, rf"^signsym: {self.address}/good/{FIRST}: its MD5 is [0-9a-f]{{32}}, and the published one is "
                              "f68b3c2dcbeaaa9fbdd348bbdeb94873")
        self.assertEqual(self.requests(), [f"/good/{FIRST} "])
        self.assertEqual(list((self.folder / "here").iterdir()), [])

    def test_of_what_is_not_served_names_the_address(self):
        code, out, err = self.run_driver("data", "get", "mnist", "here", "--from", self.address + "/good/")
        self.assertEqual((code, out), (1, f"MNIST from {self.address}/good/\n"))
        self.assertRegex(err, rf"^signsym: {self.address}/good/{FIRST}: .*404")

    def test_into_a_folder_that_cannot_be_made_says_what_to_do(self):
        (self.folder / "file").write_text("")
        code, _, err = self.run_driver("data", "get", "mnist", "file/here", "--from", self.address + "/good")
        self.assertEqual(code, 3)
        self.assertIn("file/here", err)

    def test_without_a_folder_or_of_an_unknown_set_is_a_usage_error(self):
        self.assertIn("SIGNSYM_DATA", self.run_driver("data", "get", "mnist", env={"SIGNSYM_DATA": ""})[2])
        self.assertIn("cifar10", self.fail_with(2, "data", "get", "imagenet", "here"))

    def wait_for_bytes(self, count, going_on):
        part = self.folder / "here" / (FIRST + ".part")
        end = time.monotonic() + PATIENCE
        while not (part.exists() and part.stat().st_size >= count):
            self.assertTrue(going_on() and time.monotonic() < end)
            time.sleep(0.02)
        return part

    def test_on_ctrl_c_keeps_what_came_and_goes_on_from_there(self):
        self.serve(bytes(9912422))
        terminal = Terminal(self, "data", "get", "mnist", "here", "--from", self.address + "/slow")
        terminal.wait_for(r"MNIST .*━.* of 11\.6 MB")
        part = self.wait_for_bytes(3, lambda: terminal.read() is not None)
        terminal.press(b"\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertEqual([line for line in terminal.lines() if line][-1], "stopped: the same command goes on from here")
        came = part.stat().st_size

        process = self.start("data", "get", "mnist", "here", "--from", self.address + "/slow")
        self.wait_for_bytes(came + 3, lambda: process.poll() is None)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, err), (143, b""))
        self.assertEqual(out.decode(), f"MNIST from {self.address}/slow\nstopped: the same command goes on from here\n")
        self.assertEqual(self.requests()[-1], f"/slow/{FIRST} bytes={came}-")


if __name__ == "__main__":
    unittest.main()
