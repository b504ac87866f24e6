"""Reference numbers of layer normalisation before and after the pooling: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn

first, second = nn.LayerNorm(5), nn.LayerNorm(5, eps=0.001)
names = [("layer_norm.0.weight", first.weight), ("layer_norm.0.bias", first.bias)]
names += [("layer_norm.1.weight", second.weight), ("layer_norm.1.bias", second.bias)]
reference.write(
    __file__,
    [
        {"layer": "layer_norm"},
        {"layer": "time_pool", "how": "mean"},
        {"layer": "layer_norm", "epsilon": 0.001},
    ],
    5,
    names,
    lambda x: second(first(x).mean(1)),
)
