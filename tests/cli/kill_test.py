"""A run that is killed at random moments ends as one that was left alone. Run by ctest; by hand:
SIGNSYM_CLI=build/release/bin/signsym python3 tests/cli/kill_test.py"""
import random
import re
import time
import unittest

from driver import PATIENCE, DriverTest

KILLS = 12
LONG = ("--set", "model.resnet_cifar={ depth: 8 width: 2 }", "--set", "feedback.layer[0].name=\"fc\"",
        "--set", "train.epochs=40",
        "--set", "train.evaluate_every_epochs=10", "--set", "output.checkpoint_every_epochs=100",
        "--set", "output.checkpoint_every_steps=3", "--set", "compute.precision=FP32")


class Killed(DriverTest):
    def checkpoints(self):
        steps = [re.fullmatch(r"checkpoint-(\d+)\.safetensors", path.name) for path in (self.folder / "run").glob("*")]
        return sorted(int(match[1]) for match in steps if match)

    def kill_at_random(self, process, generator):
        """Half of the moments lie anywhere from the start of the process on, half after a new checkpoint."""
        newest, end = self.checkpoints()[-1:], time.monotonic() + PATIENCE
        if generator.random() < 0.5:
            while self.checkpoints()[-1:] == newest and process.poll() is None and time.monotonic() < end:
                time.sleep(0.002)
            time.sleep(generator.uniform(0, 0.1))
        else:
            time.sleep(generator.uniform(0, 0.5))
        survived = process.poll() is not None
        process.kill()
        process.communicate()
        return not survived

    def test_at_random_moments_and_resumed_ends_in_the_bytes_of_a_run_left_alone(self):
        self.succeed("train", "small.textproto", *LONG, "--out", "whole")
        generator, kills, resumed = random.Random(1), 0, []
        while kills < KILLS:
            begun = (self.folder / "run" / "config.textproto").exists()
            process = self.start(*(["train", "--resume", "run"] if begun else
                                   ["train", "small.textproto", *LONG, "--out", "run"]))
            self.assertTrue(self.kill_at_random(process, generator), f"it ended after {kills} kills")
            kills += 1
            resumed += self.checkpoints()[-1:]
        self.assertGreater(len(set(resumed)), 3, resumed)
        self.succeed("train", "--resume", "run")
        self.assertGreater(self.events("run", "start")[-1]["step"], 0)
        for name in ("model.safetensors", "checkpoint-400.safetensors"):
            whole = (self.folder / "whole" / name).read_bytes()
            self.assertTrue((self.folder / "run" / name).read_bytes() == whole, name)


if __name__ == "__main__":
    unittest.main()
