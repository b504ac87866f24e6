"""Reference numbers of weighted sums of parts, of frames and of a vector: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn

first, second = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(2))


def weighted(x, weights):
    x = x.reshape(*x.shape[:-1], len(weights), -1)
    return (torch.softmax(weights, 0)[:, None] * x).sum(-2)


reference.write(
    __file__,
    [
        {"layer": "weighted_sum", "parts": 3},
        {"layer": "time_pool", "how": "mean"},
        {"layer": "weighted_sum", "parts": 2},
    ],
    12,
    [("weighted_sum.0.weights", first), ("weighted_sum.1.weights", second)],
    lambda x: weighted(weighted(x, first).mean(1), second),
)
