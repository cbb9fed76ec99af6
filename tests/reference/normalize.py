#!/usr/bin/env python3
"""normalize.py: what torchvision's ToTensor and Normalize make of each of the 256 values of a byte.

Prints the CRC-32 of the 3 × 256 little-endian floats, for tests/unit/transform_test.cpp, and the versions used.
"""
import zlib

import torch
import torchvision

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)

values = torch.arange(256, dtype=torch.uint8).reshape(1, 256, 1).expand(3, 256, 1)
picture = values.to(torch.float32).div(255)  # ToTensor, for a picture that is a tensor already
table = torchvision.transforms.Normalize(MEAN, STD)(picture)
assert torch.equal(picture, torchvision.transforms.ToTensor()(values.permute(1, 2, 0).numpy()))
print(f'0x{zlib.crc32(table.contiguous().numpy().astype("<f4").tobytes()):08x}',
      f'torch {torch.__version__} torchvision {torchvision.__version__}')
