"""`signsym` as a person, a pipe and a script see it. Run by ctest, one test for each method; by hand:
SIGNSYM_CLI=build/release/bin/signsym python3 tests/cli/cli_test.py"""
import json
import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from driver import PATIENCE, SIGNSYM, DriverTest, Terminal, write_pictures

ENDLESS = ("--set", "train.epochs=100000", "--set", "output.checkpoint_every_epochs=100000",
           "--set", "train.evaluate_every_epochs=100000")


class Help(DriverTest):
    def test_names_the_commands_the_exit_codes_and_the_environment(self):
        text = self.succeed("--help")
        for word in ("train", "eval", "config", "report", "data", "info", "Examples:", "130", "NO_COLOR",
                     "SIGNSYM_DATA"):
            self.assertIn(word, text)

    def test_of_each_command_shows_its_use(self):
        for command in (["train"], ["eval"], ["config"], ["config", "print"]):
            with self.subTest(command=command):
                self.assertIn("signsym " + command[0] + " ", self.succeed(*command, "--help").split("Examples:")[1])

    def test_version_is_one_line(self):
        self.assertRegex(self.succeed("--version"), r"\Asignsym \d+\.\d+\.\d+\n\Z")

    def test_is_what_a_call_without_arguments_gets(self):
        self.assertIn("Examples:", self.fail_with(2))

    def test_is_named_by_a_usage_error(self):
        self.assertIn("Try: signsym --help", self.fail_with(2, "tarin"))
        self.assertIn("Try: signsym train --help", self.fail_with(2, "train", "a.textproto", "--frob"))
        self.assertIn("Try: signsym train --help", self.fail_with(2, "train"))
        self.assertIn("--resume", self.fail_with(2, "train", "small.textproto", "--resume", "run"))


class Info(DriverTest):
    def test_says_versions_and_chosen_defaults(self):
        table, machine = self.succeed("info"), json.loads(self.succeed("info", "--json"))
        for name in ("signsym", "libtorch", "protobuf"):
            self.assertIn(machine["versions"][name], table)
        self.assertIn(machine["defaults"]["precision"], table)


class Config(DriverTest):
    def test_in_order_is_said_to_be(self):
        self.assertEqual(self.succeed("config", "check", "small.textproto"), "small.textproto: ok\n")

    def test_check_says_what_it_does_not_look_at(self):
        text = self.succeed("config", "check", "--help")
        for word in ("device", "feedback.layer", "optimizer.no_decay", "optimizer.freeze", "model.weights_except"):
            self.assertIn(word, text)
        for setting, code in (("feedback.layer[0].name=nowhere", 2), ("optimizer.freeze=[\"nowhere\"]", 2)):
            self.succeed("config", "check", "small.textproto", "--set", setting)
            self.assertIn("matches no", self.fail_with(code, "train", "small.textproto", "--set", setting))

    def test_out_of_range_is_told_in_the_words_of_the_library(self):
        for command in (["config", "check"], ["config", "print"], ["config", "hash"], ["train"]):
            with self.subTest(command=command):
                err = self.fail_with(2, *command, "small.textproto", "--set", "optimizer.learning_rate=-1")
                self.assertRegex(err, r"\Asmall\.textproto: optimizer\.learning_rate \(set on the command line\): -1")
        self.assertFalse((self.folder / "runs").exists())

    def test_without_such_a_field_names_those_that_there_are(self):
        self.assertIn("learning_rate", self.fail_with(2, "config", "check", "small.textproto", "--set",
                                                      "optimizer.lr=1"))

    def test_setting_needs_a_value(self):
        self.assertIn("PATH=VALUE", self.fail_with(2, "config", "check", "small.textproto", "--set", "train.epochs"))

    def test_prints_every_default_and_what_was_set(self):
        text = self.succeed("config", "print", "small.textproto", "--set", "train.epochs=12", "--set",
                            "data.cifar10.path=else where=")
        self.assertIn("epochs: 12", text)
        self.assertIn('path: "else where="', text)
        self.assertIn("momentum: 0.9", text)
        (self.folder / "again.textproto").write_text(text)
        self.assertEqual(self.succeed("config", "print", "again.textproto"), text)

    def test_prints_json(self):
        config = json.loads(self.succeed("config", "print", "small.textproto", "--format", "json"))
        self.assertEqual(config["name"], "small")
        err = self.fail_with(2, "config", "print", "small.textproto", "--format", "xml")
        self.assertIn("text, json or binary", err)

    def test_keeps_its_hash_in_every_format(self):
        expected = self.succeed("config", "hash", "small.textproto")
        self.assertRegex(expected, r"\A[0-9a-f]{64}\n\Z")
        for before, after in (("small.textproto", "a.json"), ("a.json", "b.binpb"), ("b.binpb", "c.txtpb")):
            self.assertEqual(self.succeed("config", "convert", before, after), "")
            self.assertEqual(self.succeed("config", "hash", after), expected, after)
        self.assertNotEqual(self.succeed("config", "hash", "small.textproto", "--set", "seed=8"), expected)

    def test_that_is_missing_or_cannot_be_written_is_named(self):
        self.assertIn("nowhere.textproto", self.fail_with(3, "config", "check", "nowhere.textproto"))
        self.assertIn("nowhere/a.json", self.fail_with(3, "config", "convert", "small.textproto", "nowhere/a.json"))

    def test_that_is_no_text_is_an_error(self):
        (self.folder / "noise.textproto").write_bytes(bytes(range(256)))
        self.assertIn("noise.textproto", self.fail_with(2, "config", "check", "noise.textproto"))

    def test_of_a_name_that_is_not_utf8_is_an_error(self):
        for arguments in (["config", "check", b"\xff\xfe.textproto"], ["train", b"\xff\xfe.textproto"],
                          ["config", "check", "small.textproto", "--set", b"name=\xff"],
                          ["config", "check", "small.textproto", "--set", b"\xff=1"]):
            with self.subTest(arguments=arguments):
                process = self.start(*arguments)
                _, err = process.communicate(timeout=PATIENCE)
                self.assertIn(process.returncode, (2, 3), err)
                self.assertNotEqual(err, b"")


