#!/usr/bin/python3
"""Weights and logits across the border to torchvision, both ways.

    check_torchvision.py write MODEL WEIGHTS.safetensors LOGITS.safetensors
        makes a torchvision model from a fixed seed, saves it with torch.save, turns that into WEIGHTS with
        script/torch2safetensors, and writes LOGITS: "input" (2, 3, 224, 224) and "logits" (2, 1000) in evaluation.
    check_torchvision.py check MODEL WEIGHTS.safetensors LOGITS.safetensors
        loads WEIGHTS with strict=True and prints the largest difference between torchvision's logits and LOGITS.

MODEL is torchvision's name: resnet18, …. Exit status: 0; 1 above a difference of 1e-4; 77 without torchvision.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
    import torchvision
except ImportError as error:
    print(f"{error}: Debian's python3-torchvision has it", file=sys.stderr)
    sys.exit(77)

import safetensors_file

LARGEST = 1e-4
CONVERTER = pathlib.Path(__file__).parents[2] / "script" / "torch2safetensors"


def write(name, weights, logits):
    torch.manual_seed(1)
    model = getattr(torchvision.models, name)()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # the running statistics become this batch's, so that they matter
    inputs = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        model(inputs)
        safetensors_file.write(logits, {"input": inputs, "logits": model.eval()(inputs)})
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        torch.save(model.state_dict(), file.name)
        subprocess.run([sys.executable, CONVERTER, file.name, weights], check=True)
    return 0


def check(name, weights, logits):
    state, expected = safetensors_file.read(weights), safetensors_file.read(logits)
    model = getattr(torchvision.models, name)(num_classes=state["fc.bias"].shape[0])
    different = sorted(state.keys() ^ model.state_dict().keys())
    if different:  # strict lets a missing num_batches_tracked pass
        sys.exit(f"{weights}: the names differ from torchvision's {name}: {', '.join(different)}")
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        difference = (model.eval()(expected["input"]) - expected["logits"]).abs().max().item()
    print(f"{name}: largest difference of the logits {difference:.2e}, largest allowed {LARGEST:.0e}")
    return 0 if difference <= LARGEST else 1  # NaN is not


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    sys.exit({"write": write, "check": check}[sys.argv[1]](*sys.argv[2:]))
