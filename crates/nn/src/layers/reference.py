"""What the scripts of the layers' reference numbers share.

Made with Python 3.11, torch 2.15.0 (CPU, float64, one thread), numpy 2.4.6. Each layer's `golden.py` writes the
`golden.json` beside it. Features and arrays are not stored: both sides draw them from the same generator (`noise`).
Tolerance of the tests: 1e-4, relative to the larger of the value and the root mean square of its array.
"""

import json
import pathlib

import numpy as np
import torch

torch.set_num_threads(1)
FRAMES = [6, 1, 9, 4]


def noise(count, seed):
    """Linear congruential generator; values in [-1, 1)."""
    state = (seed * 2654435761 + 1) % 2**32
    out = np.empty(count, np.float32)
    for at in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[at] = np.float32(state >> 8) / np.float32(1 << 23) - np.float32(1)
    return out


def write(script, layers, bins, arrays, forward):
    """Runs `forward(frames [1, frames, bins])` for each utterance; `arrays` are (name, parameter) in the encoder's order."""
    for index, (_, parameter) in enumerate(arrays):
        drawn = 0.5 * noise(parameter.numel(), 1000 + index).astype(np.float64)
        parameter.data = torch.tensor(drawn).reshape(parameter.shape)
    outputs = []
    for at, frames in enumerate(FRAMES):
        drawn = noise(frames * bins, 50 + at).astype(np.float64)
        outputs.append(forward(torch.tensor(drawn).reshape(1, frames, bins)).reshape(-1))
    output = torch.cat(outputs)
    (output * torch.tensor(noise(len(output), 17).astype(np.float64))).sum().backward()
    found = {
        "layers": layers,
        "bins": bins,
        "frames": FRAMES,
        "output": numbers(output),
        "gradients": {name: numbers(parameter.grad) for name, parameter in arrays},
    }
    path = pathlib.Path(script).parent / "golden.json"
    path.write_text(json.dumps(found) + "\n")


def numbers(values):
    return [float(f"{value:.8g}") for value in values.detach().reshape(-1).tolist()]
