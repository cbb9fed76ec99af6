#!/usr/bin/python3
"""A PyTorch eager training step, for script/benchmark: CIFAR ResNet-18 (torchvision's with a 3 × 3 stem and no
max-pooling), 10 classes, fp32, cross entropy, SGD, on one random batch in memory.

Speaks script/benchmark's protocol: prints one line of JSON when ready; then each line "step N" on the standard input
is answered by N lines, the seconds of N steps.
"""
import argparse
import json
import sys
import time

import torch
import torchvision
from torch import nn

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def make_step(batch, memory_format):
    torch.manual_seed(1)
    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    model = model.to(memory_format=memory_format)
    pictures = torch.randn(batch, 3, 32, 32).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (batch,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(pictures), labels)
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-format", choices=FORMATS, default="channels_last")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    step = make_step(arguments.batch, FORMATS[arguments.memory_format])
    print(json.dumps({"program": "PyTorch", "version": torch.__version__,
                      "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        word, count = line.split()
        if word != "step":
            sys.exit(f"pytorch_step.py: {line.strip()!r}: 'step N' is expected")
        for _ in range(int(count)):
            start = time.perf_counter()
            step()
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
