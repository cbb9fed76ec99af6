"""What the tests of the driver share: the program, a small data set, a config, and a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

SIGNSYM = os.environ["SIGNSYM_CLI"]
PATIENCE = 120  # seconds

for number in (signal.SIGINT, signal.SIGHUP):  # that this runs in the background is not what is tested
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

CONFIG = """
name: "small"
seed: 7
data { cifar10 { path: "DATA" } batch_size: 20 evaluation_batch_size: 50 }
model { mlp { hidden: 16 } }
feedback { rule: SIGN_SYMMETRY layer { name: "fc2" rule: BACKPROP } }
optimizer { learning_rate: 0.01 }
train { epochs: 3 }
compute { threads: 1 }
"""


def write_pictures(folder, training=200, held_out=50):
    """A CIFAR-10 folder of noise on ten levels of grey, so that there is something to learn."""
    folder.mkdir()
    for name, count in (("data_batch_1.bin", training), ("test_batch.bin", held_out)):
        with open(folder / name, "wb") as file:
            for i in range(count):
                grey = 25 * (i % 10)
                file.write(bytes([i % 10]) + bytes((grey + (i * 7919 + j * 31) % 25) for j in range(3072)))


class DriverTest(unittest.TestCase):
    """Each test has a folder of its own, with the data set and `small.textproto`, and runs in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_pictures(self.folder / "data")
        (self.folder / "small.textproto").write_text(CONFIG.replace("DATA", "data"))

    def start(self, *arguments, **options):
        environment = {**os.environ, "TERM": "xterm", **options.pop("env", {})}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([SIGNSYM, *arguments], cwd=self.folder, env=environment, **options)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout and process.stdout.close(),
                                 process.stderr and process.stderr.close()))
        return process

    def run_driver(self, *arguments, **options):
        """(exit code, stdout, stderr)"""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, (out or b"").decode(), (err or b"").decode()

    def succeed(self, *arguments):
        """stdout of a command that must succeed and not complain."""
        code, out, err = self.run_driver(*arguments)
        self.assertEqual((code, err), (0, ""), out)
        return out

    def fail_with(self, code, *arguments):
        """stderr of a command that must fail with this exit code, and print no result."""
        got, out, err = self.run_driver(*arguments)
        self.assertEqual((got, out), (code, ""), err)
        return err

    def events(self, run, kind):
        lines = (self.folder / run / "metrics.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]


class Terminal:
    """The driver on a terminal of its own."""

    def __init__(self, test, *arguments, columns=100, env=()):
        self.master, slave = pty.openpty()
        self.resize(columns)
        self.process = test.start(*arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                  preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env=dict(env))
        os.close(slave)
        test.addCleanup(self.close)
        self.raw = ""

    def resize(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def close(self):
        if self.master >= 0:
            os.close(self.master)
        self.master = -1

    def press(self, key):
        os.write(self.master, key)

    def read(self):
        """What came, if anything did in a tenth of a second; None at the end."""
        if not select.select([self.master], [], [], 0.1)[0]:
            return ""
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return None
        self.raw += piece.decode(errors="replace")
        return piece

    def wait_for(self, pattern):
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.raw):
            if self.read() is None or time.monotonic() > end:
                raise AssertionError(f"{pattern!r} did not come: {self.raw!r}")

    def wait(self):
        """The exit code, after all output."""
        end = time.monotonic() + PATIENCE
        while self.read() is not None:
            if time.monotonic() > end:
                raise AssertionError(f"it did not end: {self.raw!r}")
        return self.process.wait(PATIENCE)

    def lines(self):
        """What is left on the screen: in each line, the last thing drawn."""
        plain = re.sub(r"\x1b\[[0-9;]*[mJK]", "", self.raw.replace("\r\n", "\n"))
        return [line.split("\r")[-1].rstrip() for line in plain.split("\n")]
