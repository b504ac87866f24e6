"""Reference numbers of self-attentive pooling: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn

hidden, score = nn.Linear(5, 4), nn.Linear(4, 2, bias=False)


def forward(x):
    weights = torch.softmax(score(torch.tanh(hidden(x))), 1)
    return weights.transpose(1, 2) @ x


reference.write(
    __file__,
    [{"layer": "attention_pool", "units": 4, "heads": 2}],
    5,
    [
        ("attention_pool.0.hidden.weight", hidden.weight),
        ("attention_pool.0.hidden.bias", hidden.bias),
        ("attention_pool.0.score.weight", score.weight),
    ],
    forward,
)