class Train(DriverTest):
    def test_in_a_pipe_writes_one_plain_line_an_epoch(self):
        out = self.succeed("train", "small.textproto", "--out", "run")
        self.assertNotRegex(out, "[\x1b\r]")
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^small: .*\d parameters, SIGN_SYMMETRY, fc2: BACKPROP$|"
                                   r"^small: .*\d parameters, BACKPROP, fc1: SIGN_SYMMETRY$")
        self.assertRegex(lines[1], r"cifar10: 200 pictures, 50 held out; .*1 thread; writes run$")
        epochs = [line for line in lines if line.startswith("epoch")]
        self.assertEqual(len(epochs), 3)
        for i, line in enumerate(epochs):
            self.assertRegex(line, rf"^epoch {i + 1}/3  10/10  loss \d+\.\d{{3}}  train [\d.]+ %  held out [\d.]+ %  "
                                   r"[\d,.]+ pictures/s$")
        self.assertRegex(lines[-2], r"^held out [\d.]+ % \(95 % interval [\d.]+ to [\d.]+ %\), trained in \d+:\d\d$")
        self.assertIn("signsym report run", lines[-1])
        self.assertTrue({"config.textproto", "metrics.jsonl", "model.safetensors"} <=
                        set(os.listdir(self.folder / "run")))

    def test_runs_the_example_of_a_network_given_node_by_node(self):
        config = Path(__file__).parents[2] / "examples/configs/cifar10-mobilenet.textproto"
        out = self.succeed("train", str(config), "--set", "data.cifar10.path=data", "--set", "data.batch_size=20",
                           "--set", "train.max_steps=4", "--set", "compute.threads=1", "--out", "run")
        self.assertRegex(out, r"cifar10-mobilenet-sign-symmetry: graph, .*SIGN_SYMMETRY, classifier: BACKPROP")
        layers = [layer["name"] for layer in self.events("run", "start")[0]["layers"]]
        self.assertEqual((len(layers), layers[1], layers[-1]), (11, "block1.depthwise", "classifier"))
        self.assertIn("linear", (self.folder / "run/config.textproto").read_text())

    def test_says_the_wilson_interval_of_what_it_measured(self):
        out = self.succeed("train", "small.textproto", "--out", "run")
        p, n, z = self.events("run", "epoch")[-1]["top1"] / 100, 50, 1.959964
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
        self.assertIn(f"held out {100 * p:.1f} % (95 % interval {100 * (centre - half):.1f} to "
                      f"{100 * (centre + half):.1f} %)", out)

    def test_as_json_writes_events_and_nothing_else(self):
        out = self.succeed("train", "small.textproto", "--out", "run", "--json")
        events = [json.loads(line) for line in out.splitlines()]
        kinds = [event["event"] for event in events]
        self.assertEqual((kinds[0], kinds[-1]), ("start", "end"))
        self.assertEqual((kinds.count("step"), kinds.count("epoch")), (30, 3))
        self.assertEqual(events[-1]["status"], "finished")

    def test_quietly_writes_nothing(self):
        self.assertEqual(self.succeed("train", "small.textproto", "--out", "run", "--quiet"), "")

    def test_briefly_writes_one_line(self):
        self.assertRegex(self.succeed("train", "small.textproto", "--out", "run", "--brief"),
                         r"\Asmall  .*held out [\d.]+ % \(95 % interval .*\), trained in \d:\d\d\n\Z")

    def test_leaves_out_what_was_not_evaluated(self):
        out = self.succeed("train", "small.textproto", "--out", "run", "--set", "train.evaluate_every_epochs=3")
        epochs = [line for line in out.splitlines() if line.startswith("epoch")]
        self.assertEqual(["held out" in line for line in epochs], [False, False, True])

    def test_writes_to_the_folder_of_the_config_or_else_to_one_named_for_it(self):
        self.succeed("train", "small.textproto", "--set", "output.folder=mine")
        self.assertTrue((self.folder / "mine/model.safetensors").exists())
        self.succeed("train", "small.textproto", "--set", "name=a/../b c")
        self.assertTrue((self.folder / "runs/a-..-b-c-7/model.safetensors").exists())

    def test_never_writes_over_a_run(self):
        self.succeed("train", "small.textproto", "--out", "a run", "--set", "train.epochs=1")
        before = {path.name: path.read_bytes() for path in (self.folder / "a run").iterdir()}
        err = self.fail_with(3, "train", "small.textproto", "--out", "a run")
        self.assertIn("signsym train --resume 'a run'", err)
        self.assertIn("--out DIR", err)
        self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "a run").iterdir()}, before)

    def test_names_data_that_is_missing_or_damaged(self):
        self.assertIn("nowhere", self.fail_with(3, "train", "small.textproto", "--set", "data.cifar10.path=nowhere"))
        with open(self.folder / "data/data_batch_1.bin", "ab") as file:
            file.write(b"x")
        self.assertIn("data_batch_1.bin", self.fail_with(3, "train", "small.textproto"))

    def test_that_diverges_says_where_and_exits_1(self):
        code, _, err = self.run_driver("train", "small.textproto", "--out", "run", "--set",
                                       "optimizer.learning_rate=1e30")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"signsym: epoch 1, step \d+, learning rate")

    def test_into_a_folder_that_cannot_be_made_is_an_error(self):
        (self.folder / "file").write_text("")
        self.assertIn("file/run", self.fail_with(3, "train", "small.textproto", "--out", "file/run"))

    def test_goes_on_after_sigterm_to_the_same_bytes(self):
        arguments = ("--set", "train.epochs=300", "--set", "train.evaluate_every_epochs=300")
        self.succeed("train", "small.textproto", "--out", "whole", "--quiet", *arguments)
        process = self.start("train", "small.textproto", "--out", "cut", "--json", *arguments)
        for line in process.stdout:
            if json.loads(line)["step"] == 55:
                process.terminate()
                break
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 143)
        saved = re.search(r"saved (cut/checkpoint-(\d+)\.safetensors)\n   go on with: signsym train --resume cut\n",
                          err.decode())
        self.assertTrue(saved, err)
        self.assertTrue((self.folder / saved[1]).exists())
        self.assertIn(f"goes on after step {int(saved[2]):,}", self.succeed("train", "--resume", "cut"))
        self.assertEqual((self.folder / "cut/model.safetensors").read_bytes(),
                         (self.folder / "whole/model.safetensors").read_bytes())

    def test_resumed_at_its_end_has_nothing_to_do(self):
        self.succeed("train", "small.textproto", "--out", "run", "--quiet")
        self.assertIn("nothing was left to train", self.succeed("train", "--resume", "run"))

    def test_resumed_takes_new_places_and_nothing_else_that_is_new(self):
        self.succeed("train", "small.textproto", "--out", "run", "--quiet")
        (self.folder / "data").rename(self.folder / "moved")
        self.assertIn("data", self.fail_with(3, "train", "--resume", "run"))
        self.succeed("train", "--resume", "run", "--set", "data.cifar10.path=moved")

    def test_resumed_where_there_is_no_run_is_an_error(self):
        self.assertIn("data", self.fail_with(3, "train", "--resume", "data"))
        self.assertIn("nowhere", self.fail_with(3, "train", "--resume", "nowhere"))

    def test_whose_reader_goes_away_saves_its_state_and_ends_quietly(self):
        process = self.start("train", "small.textproto", "--out", "run", "--json", *ENDLESS)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 141)
        self.assertEqual(process.stderr.read(), b"")
        self.assertTrue(list((self.folder / "run").glob("checkpoint-*.safetensors")))

    def test_that_cannot_print_says_so(self):
        with open("/dev/full", "w") as full:
            code, _, err = self.run_driver("train", "small.textproto", "--out", "run", stdout=full)
        self.assertEqual(code, 3)
        self.assertIn("standard output: No space left on device", err)

    def test_with_closed_streams_writes_its_files_whole(self):
        closed = subprocess.run(["sh", "-c", '"$0" train small.textproto --out run <&- >&- 2>&-', SIGNSYM],
                                cwd=self.folder, timeout=PATIENCE)
        self.assertEqual(closed.returncode, 0)
        self.succeed("train", "small.textproto", "--out", "other", "--quiet")
        for name in ("model.safetensors", "checkpoint-30.safetensors"):
            self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "other" / name).read_bytes())

    def test_with_sigint_ignored_goes_on(self):
        process = self.start("train", "small.textproto", "--out", "run",
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)


