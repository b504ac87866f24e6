"""Reference numbers of two residual blocks, one with other channels than its input: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn

first = [nn.Conv1d(3, 4, 3, padding=1), nn.Conv1d(4, 4, 3, padding=1), nn.Conv1d(3, 4, 1, bias=False)]
second = [nn.Conv1d(4, 4, 5, padding=2), nn.Conv1d(4, 4, 5, padding=2)]


def block(x, convs):
    skip = convs[2](x) if len(convs) > 2 else x
    return torch.relu(skip + convs[1](torch.relu(convs[0](x))))


arrays = []
for index, convs in enumerate((first, second)):
    for name, conv in zip(("conv1", "conv2", "skip"), convs):
        arrays += [(f"residual_conv.{index}.{name}.{part}", value) for part, value in conv.named_parameters()]

reference.write(
    __file__,
    [
        {"layer": "residual_conv", "channels": 4},
        {"layer": "residual_conv", "channels": 4, "width": 5},
        {"layer": "time_pool", "how": "mean"},
    ],
    3,
    arrays,
    lambda x: block(block(x.transpose(1, 2), first), second).mean(2),
)
