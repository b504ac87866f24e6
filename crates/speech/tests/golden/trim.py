"""Where librosa trims and splits bursts of noise: writes trim.json beside this file.

usage: python trim.py    (librosa 0.11)
"""

import json
import pathlib

import librosa
import numpy

random = numpy.random.default_rng(5)
cases = []
for rate_hz, frame, hop, top_db, parts in [
    (8000, 200, 80, 40, [(700, 0), (900, 0.2), (1200, 1e-3), (333, 0.05), (901, 1e-4)]),
    (8000, 256, 64, 30, [(411, 0.01), (650, 0.3), (77, 1e-3), (800, 0.02), (500, 1e-4), (401, 0.1)]),
    (16000, 401, 160, 60, [(1000, 1e-5), (1600, 0.5), (900, 1e-5)]),
    (8000, 200, 80, 25, [(600, 0.1), (300, 1e-3), (600, 0.1)]),
]:
    samples = numpy.concatenate([level * random.uniform(-1, 1, length) for length, level in parts])
    # As few digits as a float keeps.
    samples = numpy.round(samples, 7).astype(numpy.float32)
    options = {"top_db": top_db, "frame_length": frame, "hop_length": hop}
    _, trimmed = librosa.effects.trim(samples, **options)
    split = librosa.effects.split(samples, **options)
    cases.append(
        {
            "rate_hz": rate_hz,
            "frame": frame,
            "hop": hop,
            "top_db": top_db,
            "samples": [round(float(sample), 7) for sample in samples],
            "trimmed": [int(bound) for bound in trimmed],
            "split": [[int(start), int(end)] for start, end in split],
        }
    )
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases) + "\n")
