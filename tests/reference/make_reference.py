#!/usr/bin/python3
"""Makes data/, the numbers of PyTorch and torchvision that the C++ tests compare with.

    tests/reference/make_reference.py          (made with torch 1.13, torchvision 0.14; git diff shows any change)

Everything is computed in double precision from float32 initial values, on one thread, from fixed seeds. Configs are
parts of a signsym.v1.Experiment in text form. The last column printed is how far the same computation in float32 is
from the double one, relative to each tensor's largest value: the order of the tolerance to be expected.
"""
import json
import pathlib
import warnings

import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.optim import lr_scheduler
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

import graphs
import safetensors_file

DATA = pathlib.Path(__file__).parent / "data"
LOSSES = {
    "cross_entropy {}": functional.cross_entropy,
    "cross_entropy { label_smoothing: 0.1 }": lambda z, t: functional.cross_entropy(z, t, label_smoothing=0.1),
    "mean_squared_error {}": lambda z, t: functional.mse_loss(z, one_hot(z, t)),
    "binary_cross_entropy {}": lambda z, t: functional.binary_cross_entropy_with_logits(z, one_hot(z, t)),
}
STEPS = 3


def one_hot(logits, labels):
    return functional.one_hot(labels, logits.shape[1]).to(logits.dtype)


# Models, with the names and shapes that the library's have.

