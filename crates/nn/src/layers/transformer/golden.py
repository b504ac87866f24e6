"""Reference numbers of transformer encoder layers, normalised after and before: `python golden.py`; see ../reference.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import reference
import torch
from torch import nn


def block(norm_first):
    return nn.TransformerEncoderLayer(
        6, 2, dim_feedforward=5, dropout=0.0, batch_first=True, norm_first=norm_first
    ).double()


def positions(frames, width):
    at = torch.arange(width) // 2 * 2
    angles = torch.arange(frames)[:, None] / 10000 ** (at / width)
    return torch.where(torch.arange(width) % 2 == 0, angles.sin(), angles.cos()).double()


PARTS = ["self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias"]
PARTS += [f"linear{n}.{part}" for n in (1, 2) for part in ("weight", "bias")]
PARTS += [f"norm{n}.{part}" for n in (1, 2) for part in ("weight", "bias")]
blocks = [block(False), block(True)]
arrays = []
for index, own in enumerate(blocks):
    named = dict(own.named_parameters())
    arrays += [(f"transformer.{index}.{part}", named[part]) for part in PARTS]

reference.write(
    __file__,
    [
        {"layer": "transformer", "heads": 2, "units": 5},
        {"layer": "transformer", "heads": 2, "units": 5, "norm_first": True, "positions": "none"},
        {"layer": "time_pool", "how": "mean"},
    ],
    6,
    arrays,
    lambda x: blocks[1](blocks[0](x + positions(x.shape[1], 6))).mean(1),
)
