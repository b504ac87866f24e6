"""Reference numbers of batch normalisation before and after the pooling: `python golden.py`; see ../reference.py.

Besides output and gradients of a batch in training: running values after three batches, and the output of the first in
evaluation then. PyTorch sees the frames of all utterances as one batch, so that no padding counts.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import reference
import torch
from torch import nn

BINS, UNITS = 5, 4


def batch(step):
    return [
        torch.tensor(reference.noise(frames * BINS, 50 + at + 100 * step).astype(np.float64)).reshape(frames, BINS)
        for at, frames in enumerate(reference.FRAMES)
    ]


def made():
    first, linear = nn.BatchNorm1d(BINS).double(), nn.Linear(BINS, UNITS).double()
    second = nn.BatchNorm1d(UNITS, eps=0.001, momentum=0.3).double()
    # Both sides draw an array by its place among all, the running values included.
    for place, layer in ((0, first), (4, linear), (6, second)):
        for index, parameter in enumerate((layer.weight, layer.bias)):
            drawn = 0.5 * reference.noise(parameter.numel(), 1000 + place + index).astype(np.float64)
            parameter.data = torch.tensor(drawn).reshape(parameter.shape)
    return first, linear, second


def forward(first, linear, second, utterances):
    frames = torch.relu(linear(first(torch.cat(utterances)))).split(reference.FRAMES)
    return second(torch.stack([own.mean(0) for own in frames])).reshape(-1)


first, linear, second = made()
output = forward(first, linear, second, batch(0))
(output * torch.tensor(reference.noise(len(output), 17).astype(np.float64))).sum().backward()
gradients, running = {}, {}
gradients["linear.0.weight"] = reference.numbers(linear.weight.grad)
gradients["linear.0.bias"] = reference.numbers(linear.bias.grad)
for index, layer in enumerate((first, second)):
    name = f"batch_norm.{index}"
    gradients[f"{name}.weight"] = reference.numbers(layer.weight.grad)
    gradients[f"{name}.bias"] = reference.numbers(layer.bias.grad)
    gradients[f"{name}.running_mean"] = gradients[f"{name}.running_var"] = [0.0] * layer.num_features
for step in (1, 2):
    forward(first, linear, second, batch(step))
for index, layer in enumerate((first, second)):
    running[f"batch_norm.{index}.running_mean"] = reference.numbers(layer.running_mean)
    running[f"batch_norm.{index}.running_var"] = reference.numbers(layer.running_var)
first.eval(), second.eval()
found = {
    "layers": [
        {"layer": "batch_norm"},
        {"layer": "linear", "units": UNITS},
        {"layer": "time_pool", "how": "mean"},
        {"layer": "batch_norm", "epsilon": 0.001, "momentum": 0.3},
    ],
    "bins": BINS,
    "frames": reference.FRAMES,
    "output": reference.numbers(output),
    "gradients": gradients,
    "running": running,
    "predicted": reference.numbers(forward(first, linear, second, batch(0))),
}
(pathlib.Path(__file__).parent / "golden.json").write_text(json.dumps(found) + "\n")
