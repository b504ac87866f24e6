"""Makes reference numbers of the resampler: sums of tones, and what SoX's resampler at very high quality says.

Made with Python 3.11, soxr 1.1.0 and numpy 2.4.6 (x86-64). Run in this folder:

    pip install soxr==1.1.0 numpy==2.4.6
    python make.py

Writes <from>.i16 (16-bit little-endian samples at that rate) and <from>_<to>.f32 (32-bit little-endian) for each pair.
The tones lie below 0.85 of the lower Nyquist frequency, inside the passband of both; the two programs cut off
differently above it. Tolerance of the test: 1e-5 of full scale, away from the ends by a tenth of the signal.
"""

import numpy as np
import soxr

rng = np.random.default_rng(7)

for rate, to in [(48000, 16000), (44100, 16000), (24414, 16000), (22050, 16000), (8000, 16000)]:
    n = rate // 10
    t = np.arange(n) / rate
    top = 0.85 * min(rate, to) / 2
    x = sum(0.03 * np.sin(2 * np.pi * f * t + p) for f, p in zip(rng.uniform(50, top, 20), rng.uniform(0, 6, 20)))
    samples = np.round(x * 32767).astype("<i2")
    # Rounding adds a little noise in the stopband too; it is the same input for both.
    samples.tofile(f"{rate}.i16")
    soxr.resample(samples / 32768.0, rate, to, quality="VHQ").astype("<f4").tofile(f"{rate}_{to}.f32")
