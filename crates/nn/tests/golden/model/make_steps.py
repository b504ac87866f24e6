"""Reference numbers of training steps, from PyTorch.

Writes `steps.json` (a small network: losses, gradients and weights after three SGD steps with
momentum, for baseline, MTL, GR and AD) and `paper.json` (the paper's network: output, loss and
projections of its gradient).

Made with Python 3.11, torch 2.15.0 (CPU, float32, one thread), numpy 2.4.6:

    python make_steps.py

First weights and features are not stored: both sides draw them from the same generator (`noise`).
Tolerance of the tests: 1e-4, relative to the larger of the value and the root mean square of its array.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, softmax

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
HERE = pathlib.Path(__file__).parent


def noise(count, seed):
    """Linear congruential generator; values in [-1, 1)."""
    state = (seed * 2654435761 + 1) % 2**32
    out = np.empty(count, np.float32)
    for at in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[at] = np.float32(state >> 8) / np.float32(1 << 23) - np.float32(1)
    return out


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return x.clone()

    @staticmethod
    def backward(_, gradient):
        return -gradient


class Shared(nn.Module):
    def __init__(self, bins, channels, blocks, units):
        super().__init__()
        sizes = [bins] + [channels] * blocks
        self.conv = nn.ModuleList(
            nn.Conv1d(a, b, 5, padding=2) for a, b in zip(sizes, sizes[1:])
        )
        self.lstm = nn.LSTM(channels, units, bidirectional=True, batch_first=True)
        self.minimum = 1
        for _ in range(blocks):
            self.minimum = (self.minimum - 1) * 2 + 3

    def forward(self, utterances):
        # One at a time: no padding that could leak.
        out = []
        for x in utterances:
            if x.shape[0] < self.minimum:
                x = torch.cat([x, torch.zeros(self.minimum - x.shape[0], x.shape[1])])
            x = x.T[None]
            for conv in self.conv:
                x = nn.functional.max_pool1d(torch.relu(conv(x)), 3, 2)
            _, (h, _) = self.lstm(x.transpose(1, 2))
            out.append(torch.cat([h[0, 0], h[1, 0]]))
        return torch.stack(out)


def named(shared, emotion, heads, discriminators):
    """Parameters in the order and under the names of the model file."""
    names = []
    for index, conv in enumerate(shared.conv):
        names += [(f"conv.{index}.weight", conv.weight), (f"conv.{index}.bias", conv.bias)]
    for suffix in ("", "_reverse"):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            names.append((f"lstm.0.{part}{suffix}", getattr(shared.lstm, f"{part}_l0{suffix}")))
    names += [("emotion.weight", emotion.weight), ("emotion.bias", emotion.bias)]
    for attribute, head in heads.items():
        names += [(f"head.{attribute}.weight", head.weight), (f"head.{attribute}.bias", head.bias)]
    for attribute, layers in discriminators.items():
        for index, layer in enumerate(l for l in layers if isinstance(l, nn.Linear)):
            name = f"discriminator.{attribute}.{index}"
            names += [(f"{name}.weight", layer.weight), (f"{name}.bias", layer.bias)]
    return names


def fill(names):
    """Draws first values: 1.5 / sqrt(fan in) times noise, seeded by the position in the list."""
    for index, (_, parameter) in enumerate(names):
        fan_in = parameter[0].numel()
        scale = np.float32(1.5 / math.sqrt(fan_in))
        values = noise(parameter.numel(), 1000 + index) * scale
        parameter.data = torch.from_numpy(values).reshape(parameter.shape).clone()


def numbers(tensor):
    flat = tensor.detach().reshape(-1).double().tolist()
    return [float(f"{value:.8g}") for value in flat]


def summary(tensor, seed):
    """Large arrays: the first values and projections on noise."""
    flat = tensor.detach().reshape(-1).double().numpy()
    base = noise(997, seed).astype(np.float64)
    weight = np.resize(base, flat.size)
    square = math.sqrt(float(np.sum(flat * flat)))
    return {"first": [float(f"{v:.8g}") for v in flat[:8]], "norm": square, "projection": float(flat @ weight)}


LENGTHS = [31, 9, 18, 40, 3]
BINS = 6
EMOTION = torch.tensor([0, 2, 1, 2, 0])
# -100: not documented.
LABELS = {"corpus": torch.tensor([0, 1, 2, 1, 0]), "gender": torch.tensor([1, 0, -100, 0, 1])}
SIZES = {"corpus": 3, "gender": 2}


def features(lengths, bins):
    return [torch.from_numpy(noise(n * bins, 50 + at)).reshape(n, bins) for at, n in enumerate(lengths)]


def discriminator(labels):
    return nn.Sequential(nn.Linear(3, 1000), nn.ReLU(), nn.Linear(1000, 1000), nn.ReLU(), nn.Linear(1000, labels))


def case(mode, attributes, alpha, weighted=None):
    shared, emotion = Shared(BINS, 8, 2, 6), nn.Linear(12, 3)
    heads, discriminators = {}, {}
    for attribute in attributes:
        if mode == "discriminator":
            discriminators[attribute] = discriminator(SIZES[attribute])
        else:
            heads[attribute] = nn.Linear(12, SIZES[attribute])
    names = named(shared, emotion, heads, discriminators)
    fill(names)
    adversaries = [p for layers in discriminators.values() for p in layers.parameters()]
    ours = [p for _, p in names if all(p is not other for other in adversaries)]
    optimiser = torch.optim.SGD(ours, lr=0.05, momentum=0.9)
    against = {a: torch.optim.SGD(d.parameters(), lr=0.05, momentum=0.9) for a, d in discriminators.items()}
    batch = features(LENGTHS, BINS)
    class_weights = None if weighted is None else torch.tensor(weighted)
    count = max(len(attributes), 1)
    steps, gradients, probabilities = [], None, None
    for step in range(3):
        x = shared(batch)
        logits = emotion(x)
        y = softmax(logits, 1)
        loss = cross_entropy(logits, EMOTION, weight=class_weights)
        total = (1 - alpha) * loss if attributes else loss
        each = []
        for attribute in attributes:
            labels = LABELS[attribute]
            if mode == "discriminator":
                against[attribute].zero_grad()
                own = cross_entropy(discriminators[attribute](y.detach()), labels)
                own.backward()
                against[attribute].step()
                each.append(own.item())
                total = total - alpha / count * cross_entropy(discriminators[attribute](y), labels)
            else:
                z = Reverse.apply(x) if mode == "grad_reverse" else x
                own = cross_entropy(heads[attribute](z), labels)
                each.append(own.item())
                total = total + alpha / count * own
        optimiser.zero_grad()
        total.backward()
        if step == 0:
            probabilities = numbers(y)
            gradients = {n: numbers(p.grad) for n, p in names if any(p is q for q in ours)}
        steps.append({"total": total.item(), "emotion": loss.item(), "attributes": each})
        optimiser.step()
    large = {n: summary(p, 7) for n, p in names if p.numel() > 2000}
    return {
        "mode": mode, "attributes": attributes, "alpha": alpha, "class_weights": weighted,
        "probabilities": probabilities, "steps": steps, "gradients": gradients,
        "weights": {n: numbers(p) for n, p in names if p.numel() <= 2000 and not n.startswith("disc")},
        "large": large,
    }


def paper():
    """The paper's network: 1,760,000 shared parameters."""
    shared, emotion = Shared(40, 256, 3, 256), nn.Linear(512, 3)
    names = named(shared, emotion, {}, {})
    assert sum(p.numel() for n, p in names if not n.startswith("emotion")) == 1_760_000
    fill(names)
    logits = emotion(shared(features([200, 57, 123], 40)))
    loss = cross_entropy(logits, torch.tensor([0, 1, 2]))
    loss.backward()
    return {
        "probabilities": numbers(softmax(logits, 1)),
        "loss": loss.item(),
        "gradients": {n: summary(p.grad, 7) for n, p in names},
    }


CASES = {
    "baseline": ("shared", [], 0.0),
    "baseline_weighted": ("shared", [], 0.0, [0.5, 1.0, 2.0]),
    "mtl": ("shared", ["corpus", "gender"], 0.1),
    "gr_0": ("grad_reverse", ["corpus", "gender"], 0.0),
    "gr_025": ("grad_reverse", ["corpus", "gender"], 0.25),
    "gr_05": ("grad_reverse", ["corpus", "gender"], 0.5),
    "ad": ("discriminator", ["corpus", "gender"], 0.5),
}

(HERE / "steps.json").write_text(json.dumps({name: case(*spec) for name, spec in CASES.items()}) + "\n")
(HERE / "paper.json").write_text(json.dumps(paper()) + "\n")
