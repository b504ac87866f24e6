"""Reference numbers of the losses of tasks, from PyTorch.

Writes `losses.json`: for each case the loss and the gradient by the inputs.

Made with Python 3.11, torch 2.15.0 (CPU, float64), numpy 2.4.6:

    python make.py

Inputs are not stored: both sides draw them from the same generator (`noise`, float32 values). PyTorch has no focal loss
over classes and no concordance loss; these are written with its tensors, as the docstrings of the operations say.
Tolerance of the tests: 1e-6 absolute.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
ROWS, CLASSES = 6, 4


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


LOGITS = 3 * tensor(noise(ROWS * CLASSES, 1)).reshape(ROWS, CLASSES)
TARGETS = torch.tensor([3, 0, 1, 1, 2, 0])
WEIGHTS = tensor([0.5, 1.0, 2.0, 4.0])
SHARES = tensor(np.abs(noise(ROWS * CLASSES, 2))).reshape(ROWS, CLASSES)
SHARES = SHARES / SHARES.sum(1, keepdim=True)
NUMBERS, TRUTH = tensor(noise(9, 3)), tensor(noise(9, 4))


def focal(x, gamma):
    log = F.log_softmax(x, 1)[torch.arange(ROWS), TARGETS]
    weight = WEIGHTS[TARGETS]
    return (-(weight * (1 - log.exp()) ** gamma * log)).sum() / weight.sum()


def soft_focal(x, gamma):
    log = F.log_softmax(x, 1)
    return (-(SHARES * WEIGHTS * (1 - log.exp()) ** gamma * log)).sum() / ROWS


def concordance(x):
    covariance = ((x - x.mean()) * (TRUTH - TRUTH.mean())).mean()
    variances = x.var(unbiased=False) + TRUTH.var(unbiased=False)
    return 1 - 2 * covariance / (variances + (x.mean() - TRUTH.mean()) ** 2)


CASES = {
    "cross_entropy": (LOGITS, lambda x: F.cross_entropy(x, TARGETS, WEIGHTS)),
    "smoothed": (LOGITS, lambda x: F.cross_entropy(x, TARGETS, WEIGHTS, label_smoothing=0.1)),
    "shares": (LOGITS, lambda x: F.cross_entropy(x, SHARES, WEIGHTS)),
    "smoothed shares": (LOGITS, lambda x: F.cross_entropy(x, SHARES, WEIGHTS, label_smoothing=0.2)),
    "focal 2": (LOGITS, lambda x: focal(x, 2.0)),
    "focal 0.5": (LOGITS, lambda x: focal(x, 0.5)),
    "focal 2 of shares": (LOGITS, lambda x: soft_focal(x, 2.0)),
    "ccc": (NUMBERS, concordance),
    "mse": (NUMBERS, lambda x: F.mse_loss(x, TRUTH)),
    "mae": (NUMBERS, lambda x: F.l1_loss(x, TRUTH)),
}

out = {}
for name, (values, loss) in CASES.items():
    x = values.clone().requires_grad_()
    value = loss(x)
    value.backward()
    out[name] = {"loss": value.item(), "gradient": x.grad.flatten().tolist()}
(HERE / "losses.json").write_text(json.dumps(out, indent=1) + "\n")
