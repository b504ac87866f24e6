"""Reference numbers of statistics pooling after a fully connected layer: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn

linear = nn.Linear(5, 4)


def forward(x):
    x = torch.relu(linear(x))
    return torch.cat([x.mean(1), torch.sqrt(x.var(1, unbiased=False) + 1e-5)], 1)


reference.write(
    __file__,
    [{"layer": "linear", "units": 4}, {"layer": "statistics_pool"}],
    5,
    [("linear.0.weight", linear.weight), ("linear.0.bias", linear.bias)],
    forward,
)