class Eval(DriverTest):
    def test_of_a_run_measures_what_training_measured(self):
        self.succeed("train", "small.textproto", "--out", "run", "--quiet")
        last = self.events("run", "epoch")[-1]
        result = json.loads(self.succeed("eval", "run", "--json"))
        self.assertAlmostEqual(result["top1"], last["top1"], places=6)
        self.assertEqual(result["samples"], 50)
        self.assertLess(result["top1_interval"][0], result["top1"])
        self.assertRegex(self.succeed("eval", "run"),
                         rf"^run/model.safetensors: top-1 {last['top1']:.1f} % \(95 % interval .*  50 pictures\n$")
        self.assertEqual(len(self.events("run", "start")), 1)  # nothing was written

    def test_of_an_unfinished_run_takes_its_newest_checkpoint(self):
        self.succeed("train", "small.textproto", "--out", "run", "--quiet")
        (self.folder / "run/model.safetensors").unlink()
        self.assertIn("run/checkpoint-30.safetensors: ", self.succeed("eval", "run"))
        newest = self.folder / "run/checkpoint-30.safetensors"
        whole = newest.read_bytes()
        newest.write_bytes(whole[:-8] + bytes(8))
        code, out, err = self.run_driver("eval", "run")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, "^run/checkpoint-20.safetensors: ")
        self.assertRegex(err, "checkpoint-30.safetensors: its checksum .*; the one before it is used")

    def test_of_weights_needs_a_model_that_fits(self):
        self.succeed("train", "small.textproto", "--out", "run", "--quiet")
        weights = ("--weights", "run/model.safetensors")
        self.assertIn("50 pictures", self.succeed("eval", "small.textproto", *weights))
        self.assertIn("fc1", self.fail_with(3, "eval", "small.textproto", *weights, "--set", "model.mlp.hidden=[8]"))

    def test_without_weights_says_what_it_needs(self):
        self.assertIn("--weights", self.fail_with(2, "eval", "small.textproto"))
        self.assertIn("nowhere", self.fail_with(3, "eval", "small.textproto", "--weights", "nowhere"))
        (self.folder / "empty").mkdir()
        self.assertIn("empty", self.fail_with(3, "eval", "empty"))


