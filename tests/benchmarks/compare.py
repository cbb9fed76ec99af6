#!/usr/bin/python3
"""Compares training steps: a table, a JSON file, and exit status 1 if a bound is not met. Called by script/benchmark.

Each contestant is a process that speaks this protocol: it prints one line of JSON when ready ("program", "version",
"threads"); then each line "step N" on its standard input is answered by N lines, the seconds of N training steps; it
ends when its standard input does. In each round every contestant does one step, in random order, while the others
wait; so a pair of times is taken under the same conditions. Where its memory lies makes a process a few per cent faster
or slower for all its life, so after each block of pairs every contestant begins as a new process. The result is the
ratio of the medians with its 95 % bootstrap interval over blocks. There are as many blocks as it takes to make the
interval narrow enough to judge.
"""
import argparse
import itertools
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
WARM_UP = 3      # steps that are not counted
BLOCK = 10       # pairs of the same processes
FEWEST = 50      # pairs whose blocks make an interval
RESAMPLES = 4000
WIDEST = 0.04    # interval with which a bound can be met

# (what, relative to what, largest ratio of seconds)
COMPARISONS = [("SIGN_SYMMETRY", "BACKPROP", 1.02),
               ("FEEDBACK_ALIGNMENT", "BACKPROP", 1.01),
               ("BACKPROP", "PyTorch eager", 1.00)]


class Contestant:
    def __init__(self, name, command):
        self.name, self.command = name, command
        self.blocks = []  # of seconds, one of each process

    def start(self):
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            sys.exit(f"{self.name}: {error}")
        self.about = json.loads(self.read())
        self.steps(WARM_UP)
        self.blocks.append([])

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with status {self.process.wait()}: {' '.join(self.command)}")
        return line

    def steps(self, count):
        # The wait lets the threads of the one before stop spinning.
        time.sleep(0.05)
        self.process.stdin.write(f"step {count}\n")
        self.process.stdin.flush()
        return [float(self.read()) for _ in range(count)]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Comparison:
    """The pairs of one line of COMPARISONS."""

    def __init__(self, contestant, reference, bound):
        self.contestant, self.reference, self.bound = contestant, reference, bound

    def evaluate(self):
        # One of the two may have gone on for another comparison: blocks are of the same time.
        blocks = [list(zip(*block)) for block in zip(self.contestant.blocks, self.reference.blocks)]
        self.pairs = list(itertools.chain(*blocks))
        self.ratio = ratio_of_medians(self.pairs)
        generator = random.Random(1)
        ratios = sorted(ratio_of_medians(list(itertools.chain(*generator.choices(blocks, k=len(blocks)))))
                        for _ in range(RESAMPLES))
        self.low, self.high = ratios[round(0.025 * RESAMPLES)], ratios[round(0.975 * RESAMPLES) - 1]

    def narrow(self):
        return self.high - self.low <= WIDEST

    def met(self):
        return self.narrow() and self.low < self.bound

    def report(self):
        medians = [statistics.median(seconds) for seconds in zip(*self.pairs)]
        return {"contestant": self.contestant.name, "reference": self.reference.name, "pairs": len(self.pairs),
                "median_seconds": medians[0], "reference_median_seconds": medians[1], "ratio": self.ratio,
                "interval": [self.low, self.high], "bound": self.bound, "met": self.met()}


def ratio_of_medians(pairs):
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def measure(comparisons, least, most):
    """Blocks until every interval is narrow; a contestant whose comparisons are done drops out."""
    generator = random.Random(1)
    open_comparisons = comparisons
    done = 0
    while open_comparisons and done < most:
        running = list(dict.fromkeys(c for comparison in open_comparisons
                                     for c in (comparison.contestant, comparison.reference)))
        for contestant in running:
            contestant.start()
        for _ in range(BLOCK):
            for contestant in generator.sample(running, len(running)):
                contestant.blocks[-1] += contestant.steps(1)
        for contestant in running:
            contestant.close()
        done += BLOCK
        if done < least:
            print(f"{done} of at least {least} pairs", file=sys.stderr)
            continue
        for comparison in open_comparisons:
            comparison.evaluate()
        open_comparisons = [comparison for comparison in open_comparisons if not comparison.narrow()]
        print(f"{done} pairs, {len(open_comparisons)} intervals still wider than {WIDEST}", file=sys.stderr)


