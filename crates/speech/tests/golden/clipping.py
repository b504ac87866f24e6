"""Reference numbers of clipping, from audiomentations.

Made with Python 3.11, audiomentations 0.43.1, numpy 2.4.6:

    python clipping.py

It rounds half of the percentage down to a whole number, so the percentages here are even.
Samples are not stored: both sides draw them from the same generator (`noise`). Tolerance of the test: 1e-6.
"""

import json
import pathlib

import numpy as np
from audiomentations import ClippingDistortion


def noise(count, seed):
    """Linear congruential generator; values in [-1, 1)."""
    state = (seed * 2654435761 + 1) % 2**32
    out = np.empty(count, np.float32)
    for at in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[at] = np.float32(state >> 8) / np.float32(1 << 23) - np.float32(1)
    return out


def clipped(count, percent):
    transform = ClippingDistortion(percent, percent, p=1.0)
    samples = transform(noise(count, 3), sample_rate=16000)
    return [float(f"{sample:.9g}") for sample in samples.astype(np.float64).tolist()]


CASES = [(200, 0), (200, 10), (200, 36), (101, 40), (7, 60)]
cases = [{"samples": count, "percent": percent, "clipped": clipped(count, percent)} for count, percent in CASES]
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")
