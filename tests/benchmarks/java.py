#!/usr/bin/python3
"""What Java costs: a step of CIFAR ResNet-18 beside one through the C ABI, in turn, and callbacks a second; exit status
1 if a bound is not met. Called by script/benchmark java."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from compare import Comparison, Contestant, check_pairs, machine, measure, pairs_arguments, print_table

ROOT = pathlib.Path(__file__).parents[2]
BATCH, THREADS = 64, 2
STEP = 1.01     # largest ratio of seconds, Java's to C's
CALLBACKS = 2e5  # fewest a second

CONFIG = (f"data {{ cifar10 {{ path: '{ROOT}/examples/data/cifar10' }} batch_size: {BATCH} drop_last: true }} "
          "model { resnet { depth: 18 stem: CIFAR } } feedback { rule: SIGN_SYMMETRY } "
          "train { epochs: 1000000 evaluate_every_epochs: 1000000 measure_alignment: false } "
          f"compute {{ threads: {THREADS} precision: FP32 memory_format: %s }}")


def protobuf():
    return next((ROOT / "build/deps/maven/com/google/protobuf/protobuf-java").glob("*/*.jar"))


def compile_java(build, protobuf, folder):
    """The binding and the benchmarks, from their sources; the class path to run them."""
    roots = (build / "raw-java", build / "proto-java", ROOT / "bindings/java/signsym/src/main/java/org",
             ROOT / "tests/benchmarks/java")
    sources = [path for root in roots for path in root.rglob("*.java")]
    arguments = folder / "sources"
    arguments.write_text("".join(f'"{path}"\n' for path in sources))
    done = subprocess.run(["javac", "-nowarn", "-Xlint:none", "-encoding", "UTF-8", "-d", folder, "-cp", protobuf,
                           f"@{arguments}"], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return ":".join(map(str, (folder, protobuf, build / "packs/natives", build / "packs/libtorch")))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder of the native build of Java")
    parser.add_argument("--trainer-step", required=True, metavar="PROGRAM", help="the contestant in C")
    parser.add_argument("--memory-format", choices=("contiguous", "channels_last"), default="channels_last")
    pairs_arguments(parser)
    arguments = parser.parse_args()
    check_pairs(parser, arguments)

    folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym-benchmark"))
    try:
        path = compile_java(arguments.build, protobuf(), folder)
        java = ["java", f"-Dorg.signsym.cache={arguments.build}/cache", "-cp", path]
        config = CONFIG % arguments.memory_format.upper()
        report = {"machine": machine(), "batch": BATCH, "memory_format": arguments.memory_format, "threads": THREADS}
        contestants = {"Java": Contestant("Java", [*java, "StepBenchmark", config]),
                       "C": Contestant("C", [arguments.trainer_step, config])}
        comparison = Comparison(contestants["Java"], contestants["C"], STEP)
        measure([comparison], arguments.pairs, arguments.most)
        report["contestants"] = {name: contestant.about for name, contestant in contestants.items()}
        report["comparisons"] = [comparison.report()]
        print_table(report)
        met = comparison.met()

        callbacks = subprocess.run([*java, "org.signsym.CallbackBenchmark"], check=True, stdout=subprocess.PIPE, text=True)
        for name, rate in json.loads(callbacks.stdout).items():
            enough = rate >= CALLBACKS
            met &= enough
            print(f"{name} by callback: {rate:.0f} a second, bound ≥ {CALLBACKS:.0f}  {'met' if enough else 'not met'}")
    finally:
        shutil.rmtree(folder)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