def pairs_arguments(parser):
    """--pairs and --most, which measure() takes."""
    parser.add_argument("--pairs", type=int, default=100, help=f"at least so many, in blocks of {BLOCK}; default 100")
    parser.add_argument("--most", type=int, default=300, help="at most so many pairs; default 300")


def check_pairs(parser, arguments):
    if not FEWEST <= arguments.pairs <= arguments.most:
        parser.error(f"--pairs {arguments.pairs}: {FEWEST} to --most ({arguments.most}) is expected")


def machine():
    lines = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    fields = dict(line.split(":", 1) for line in lines.splitlines() if ":" in line)
    return {"processor": fields["Model name"].strip(), "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "system": platform.platform(), "load_before": os.getloadavg()[0]}


def print_table(report):
    about = report["machine"]
    print(f"CIFAR ResNet-18, batch {report['batch']}, fp32, {report['memory_format']}, {report['threads']} threads; "
          f"{about['processor']}, {about['cores']} cores, load {about['load_before']:.1f} at the start")
    for name, contestant in report["contestants"].items():
        print(f"  {name}: {contestant['program']} {contestant['version']}")
    print(f"{'':42} {'pairs':>5} {'median s':>9} {'of s':>7} {'ratio':>6} {'95 % interval':>15} {'bound':>7}")
    for c in report["comparisons"]:
        low, high = c["interval"]
        verdict = "met" if c["met"] else "not met" if high - low <= WIDEST else "not met: interval too wide"
        print(f"{c['contestant'] + ' / ' + c['reference']:42} {c['pairs']:5} {c['median_seconds']:9.3f} "
              f"{c['reference_median_seconds']:7.3f} {c['ratio']:6.3f} {f'{low:.3f} to {high:.3f}':>15} "
              f"≤ {c['bound']:.2f}  {verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--step-benchmark", required=True, metavar="PROGRAM", help="the library's contestant")
    parser.add_argument("--python", default="/usr/bin/python3", help="one that has torch and torchvision")
    parser.add_argument("--memory-format", choices=("contiguous", "channels_last"), default="channels_last")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    pairs_arguments(parser)
    parser.add_argument("--output", type=pathlib.Path, required=True, metavar="FILE.json")
    arguments = parser.parse_args()
    check_pairs(parser, arguments)

    report = {"machine": machine(), "batch": arguments.batch, "memory_format": arguments.memory_format,
              "threads": arguments.threads}
    contestants = {}
    for name in dict.fromkeys(name for *names, _ in COMPARISONS for name in names):
        command = ([arguments.python, str(HERE / "pytorch_step.py")] if name == "PyTorch eager" else
                   [arguments.step_benchmark, "--rule", name])
        contestants[name] = Contestant(name, command + [
            "--batch", str(arguments.batch), "--threads", str(arguments.threads),
            "--memory-format", arguments.memory_format])
    comparisons = [Comparison(contestants[a], contestants[b], bound) for a, b, bound in COMPARISONS]
    measure(comparisons, arguments.pairs, arguments.most)

    report["contestants"] = {name: contestant.about for name, contestant in contestants.items()}
    report["comparisons"] = [comparison.report() for comparison in comparisons]
    report["seconds"] = {name: contestant.blocks for name, contestant in contestants.items()}
    arguments.output.write_text(json.dumps(report, indent=1) + "\n")
    print_table(report)
    return 0 if all(comparison.met() for comparison in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
