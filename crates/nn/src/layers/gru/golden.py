"""Reference numbers of two bidirectional layers of gated recurrent units: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn

layers = nn.GRU(5, 4, num_layers=2, bidirectional=True, batch_first=True).double()
arrays = []
for layer in range(2):
    for suffix in ("", "_reverse"):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            arrays.append((f"gru.{layer}.{part}{suffix}", getattr(layers, f"{part}_l{layer}{suffix}")))

reference.write(
    __file__,
    [{"layer": "gru", "units": 4, "bidirectional": True, "layers": 2}, {"layer": "time_pool", "how": "mean"}],
    5,
    arrays,
    lambda x: layers(x)[0].mean(1),
)
