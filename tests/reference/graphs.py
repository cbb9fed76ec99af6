"""Graphs of signsym.v1.Graph as modules of PyTorch: one list gives the config and the module."""
import torch
from torch import nn
from torch.nn import functional


class Lambda(nn.Module):
    """An operation without parameters, of one input or of several."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


class GraphModule(nn.Module):
    """Nodes as (name, operation in text form, maker of the module, names of the inputs).

    A node "a.b" is the module b of the module a, so that the state dict has the names of the graph's.
    """

    def __init__(self, nodes):
        super().__init__()
        self.nodes = [(name, inputs) for name, _, _, inputs in nodes]
        for name, _, make, _ in nodes:
            *folders, leaf = name.split(".")
            parent = self
            for folder in folders:
                if not hasattr(parent, folder):
                    parent.add_module(folder, nn.Module())
                parent = getattr(parent, folder)
            parent.add_module(leaf, make())

    def forward(self, x):
        values = {"input": x}
        for name, inputs in self.nodes:
            values[name] = self.get_submodule(name)(*(values[i] for i in inputs))
        return values[name]


def text(nodes):
    parts = (f'nodes {{ name: "{name}" inputs: {list(inputs)} {operation} }}' for name, operation, _, inputs in nodes)
    return "graph { " + " ".join(parts).replace("'", '"') + " }"


def stateless(function):
    return lambda: Lambda(function)


# Every operation but dropout, whose numbers are the library's own; nodes read more than once, sums of two and of three.
OPERATIONS = [
    ("stem.conv", "convolution { out: 8 kernel: 3 stride: [2, 1] padding: 1 bias: false }",
     lambda: nn.Conv2d(3, 8, 3, stride=(2, 1), padding=1, bias=False), ["input"]),
    ("stem.bn", "batch_norm { momentum: 0.2 epsilon: 1e-4 }", lambda: nn.BatchNorm2d(8, momentum=0.2, eps=1e-4),
     ["stem.conv"]),
    ("stem.act", "activation: RELU6", nn.ReLU6, ["stem.bn"]),
    ("block.dw", "depthwise { kernel: [3, 5] padding: [1, 2] multiplier: 2 }",
     lambda: nn.Conv2d(8, 16, (3, 5), padding=(1, 2), groups=8), ["stem.act"]),
    ("block.gn", "group_norm { groups: 4 }", lambda: nn.GroupNorm(4, 16), ["block.dw"]),
    ("block.silu", "activation: SILU", nn.SiLU, ["block.gn"]),
    ("block.pw", "convolution { out: 8 kernel: 1 groups: 2 }", lambda: nn.Conv2d(16, 8, 1, groups=2), ["block.silu"]),
    ("block.add", "add {}", stateless(lambda a, b: a + b), ["block.pw", "stem.act"]),
    ("block.relu", "activation: RELU", nn.ReLU, ["block.add"]),
    ("a.conv", "convolution { out: 4 padding: 2 dilation: 2 }", lambda: nn.Conv2d(8, 4, 3, padding=2, dilation=2),
     ["block.relu"]),
    ("a.gelu", "activation: GELU", nn.GELU, ["a.conv"]),
    ("b.pool", "max_pool { kernel: 3 stride: 1 padding: 1 }", lambda: nn.MaxPool2d(3, 1, 1), ["block.relu"]),
    ("b.hardswish", "activation: HARDSWISH", nn.Hardswish, ["b.pool"]),
    ("c.pool", "average_pool { kernel: [3, 1] stride: 1 padding: [1, 0] }", lambda: nn.AvgPool2d((3, 1), 1, (1, 0)),
     ["block.relu"]),
    ("c.conv", "depthwise {padding: 1 bias: false}", lambda: nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
     ["c.pool"]),
    ("c.leaky", "activation: LEAKY_RELU", nn.LeakyReLU, ["c.conv"]),
    ("cat", "concat {}", stateless(lambda *parts: torch.cat(parts, 1)), ["a.gelu", "b.hardswish", "c.leaky"]),
    ("ln", "layer_norm {}", lambda: nn.LayerNorm((20, 7, 11)), ["cat"]),
    ("down.a", "convolution { out: 12 kernel: 1 stride: 2 padding: 1 }", lambda: nn.Conv2d(20, 12, 1, 2, 1), ["ln"]),
    ("down.b", "convolution { out: 12 stride: 2 padding: 2 bias: false }",
     lambda: nn.Conv2d(20, 12, 3, 2, 2, bias=False), ["ln"]),
    ("down.c", "convolution { out: 12 kernel: 2 stride: 2 padding: 2 groups: 4 }",
     lambda: nn.Conv2d(20, 12, 2, 2, 2, groups=4), ["ln"]),
    ("down.add", "add {}", stateless(lambda a, b, c: a + b + c), ["down.a", "down.b", "down.c"]),
    ("down.tanh", "activation: TANH", nn.Tanh, ["down.add"]),
    ("pool", "average_pool {}", lambda: nn.AvgPool2d(2), ["down.tanh"]),
    ("gap", "global_average_pool {}", lambda: nn.AdaptiveAvgPool2d(1), ["pool"]),
    ("flat", "flatten {}", nn.Flatten, ["gap"]),
    ("head.fc1", "linear { out: 10 bias: false }", lambda: nn.Linear(12, 10, bias=False), ["flat"]),
    ("head.bn", "batch_norm {}", lambda: nn.BatchNorm1d(10), ["head.fc1"]),
    ("head.sigmoid", "activation: SIGMOID", nn.Sigmoid, ["head.bn"]),
    ("head.ln", "layer_norm { epsilon: 1e-3 }", lambda: nn.LayerNorm(10, eps=1e-3), ["head.sigmoid"]),
    ("head.cat", "concat {}", stateless(lambda a, b: torch.cat((a, b), 1)), ["head.ln", "flat"]),
    ("head.gn", "group_norm { groups: 2 }", lambda: nn.GroupNorm(2, 22), ["head.cat"]),
    ("head.fc2", "linear { out: 5 }", lambda: nn.Linear(22, 5), ["head.gn"]),
]

# Depthwise separable convolutions, no linear layer: the last convolution's channels are the classes.
CONVOLUTIONS = [
    ("conv1", "convolution { out: 6 padding: 1 stride: 2 bias: false }", lambda: nn.Conv2d(3, 6, 3, 2, 1, bias=False),
     ["input"]),
    ("bn1", "batch_norm {}", lambda: nn.BatchNorm2d(6), ["conv1"]),
    ("dw2", "depthwise { padding: 1 stride: 2 }", lambda: nn.Conv2d(6, 6, 3, 2, 1, groups=6), ["bn1"]),
    ("act2", "activation: RELU6", nn.ReLU6, ["dw2"]),
    ("skip", "max_pool {}", lambda: nn.MaxPool2d(2), ["bn1"]),
    ("cat", "concat {}", stateless(lambda a, b: torch.cat((a, b), 1)), ["act2", "skip"]),
    ("conv3", "convolution { out: 7 kernel: 1 }", lambda: nn.Conv2d(12, 7, 1), ["cat"]),
    ("gap", "global_average_pool {}", stateless(lambda x: functional.adaptive_avg_pool2d(x, 1)), ["conv3"]),
    ("flat", "flatten {}", nn.Flatten, ["gap"]),
]
