#!/usr/bin/python3
"""What the C ABI costs: a table, and exit status 1 if a bound is not met. Called by script/benchmark abi."""
import argparse
import json
import random
import statistics
import subprocess
import sys

from compare import RESAMPLES, WIDEST, ratio_of_medians

# (what, in words, largest ratio)
RATIOS = [("step", "signsym_trainer_step / the core's step", 1.01),
          ("predict", "signsym_model_predict / LibTorch directly", 1.02)]
CALLBACK = 1e-6  # most seconds that a no-op event callback adds to a step, and widest interval to judge that by


def interval(pairs, statistic):
    generator = random.Random(1)
    values = sorted(statistic(generator.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return values[round(0.025 * RESAMPLES)], values[round(0.975 * RESAMPLES) - 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True, metavar="PROGRAM")
    parser.add_argument("--pairs", type=int, default=80)
    arguments = parser.parse_args()
    result = json.loads(subprocess.run([arguments.benchmark, str(arguments.pairs)], check=True, stdout=subprocess.PIPE,
                                       text=True).stdout)
    all_met = True
    for name, words, bound in RATIOS:
        pairs = result[name]
        low, high = interval(pairs, ratio_of_medians)
        met = low < bound and high - low <= WIDEST
        all_met &= met
        print(f"{words:45} {len(pairs):4} pairs  median {statistics.median(a for a, _ in pairs):.4f} s of "
              f"{statistics.median(b for _, b in pairs):.4f}  ratio {ratio_of_medians(pairs):.3f} "
              f"({low:.3f} to {high:.3f})  bound {bound}  "
              f"{'met' if met else 'not met' if high - low <= WIDEST else 'not met: interval too wide'}")
    added = lambda pairs: statistics.median(a - b for a, b in pairs) / result["callback_steps"]
    low, high = interval(result["callback"], added)
    met = low < CALLBACK and high - low <= CALLBACK
    all_met &= met
    print(f"{'a no-op event callback adds to a step':45} {len(result['callback']):4} pairs  {added(result['callback']) * 1e6:.2f} us "
          f"({low * 1e6:.2f} to {high * 1e6:.2f})  bound {CALLBACK * 1e6:.0f} us  {'met' if met else 'not met'}")
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
