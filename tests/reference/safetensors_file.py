"""The safetensors format by hand: 8 bytes length, JSON header, raw little-endian data."""
import json
import struct

import numpy
import torch

NAMES = {torch.float32: "F32", torch.int64: "I64"}
TYPES = {name: dtype for dtype, name in NAMES.items()}


def write(path, tensors, metadata={}):
    """Tensors go by size of element, then name, so that each lies aligned; equal content gives equal bytes."""
    header, data = {"__metadata__": metadata} if metadata else {}, []
    begin = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        data.append(tensor.detach().contiguous().numpy().tobytes())
        end = begin + len(data[-1])
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def read(path):
    """All tensors by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(bytearray(data[begin:end]), dtype=numpy.uint8)
        tensors[name] = torch.from_numpy(array).view(TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors
