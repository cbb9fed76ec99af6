#!/usr/bin/env python3
"""Writes the first inputs of the fuzz targets to tests/fuzz/corpus: one or a few of each kind that a parser tells apart.
Equal runs give equal bytes. What a fuzzer found is committed beside them as found-*, and is left alone. Needs script/setup."""
import gzip
import json
import pathlib
import struct
import subprocess

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent

CONFIGS = {
    "small": 'data { cifar10 { path: "x" } } model { mlp { hidden: 4 } }',
    "full": """name: "é \\" \\n" seed: 18446744073709551615
data { mnist { path: "m" } batch_size: 4 evaluation_batch_size: 8 held_out: VALIDATION validation_fraction: 0.25
       loader_threads: 0 prefetch: 2 drop_last: true
       transform { crop { padding: 2 } } transform { flip { probability: 0.5 } }
       transform { normalize { mean: [0.1307] std: [0.3081] } } }
model { lenet { classes: 10 activation: TANH } initialization: XAVIER_UNIFORM input { channels: 1 height: 28 width: 28 }
        weights: "w" weights_except: ["fc*", "a"] }
feedback { rule: FEEDBACK_ALIGNMENT scale: AUTHORS granularity: OUTPUT_CHANNEL distribution: UNIFORM
           layer { name: "fc?" rule: BACKPROP } layer { name: "conv1" scale: XAVIER } }
loss { cross_entropy { label_smoothing: 0.1 } }
optimizer { sgd { momentum: 0.5 nesterov: true weight_decay: 1e-4 decay: DECOUPLED } learning_rate: 0.1
            schedule { one_cycle { rise_fraction: 0.3 } warmup_epochs: 0.5 } clip_norm: 1 no_decay: "*.bias" freeze: "a" }
train { epochs: 3 max_steps: 10 evaluate_every_epochs: 2 measure_alignment: false }
compute { device: CPU precision: FP32 memory_format: CONTIGUOUS threads: 2 }
output { folder: "o" checkpoint_every_steps: 5 keep_last: 1 keep_best: false }""",
    "host": "data { host {} } model { resnet_cifar { depth: 8 width: 2 classes: 3 } input { channels: 1 } }",
}
TEXTS = {
    "comment": "# proto-message: signsym.v1.Experiment\n  train { epochs: 1 }  # end",
    "angle": 'model: < mlp: < hidden: [4, 3,] > > train <epochs: 0x1F> name: "a" \'b\' "\\377\\x41\\u00e9"',
    "wrong": 'optimizer { learning_rate: fast learning_rate: 1 } nobody { a: 1 } data { host {} mnist {} }',
    "numbers": "seed: -1 train { epochs: 99999999999999999999 } optimizer { learning_rate: -inf clip_norm: nan }",
    "mark": "\ufeffname: \"\ufeff\"",
    "any": "[signsym.v1.setting] { min: 1 } [type.googleapis.com/signsym.v1.Data] {}",
    "deep": "model {" * 120,
}
JSONS = {
    "camel": '{"data":{"batchSize":"4","cifar10":{"path":"x"}},"model":{"mlp":{"hidden":["4",3]}},"seed":"18446744073709551615"}',
    "wrong": '{"train":{"epochs":1.5,"epochs":"x"},"optimizer":{"learning_rate":1e999}}',
    "escapes": '{"name":"\\u00e9\\ud83d\\ude00\\ud800","model":null,"feedback":{"layer":[{"name":""},null]}}',
    "deep": '{"a":' * 120,
    "list": "[]",
}
SETS = ["train.epochs=2", "data.transform[0]={ flip {} }", "data.transform[1].crop.padding=1", "model.mlp.hidden=[3, 4]",
        "model.mlp.hidden[1]=7", "feedback.layer[0].rule=BACKPROP", "optimizer.learning_rate=1e-3", "name='a\\x41'",
        'name="é', "data.host={}", "train={}", "seed=-1", "model.mlp.hidden[99999999999]=1", "a..b[=", "data.mnist.path=x=y"]


def write(target, name, data):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def protoc(text):
    command = ["protoc", f"-I{root}/proto", f"-I{root}/build/deps/protobuf/include",
               "--encode=signsym.v1.Experiment", "signsym/v1/experiment.proto"]
    return subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True).stdout