class Lenet(nn.Module):
    def __init__(self, conv1=6, conv2=16, fc1=120, fc2=84):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, conv1, 5, padding=2), nn.Conv2d(conv1, conv2, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(25 * conv2, fc1), nn.Linear(fc1, fc2), nn.Linear(fc2, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        x = functional.relu(self.fc1(x.flatten(1)))
        return self.fc3(functional.relu(self.fc2(x)))


class Mlp(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.fc1, self.fc2, self.fc3, self.activation = nn.Linear(48, 24), nn.Linear(24, 16), nn.Linear(16, 5), activation

    def forward(self, x):
        x = self.activation(self.fc1(x.flatten(1)))
        return self.fc3(self.activation(self.fc2(x)))


class NarrowResnet(ResNet):
    """torchvision's ResNet with `width` channels in the first stage instead of 64."""

    def __init__(self, block, layers, width, classes, stem):
        self.width = width
        super().__init__(block, layers)
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        if stem == "CIFAR":
            self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
            self.maxpool = nn.Identity()
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(8 * width * block.expansion, classes)

    def _make_layer(self, block, planes, *args, **kwargs):
        if planes == 64:  # the first stage: its input is the stem's output
            self.inplanes = self.width
        return super()._make_layer(block, planes * self.width // 64, *args, **kwargs)


class ResnetCifar(nn.Module):
    """He et al. 2016, section 4.2, with 1 × 1 convolutions where the shape changes."""

    def __init__(self, depth, width, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        channels = width
        for stage in range(3):
            blocks = []
            for i in range((depth - 2) // 6):
                out, stride, downsample = width << stage, 1 + (stage > 0 and i == 0), None
                if channels != out:
                    downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
                blocks.append(BasicBlock(channels, out, stride, downsample))
                channels = out
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


# Training: initial state, the first step's logits and gradients, each step's loss, the state after STEPS steps and
# its logits in evaluation.

def train(model, initial, inputs, labels, loss_of, sgd, dtype):
    model.load_state_dict(initial)
    model = model.to(dtype).train()
    inputs = inputs.to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), **sgd)
    result, losses = {}, []
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = model(inputs)
        loss = loss_of(logits, labels)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            result["logits"] = logits
            result.update({f"gradient.{name}": p.grad.clone() for name, p in model.named_parameters()})
        optimizer.step()
    result["losses"] = torch.tensor(losses, dtype=dtype)
    result.update({f"trained.{name}": value for name, value in model.state_dict().items()})
    result["trained_logits"] = model.eval()(inputs)
    return {name: value.float() if value.is_floating_point() else value for name, value in result.items()}


def make_training(name, make_model, config, shape, loss="cross_entropy {}", nesterov=False):
    torch.manual_seed(1)
    model = make_model()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            # Small, so that so narrow and deep a model is not chaotic: float32 must agree with double after STEPS.
            nn.init.uniform_(module.weight, 0.1, 0.3)
            nn.init.normal_(module.bias, 0, 0.3)
    initial = {key: value.clone() for key, value in model.state_dict().items()}
    inputs = torch.randn(shape)
    labels = torch.randint(0, model.eval()(inputs).shape[1], shape[:1])
    sgd = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "nesterov": nesterov}
    experiment = (f"model {{ {config} }} loss {{ {loss} }} optimizer {{ sgd {{ momentum: 0.9 weight_decay: 0.0001 "
                  f"nesterov: {str(nesterov).lower()} }} learning_rate: 0.1 }}")

    result = train(make_model(), initial, inputs, labels, LOSSES[loss], sgd, torch.float64)
    single = train(make_model(), initial, inputs, labels, LOSSES[loss], sgd, torch.float32)
    difference = max(float((single[key] - value).abs().max() / value.abs().max().clamp_min(1e-6))
                     for key, value in result.items() if value.is_floating_point())
    tensors = {"input": inputs, "labels": labels, **result}
    tensors.update({f"initial.{key}": value for key, value in initial.items()})
    safetensors_file.write(DATA / f"train_{name}.safetensors", tensors,
                           {"experiment": experiment, "steps": str(STEPS)})
    print(f"train_{name:40} {difference:.1e}")


def make_trainings():
    make_training("lenet", Lenet, "lenet { classes: 10 }", (4, 1, 28, 28))
    make_training("lenet_narrow", lambda: Lenet(2, 5, 40, 28), "lenet { width: 2 classes: 10 }", (4, 1, 28, 28))

    for activation in (torch.tanh, torch.sigmoid):
        name = activation.__name__
        make_training(f"mlp_{name}", lambda: Mlp(activation),
                      f"mlp {{ hidden: 24 hidden: 16 classes: 5 activation: {name.upper()} }}", (6, 3, 4, 4))

    def resnet_cifar():
        return ResnetCifar(depth=8, width=4, classes=10)
    config = "resnet_cifar { depth: 8 width: 4 classes: 10 }"
    make_training("resnet_cifar", resnet_cifar, config, (4, 3, 16, 16))
    make_training("resnet_cifar_smoothed_nesterov", resnet_cifar, config, (4, 3, 16, 16),
                  "cross_entropy { label_smoothing: 0.1 }", nesterov=True)
    make_training("resnet_cifar_squared", resnet_cifar, config, (4, 3, 16, 16), "mean_squared_error {}")
    make_training("resnet_cifar_binary", resnet_cifar, config, (4, 3, 16, 16), "binary_cross_entropy {}")

    for depth, block, layers, stem, size in ((18, BasicBlock, [2, 2, 2, 2], "CIFAR", 16),
                                             (50, Bottleneck, [3, 4, 6, 3], "IMAGENET", 33)):
        make_training(f"resnet{depth}_{stem.lower()}", lambda: NarrowResnet(block, layers, 2, 5, stem),
                      f"resnet {{ depth: {depth} stem: {stem} width: 2 classes: 5 }}", (4, 3, size, size))

    for name, nodes, size in (("operations", graphs.OPERATIONS, (13, 11)), ("convolutions", graphs.CONVOLUTIONS, (12, 8))):
        make_training(f"graph_{name}", lambda: graphs.GraphModule(nodes), graphs.text(nodes), (8, 3, *size))


# Small vectors, as JSON.

def write_json(name, entries):
    """One entry a line."""
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (DATA / name).write_text(f"[\n{lines}\n]\n")


def make_models():
    """Each of torchvision's models as [name, parameter or buffer, dtype, shape] in the order of its state dict."""
    models = []
    for depth in (18, 34, 50, 101, 152):
        model = getattr(torchvision.models, f"resnet{depth}")()
        parameters = dict(model.named_parameters())
        tensors = [[name, "parameter" if name in parameters else "buffer", safetensors_file.NAMES[value.dtype],
                    list(value.shape)] for name, value in model.state_dict().items()]
        models.append({"model": f"resnet {{ depth: {depth} stem: IMAGENET classes: 1000 }}", "tensors": tensors})
    write_json("torchvision_resnets.json", models)


def make_losses():
    """The mean loss over a batch and its gradient at the logits; the last rows would overflow a naive exp."""
    torch.manual_seed(2)
    logits = torch.randn(6, 5, dtype=torch.float64) * 3
    logits[4] = torch.tensor([800.0, -800.0, 0.0, 1.0, 2.0])
    logits[5] = torch.tensor([-90.0, 0.0, 90.0, -700.0, 3.0])
    logits.requires_grad_()
    labels = torch.tensor([0, 4, 2, 2, 0, 1])
    entries = []
    for config, loss_of in LOSSES.items():
        loss = loss_of(logits, labels)
        gradient, = torch.autograd.grad(loss, logits)
        entries.append({"loss": config, "logits": logits.tolist(), "labels": labels.tolist(), "value": loss.item(),
                        "gradient": gradient.tolist()})
    write_json("losses.json", entries)


def make_schedules():
    """The factor on the learning rate at each step; 10 steps an epoch."""
    epoch, steps = 10, 40
    entries = []

    def add(config, make_scheduler):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = make_scheduler(optimizer)
        factors = []
        for _ in range(steps):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        entries.append({"schedule": config, "steps_per_epoch": epoch, "steps": steps, "factors": factors})

    def after_warmup(warmup, make_scheduler):
        return lambda optimizer: lr_scheduler.SequentialLR(
            optimizer, [lr_scheduler.LinearLR(optimizer, 1 / warmup, total_iters=warmup - 1),
                        make_scheduler(optimizer)], [warmup])

    def cosine(t, end):
        return lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, t, eta_min=end)

    def linear(t, end):
        return lambda optimizer: lr_scheduler.LinearLR(optimizer, 1, end, total_iters=t)

    add("constant {}", lambda optimizer: lr_scheduler.ConstantLR(optimizer, 1))
    add("constant {} warmup_epochs: 1.5", lambda optimizer: lr_scheduler.LinearLR(optimizer, 1 / 15, total_iters=14))
    add("step { every_epochs: 1 factor: 0.1 }", lambda optimizer: lr_scheduler.StepLR(optimizer, 10, 0.1))
    add("step { every_epochs: 0.7 factor: 0.5 }", lambda optimizer: lr_scheduler.StepLR(optimizer, 7, 0.5))
    for end in (0, 0.05):
        add(f"cosine {{ end_factor: {end} }}", cosine(steps, end))
        add(f"cosine {{ end_factor: {end} }} warmup_epochs: 0.5", after_warmup(5, cosine(steps - 5, end)))
        add(f"linear {{ end_factor: {end} }}", linear(steps, end))
        add(f"linear {{ end_factor: {end} }} warmup_epochs: 0.5", after_warmup(5, linear(steps - 5, end)))
    for rise, start, end in ((0.3, 25, 10000), (0.5, 10, 100)):
        add(f"one_cycle {{ rise_fraction: {rise} start_divisor: {start} end_divisor: {end} }}",
            lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=steps, pct_start=rise,
                                                      div_factor=start, final_div_factor=end))
    write_json("schedules.json", entries)


def make_clipping():
    """Gradients of two parameters before and after."""
    before = [[3.0, -4.0, 0.5], [-12.0, 0.25]]
    entries = []
    for config, clip in (("clip_norm: 1", lambda p: nn.utils.clip_grad_norm_(p, 1.0)),
                         ("clip_norm: 0.001", lambda p: nn.utils.clip_grad_norm_(p, 0.001)),
                         ("clip_norm: 100", lambda p: nn.utils.clip_grad_norm_(p, 100.0)),
                         ("clip_value: 3.5", lambda p: nn.utils.clip_grad_value_(p, 3.5))):
        parameters = []
        for values in before:
            parameters.append(nn.Parameter(torch.zeros(len(values), dtype=torch.float64)))
            parameters[-1].grad = torch.tensor(values, dtype=torch.float64)
        clip(parameters)
        entries.append({"optimizer": config, "before": before, "after": [p.grad.tolist() for p in parameters]})
    write_json("clipping.json", entries)


def make_sgd():
    """A vector of three through five given gradients. DECOUPLED is torch.optim.AdamW's decay before torch's step."""
    initial = [1.0, -2.0, 0.5]
    gradients = [[0.5, -1.0, 0.0], [0.25, 2.0, -0.75], [-1.5, 0.125, 0.5], [0.0, 0.0, 0.0], [1.0, -0.5, 0.25]]
    rates = [0.1, 0.1, 0.05, 0.05, 0.01]
    entries = []
    # Without momentum torch applies no dampening.
    for momentum, nesterov, dampening in ((0, False, 0), (0, False, 0.5), (0.9, False, 0), (0.9, False, 0.5),
                                          (0.9, True, 0)):
        for decay, amount in (("COUPLED", 0), ("COUPLED", 0.02), ("DECOUPLED", 0.02)):
            weight = nn.Parameter(torch.tensor(initial, dtype=torch.float64))
            optimizer = torch.optim.SGD([weight], lr=1.0, momentum=momentum, nesterov=nesterov, dampening=dampening,
                                        weight_decay=amount if decay == "COUPLED" else 0)
            weights = []
            for gradient, rate in zip(gradients, rates):
                optimizer.param_groups[0]["lr"] = rate
                if decay == "DECOUPLED":
                    weight.data.mul_(1 - rate * amount)
                weight.grad = torch.tensor(gradient, dtype=torch.float64)
                optimizer.step()
                weights.append(weight.tolist())
            entries.append({"sgd": f"momentum: {momentum} nesterov: {str(nesterov).lower()} dampening: {dampening} "
                                   f"weight_decay: {amount} decay: {decay}",
                            "initial": initial, "gradients": gradients, "learning_rates": rates, "weights": weights})
    write_json("sgd.json", entries)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # SequentialLR calls its own deprecated form
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    DATA.mkdir(exist_ok=True)
    make_trainings()
    make_models()
    make_losses()
    make_schedules()
    make_clipping()
    make_sgd()
