"""The exit codes that scripts rely on, each by what really brings it about. Run by ctest; by hand:
SIGNSYM_CLI=build/release/bin/signsym python3 tests/cli/exit_code_test.py"""
import json
import unittest
import zlib

from driver import DriverTest


def newer_checkpoint(path):
    """Makes it one of format 2, its checksum right again: over metadata, names, types, shapes and data."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, rest = json.loads(data[8:8 + size]), data[8 + size:]
    metadata = header["__metadata__"]
    metadata["format_version"] = "2"
    crc = 0
    for key in sorted(metadata):
        if key != "crc32":
            crc = zlib.crc32(key.encode() + b"\0" + metadata[key].encode() + b"\0", crc)
    for name in sorted(set(header) - {"__metadata__"}):
        tensor = header[name]
        kind = ["F32", "F64", "BF16", "F16", "I64"].index(tensor["dtype"])
        crc = zlib.crc32(name.encode() + b"\0" + b"".join(n.to_bytes(8, "little") for n in [kind, *tensor["shape"]]), crc)
        crc = zlib.crc32(rest[slice(*tensor["data_offsets"])], crc)
    metadata["crc32"] = f"{crc:08x}"
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + rest)


class ExitCode(DriverTest):
    def expect(self, code, message, *arguments):
        with self.subTest(arguments=arguments):
            got, _, err = self.run_driver(*arguments)
            self.assertEqual(got, code, err)
            self.assertRegex(err, message)

    def test_2_is_for_a_config_that_is_wrong_or_asks_for_what_is_not_here(self):
        self.expect(2, "^small.textproto: optimizer.learning_rate", "config", "check", "small.textproto", "--set",
                    "optimizer.learning_rate=-1")
        self.expect(2, "^signsym: .*PATH=VALUE", "config", "check", "small.textproto", "--set", "seed")
        if json.loads(self.succeed("info", "--json"))["defaults"]["device"] == "CPU":
            self.expect(2, r"^small.textproto: compute.device \(set on the command line\): CUDA", "train", "small.textproto",
                        "--set", "compute.device=CUDA")
            config = self.folder / "cuda.textproto"
            text = (self.folder / "small.textproto").read_text()
            config.write_text(text.replace("compute { ", "compute { device: CUDA "))
            self.expect(2, r"^cuda.textproto:\d+:11: compute.device: CUDA", "train", "cuda.textproto")

    def test_3_is_for_a_file_or_folder_that_does_not_serve(self):
        self.succeed("train", "small.textproto", "--out", "run", "--quiet")
        self.expect(3, "^signsym: nowhere", "config", "check", "nowhere")                               # not found
        self.expect(3, "^signsym: run: ", "train", "small.textproto", "--out", "run")                   # exists already
        self.expect(3, "^signsym: .*model.safetensors: tensor fc1", "eval", "small.textproto", "--weights",
                    "run/model.safetensors", "--set", "model.mlp.hidden=[8]")                            # a mismatch
        (self.folder / "file").write_text("")
        self.expect(3, "^signsym: file/run: ", "train", "small.textproto", "--out", "file/run")         # refused
        self.expect(3, "^signsym: file: ", "eval", "small.textproto", "--weights", "file")              # damaged
        newer_checkpoint(self.folder / "run/checkpoint-30.safetensors")
        self.expect(3, "^signsym: .*use a newer signsym", "train", "--resume", "run")                   # of a newer one

    def test_3_is_for_a_run_that_another_process_has(self):
        process = self.start("train", "small.textproto", "--out", "run", "--json", "--set", "train.epochs=100000", "--set",
                             "output.checkpoint_every_epochs=100000", "--set", "train.evaluate_every_epochs=100000")
        process.stdout.readline()
        self.expect(3, "^signsym: run: another process", "train", "--resume", "run")

    def test_1_is_for_work_that_failed(self):
        self.expect(1, "^signsym: epoch 1, step", "train", "small.textproto", "--out", "run", "--set",
                    "optimizer.learning_rate=1e30")


if __name__ == "__main__":
    unittest.main()
