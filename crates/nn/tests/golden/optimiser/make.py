"""Reference numbers of optimisers and learning-rate schedules, from PyTorch.

Writes `steps.json` (values after 20 steps of each rule) and `schedules.json` (learning rates).

Made with Python 3.11, torch 2.15.0 (CPU, float32, one thread), numpy 2.4.6:

    python make.py

First values and gradients are not stored: both sides draw them from the same generator (`noise`).
Tolerance of the tests: 2e-6 absolute for values below 2, 1e-12 relative for learning rates.
"""

import json
import pathlib
import warnings

import numpy as np
import torch
from torch.optim.lr_scheduler import ChainedScheduler, CosineAnnealingLR, LinearLR, StepLR

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
VALUES = 40


def noise(count, seed):
    """Linear congruential generator; values in [-1, 1)."""
    state = (seed * 2654435761 + 1) % 2**32
    out = np.empty(count, np.float32)
    for at in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[at] = np.float32(state >> 8) / np.float32(1 << 23) - np.float32(1)
    return out


def after_steps(make):
    values = torch.nn.Parameter(torch.from_numpy(noise(VALUES, 1)))
    optimiser = make([values])
    for step in range(1, 21):
        values.grad = torch.from_numpy(noise(VALUES, 100 + step))
        optimiser.step()
    return [float(f"{v:.9g}") for v in values.detach().double().tolist()]


ADAM = {"lr": 0.01, "betas": (0.9, 0.98), "eps": 1e-6}
RMSPROP = {"lr": 0.01, "alpha": 0.95, "eps": 1e-6}
RULES = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "sgd_decay": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, **ADAM),
    "adam_decay": lambda p: torch.optim.Adam(p, weight_decay=0.1, **ADAM),
    "adamw": lambda p: torch.optim.AdamW(p, weight_decay=0.0, **ADAM),
    "adamw_decay": lambda p: torch.optim.AdamW(p, weight_decay=0.1, **ADAM),
    "rmsprop": lambda p: torch.optim.RMSprop(p, **RMSPROP),
    "rmsprop_decay": lambda p: torch.optim.RMSprop(p, weight_decay=0.1, **RMSPROP),
}


def rates(make, count):
    """The learning rate before each of `count` scheduler steps, from 0.5."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = make(optimiser)
    out = []
    for _ in range(count):
        out.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return out


SCHEDULES = {
    # Per epoch, 12 epochs. PyTorch's cosine reaches its end at epoch T_max, ours at the last one.
    "step": rates(lambda o: StepLR(o, step_size=3, gamma=0.25), 12),
    "cosine": rates(lambda o: CosineAnnealingLR(o, T_max=11, eta_min=0.5 * 0.01), 12),
    # Per update, 8 updates of warm-up.
    "warm_up": rates(lambda o: LinearLR(o, start_factor=1 / 8, total_iters=7), 12),
    # 4 updates an epoch, halved after each, 6 updates of warm-up.
    "warm_up_step": rates(
        lambda o: ChainedScheduler(
            [LinearLR(o, start_factor=1 / 6, total_iters=5), StepLR(o, step_size=4, gamma=0.5)]
        ),
        12,
    ),
}

(HERE / "steps.json").write_text(json.dumps({name: after_steps(make) for name, make in RULES.items()}) + "\n")
(HERE / "schedules.json").write_text(json.dumps(SCHEDULES) + "\n")
