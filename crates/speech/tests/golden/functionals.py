"""Functionals of drawn features, by NumPy and SciPy: writes functionals.json beside this file.

usage: python functionals.py    (NumPy 2.4, SciPy 1.17)
"""

import json
import pathlib

import numpy
import scipy.stats

random = numpy.random.default_rng(7)
values = (random.gamma(2.0, 1.5, (9, 3)) + [0.0, -40.0, 1000.0]).astype(numpy.float32)
x = values.astype(numpy.float64)
frames = numpy.arange(len(x))
functionals = [
    x.mean(0),
    x.std(0),
    x.min(0),
    x.max(0),
    numpy.ptp(x, 0),
    numpy.polyfit(frames, x, 1)[0],
    scipy.stats.skew(x, 0),
    scipy.stats.kurtosis(x, 0),
    *numpy.percentile(x, [0, 10, 50, 99, 100], 0),
]
golden = {
    "frames": len(x),
    "values": values.ravel().tolist(),
    "functionals": numpy.concatenate(functionals).tolist(),
}
path = pathlib.Path(__file__).with_name("functionals.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
