#!/usr/bin/python3
"""What C# costs on Mono and on .NET Core: a step of CIFAR ResNet-18 beside one through the C ABI, in turn, and callbacks
a second; exit status 1 if a bound is not met. Called by script/benchmark csharp."""
import argparse
import pathlib
import subprocess
import sys

from compare import Comparison, Contestant, check_pairs, machine, measure, pairs_arguments, print_table

ROOT = pathlib.Path(__file__).parents[2]
BATCH, THREADS = 64, 2
STEP = 1.01  # largest ratio of seconds, that of C# to that of C

CONFIG = (f"data {{ cifar10 {{ path: '{ROOT}/examples/data/cifar10' }} batch_size: {BATCH} drop_last: true }} "
          "model { resnet { depth: 18 stem: CIFAR } } feedback { rule: SIGN_SYMMETRY } "
          "train { epochs: 1000000 evaluate_every_epochs: 1000000 measure_alignment: false } "
          f"compute {{ threads: {THREADS} precision: FP32 memory_format: %s }}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--costs", required=True, metavar="Costs.exe", help="the program of what C# costs")
    parser.add_argument("--dotnet", required=True, metavar="PROGRAM", help="of .NET Core")
    parser.add_argument("--trainer-step", required=True, metavar="PROGRAM", help="the contestant in C")
    parser.add_argument("--memory-format", choices=("contiguous", "channels_last"), default="channels_last")
    pairs_arguments(parser)
    arguments = parser.parse_args()
    check_pairs(parser, arguments)

    runtimes = {"C# on Mono": ["mono", arguments.costs], "C# on .NET Core": [arguments.dotnet, arguments.costs]}
    met = True
    for name, command in runtimes.items():
        for what in ("events", "samples"):
            print(f"{name}: ", end="", flush=True)
            met &= subprocess.run([*command, what]).returncode == 0

    config = CONFIG % arguments.memory_format.upper()
    report = {"machine": machine(), "batch": BATCH, "memory_format": arguments.memory_format, "threads": THREADS}
    contestants = {name: Contestant(name, [*command, "steps", config]) for name, command in runtimes.items()}
    contestants["C"] = Contestant("C", [arguments.trainer_step, config])
    comparisons = [Comparison(contestants[name], contestants["C"], STEP) for name in runtimes]
    measure(comparisons, arguments.pairs, arguments.most)
    report["contestants"] = {name: contestant.about for name, contestant in contestants.items()}
    report["comparisons"] = [comparison.report() for comparison in comparisons]
    print_table(report)
    return 0 if met and all(comparison.met() for comparison in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