def configs():
    for name, text in {**CONFIGS, **TEXTS}.items():
        write("config_text", name, text)
    for name, text in JSONS.items():
        write("config_json", name, text)
    write("config_json", "full", json.dumps({
        "name": "é", "seed": 1, "data": {"mnist": {"path": "m"}, "transform": [{"normalize": {"mean": [0.1], "std": [0.3]}}]},
        "model": {"lenet": {"activation": "TANH"}, "weights_except": ["a"]}, "train": {"measure_alignment": False},
        "feedback": {"rule": "SHAM", "layer": [{"name": "fc", "rule": "BACKPROP"}]}, "output": {"keep_last": "3"}}))
    for name, text in CONFIGS.items():
        write("config_binary", name, protoc(text))
    whole = protoc(CONFIGS["full"])
    write("config_binary", "cut", whole[:-3])
    write("config_binary", "unknown", whole + b"\xf8\x7f\x01")  # field 2047
    write("config_binary", "not-utf8", b"\x0a\x01\xff")
    write("config_binary", "enum", b"\x2a\x02\x08\x63")  # feedback.rule 99
    write("config_binary", "group", b"\x0b\x0b\x0c\x0c")
    for i, text in enumerate(SETS):
        write("config_set", f"{i:02}", text)


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def tensors():
    types = {"F32": 4, "F64": 8, "BF16": 2, "F16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}
    header, at = {"__metadata__": {"format": "pt", "é": "\""}}, 0
    for kind, size in types.items():
        header[f"layer.{kind}"] = entry(kind, [1, 2], at, at + 2 * size)
        at += 2 * size
    whole = safetensors(header, bytes(at - 2) + b"\0\1")
    write("safetensors", "types", whole)
    write("safetensors", "cut", whole[:-1])
    write("safetensors", "empty", safetensors({}))
    write("safetensors", "scalar", safetensors({"a": entry("F32", [], 0, 4)}, b"abcd"))
    write("safetensors", "none", safetensors({"a": entry("F32", [0, 3], 0, 0)}))
    write("safetensors", "twice", safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{}}', b"x"))
    write("safetensors", "overlap", safetensors({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, b"xyz"))
    write("safetensors", "overflow", safetensors({"a": entry("F32", [2**62, 2**62], 0, 4)}, b"abcd"))
    write("safetensors", "long", safetensors(b"{}", length=2**63))
    write("safetensors", "deep", safetensors(b'{"a":{"b":{"c":{"d":1}}}}'))


def checkpoints():
    metadata = {"format": "signsym-checkpoint", "format_version": "1", "config": CONFIGS["small"], "config_hash": "abc",
                "epoch": "3", "batch": "7", "step": "52", "loss_sum": "1.5", "correct": "11", "samples": "140",
                "best_top1": "50.5", "best_step": "45", "learning_rate": "0.1", "crc32": "00000000"}

    def write_one(name, **changed):
        header = {"__metadata__": {**metadata, **changed}, "w": entry("F32", [2], 0, 8)}
        write("checkpoint", name, safetensors(header, bytes(8)))

    write_one("whole")
    write_one("begin", epoch="0", batch="0", step="0", samples="0", correct="0", best_top1="-1", best_step="-1")
    write_one("negative", epoch="-1")
    write_one("beyond", step="9223372036854775807", epoch="9223372036854775807")
    write_one("real", batch="1e300", loss_sum="1e999")
    write_one("newer", format_version="2")
    write("checkpoint", "weights", safetensors({"__metadata__": {"format": "pt"}, "w": entry("F32", [2], 0, 8)}, bytes(8)))


def pictures():
    def idx(count, height=2, width=3, magic=0x803):
        return struct.pack(">IIII", magic, count, height, width) + bytes(range(min(count, 9) * 6))

    def labels(count, values=b"\0\1\2"):
        return struct.pack(">II", 0x801, count) + values

    def pair(name, a, b):
        write("idx", name, struct.pack("<H", len(a)) + a + b)

    pair("whole", idx(3), labels(3))
    pair("gzipped", gzip.compress(idx(3), mtime=0), gzip.compress(labels(3), mtime=0))
    pair("other-count", idx(3), labels(2, b"\0\1"))
    pair("no-class", idx(3), labels(3, b"\0\1\x0a"))
    pair("promises", idx(2**32 - 1, 2**32 - 1, 2**32 - 1), labels(2**32 - 1))
    pair("none", idx(0), labels(0, b""))
    pair("magic", idx(3, magic=0x0D03), labels(3))
    record = bytes([3]) + bytes(i * 7 % 256 for i in range(3072))
    write("cifar", "one", record)
    write("cifar", "cut", record[:100])
    write("cifar", "no-class", b"\x0a" + record[1:])
    write("cifar", "empty", b"")
    write("gzip", "plain", b"\x00plain")
    write("gzip", "one", b"\x01" + gzip.compress(b"text " * 20, mtime=0))
    write("gzip", "two", b"\x02" + gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0))
    write("gzip", "cut", b"\x00" + gzip.compress(b"text " * 20, mtime=0)[:-5])
    write("gzip", "follows", b"\x00" + gzip.compress(b"a", mtime=0) + b"more")
    write("gzip", "large", b"\xff" + gzip.compress(bytes(100000), mtime=0))


if __name__ == "__main__":
    configs()
    tensors()
    checkpoints()
    pictures()