class OnATerminal(DriverTest):
    def test_the_bar_is_redrawn_and_the_line_of_an_epoch_stays(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", columns=110)
        self.assertEqual(terminal.wait(), 0)
        epochs = [line for line in terminal.lines() if line.startswith("epoch")]
        self.assertEqual([re.sub(r"loss.*", "", line) for line in epochs],
                         [f"epoch {i}/3 {'━' * 20} 10/10  " for i in (1, 2, 3)])
        self.assertIn("\r\x1b[J", terminal.raw)
        self.assertIn("\x1b[36m", terminal.raw)

    def test_a_brief_run_leaves_one_line(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", "--brief")
        self.assertEqual(terminal.wait(), 0)
        self.assertIn("epoch 3/3", terminal.raw)
        self.assertEqual([line[:5] for line in terminal.lines() if line], ["small"])

    def test_it_is_said_how_much_time_is_left(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", *ENDLESS)
        terminal.wait_for(r"pictures/s  [\d:]+ left")

    def test_ctrl_c_saves_a_checkpoint_and_says_how_to_go_on(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", *ENDLESS)
        terminal.wait_for(r"left")
        terminal.press(b"\x03")
        self.assertEqual(terminal.wait(), 130)
        lines = [line for line in terminal.lines() if line]
        self.assertRegex(lines[-3], r"^epoch .*(left|…)$")
        saved = re.fullmatch(r"\^C finishing the step … saved (run/checkpoint-\d+\.safetensors)", lines[-2])
        self.assertTrue(saved, lines)
        self.assertEqual(lines[-1], "   go on with: signsym train --resume run")
        self.assertTrue((self.folder / saved[1]).exists())

    def test_when_it_goes_away_the_run_is_saved(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", *ENDLESS)
        terminal.wait_for(r"left")
        terminal.close()
        self.assertEqual(terminal.process.wait(PATIENCE), 129)
        self.assertTrue(list((self.folder / "run").glob("checkpoint-*.safetensors")))

    def start_slowly(self, **options):
        """A run with steps of about a second, after its first one."""
        write_pictures(self.folder / "few", training=128, held_out=10)
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", "--set", "data.cifar10.path=few", "--set",
                            "data.batch_size=64", "--set", "model.resnet_cifar.depth=110", "--set", "feedback={}",
                            *ENDLESS, **options)
        terminal.wait_for(r"left")
        return terminal

    def test_a_line_that_a_narrower_one_has_broken_in_two_is_wiped_whole(self):
        terminal = self.start_slowly(columns=60)
        terminal.resize(30)
        terminal.raw = ""
        terminal.wait_for(r"\r\x1b")
        self.assertIn("\r\x1b[1A\x1b[J", terminal.raw)

    def test_a_second_ctrl_c_ends_at_once(self):
        terminal = self.start_slowly()
        terminal.press(b"\x03")
        terminal.wait_for(r"finishing the step")
        before = set(os.listdir(self.folder / "run"))
        terminal.press(b"\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertTrue(terminal.raw.endswith("\n"))
        self.assertEqual(set(os.listdir(self.folder / "run")), before)  # the step was not finished, nothing was saved

    def test_ctrl_c_while_data_is_read_ends_at_once(self):
        os.mkfifo(self.folder / "pipe.textproto")
        terminal = Terminal(self, "train", "pipe.textproto")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self.catches_sigint(terminal.process.pid):
            time.sleep(0.01)
        terminal.press(b"\x03")
        self.assertEqual(terminal.wait(), 130)

    @staticmethod
    def catches_sigint(pid):
        """Whether the process has blocked SIGINT, for its own thread to take."""
        with open(f"/proc/{pid}/status") as status:
            blocked = int(re.search(r"SigBlk:\s*([0-9a-f]+)", status.read())[1], 16)
        return blocked >> (signal.SIGINT - 1) & 1

    def test_no_color_means_no_colour(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", env={"NO_COLOR": "1"})
        self.assertEqual(terminal.wait(), 0)
        self.assertIn("━", terminal.raw)
        self.assertNotRegex(terminal.raw, r"\x1b\[[0-9;]*m")

    def test_a_dumb_one_gets_plain_lines(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", env={"TERM": "dumb"})
        self.assertEqual(terminal.wait(), 0)
        self.assertNotIn("\x1b", terminal.raw)
        self.assertEqual(len(re.findall(r"(?m)^epoch \d/3  10/10 ", terminal.raw)), 3)

    def test_one_of_80_columns_still_shows_a_bar_and_the_result(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", columns=80)
        self.assertEqual(terminal.wait(), 0)
        for line in (line for line in terminal.lines() if line.startswith("epoch")):
            self.assertRegex(line, r"^epoch \d/3 ━{10} 10/10  loss [\d.]+  train [\d.]+ %  held out [\d.]+ %$")

    def test_a_narrow_one_is_not_overrun(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", *ENDLESS, columns=60)
        terminal.wait_for(r"left|pictures")
        terminal.resize(30)
        terminal.raw = ""
        terminal.wait_for(r"(?s)(\r\x1b.*){20}")
        plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", terminal.raw.replace("\r\n", "\n"))
        redrawn = [piece.split("\n")[-1] for piece in plain.split("\r")][-5:]  # what came first was drawn before
        self.assertLess(max(map(len, redrawn)), 30)

    def test_json_is_not_drawn_over(self):
        terminal = Terminal(self, "train", "small.textproto", "--out", "run", "--json")
        self.assertEqual(terminal.wait(), 0)
        for line in terminal.raw.splitlines():
            json.loads(line)


if __name__ == "__main__":
    unittest.main()
