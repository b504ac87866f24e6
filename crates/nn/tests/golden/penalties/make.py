"""Reference numbers of the penalties of domain adaptation, from PyTorch.

Writes `penalties.json`: for each case the loss and the gradient by the embeddings.

Made with Python 3.11, torch 2.15.0 (CPU, float64), numpy 2.4.6:

    python make.py

Inputs are not stored: both sides draw them from the same generator (`noise`, float32 values). Tolerance of the tests: 1e-6
absolute.
"""

import itertools
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
ROWS, WIDTH, CLASSES = 12, 5, 3


def noise(count, seed):
    """Linear congruential generator; values in [-1, 1)."""
    state = (seed * 2654435761 + 1) % 2**32
    out = np.empty(count, np.float32)
    for at in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[at] = np.float32(state >> 8) / np.float32(1 << 23) - np.float32(1)
    return out


def tensor(values):
    return torch.tensor(np.asarray(values, np.float64))


EMBEDDINGS = tensor(noise(ROWS * WIDTH, 1)).reshape(ROWS, WIDTH)
PROBABILITIES = F.softmax(tensor(noise(ROWS * CLASSES, 2)).reshape(ROWS, CLASSES), 1)
WEIGHT = tensor(noise(CLASSES * WIDTH * 2, 3)).reshape(CLASSES * WIDTH, 2)
TWO = [int(row % 3 == 0) for row in range(ROWS)]
THREE = [row % 4 if row % 4 < 3 else None for row in range(ROWS)]


def coral(s, t):
    return (torch.cov(s.T) - torch.cov(t.T)).square().sum() / (4 * s.shape[1] ** 2)


def mmd(s, t):
    rows = torch.cat([s, t])
    distances = (rows[:, None] - rows[None]).square().sum(2)
    mean = distances.detach().sum() / (len(rows) * (len(rows) - 1))
    kernel = torch.stack([torch.exp(-distances / (2 * c * mean)) for c in (0.125, 0.25, 0.5, 1.0, 2.0)]).mean(0)
    n, m = len(s), len(t)
    apart = kernel * (1 - torch.eye(n + m, dtype=kernel.dtype))
    within = apart[:n, :n].sum() / (n * (n - 1)) + apart[n:, n:].sum() / (m * (m - 1))
    return within - 2 * kernel[:n, n:].mean()


def pairs(compare, labels):
    def loss(x):
        groups = sorted({label for label in labels if label is not None})
        of = {group: x[[row for row in range(ROWS) if labels[row] == group]] for group in groups}
        return torch.stack([compare(of[a], of[b]) for a, b in itertools.combinations(groups, 2)]).mean()

    return loss


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -0.7 * gradient


def cdan(x, weights=torch.ones(ROWS, dtype=torch.float64)):
    mapped = torch.bmm(PROBABILITIES.unsqueeze(2), x.unsqueeze(1)).flatten(1)
    labels = torch.tensor([row % 2 for row in range(ROWS)])
    rows = F.cross_entropy(Reverse.apply(mapped) @ WEIGHT, labels, reduction="none")
    return (weights * rows).sum() / weights.sum()


def conditioned_cdan(x):
    entropy = torch.distributions.Categorical(probs=PROBABILITIES).entropy()
    return cdan(x, 1 + torch.exp(-entropy))


CASES = {
    "coral": pairs(coral, TWO),
    "coral of three groups": pairs(coral, THREE),
    "mmd": pairs(mmd, TWO),
    "mmd of three groups": pairs(mmd, THREE),
    "cdan": cdan,
    "cdan with entropy conditioning": conditioned_cdan,
}


def numbers(values):
    return [float(f"{value:.9g}") for value in values.detach().reshape(-1).tolist()]


found = {}
for name, loss in CASES.items():
    x = EMBEDDINGS.clone().requires_grad_()
    value = loss(x)
    value.backward()
    found[name] = {"loss": numbers(value)[0], "gradient": numbers(x.grad)}
(HERE / "penalties.json").write_text(json.dumps(found, indent=1) + "\n")
