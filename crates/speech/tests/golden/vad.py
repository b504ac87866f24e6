"""A statistical voice activity detector, written down with NumPy and SciPy: writes vad.json beside this file.

Ratios of likelihoods of frames, and what is kept, for bursts like syllables in noise. The method and its sources are those of
src/dsp/vad; this file shares no code with it. Tests compare ratios to 1e-3 dB.

usage: python vad.py    (NumPy 2.4, SciPy 1.17)
"""

import json
import pathlib

import numpy
from scipy.special import i0e, i1e

SILENT_POWER = 1e-11


def frames_of(samples, length, hop):
    """[frames, length]: middles are a hop apart, the first at the first sample, with zeros around."""
    count = 1 + len(samples) // hop
    padded = numpy.concatenate([numpy.zeros(length // 2), samples, numpy.zeros(length + hop)])
    return padded[numpy.arange(count)[:, None] * hop + numpy.arange(length)]


def noise_of(powers, silent, window):
    """The noise of each frame: quartiles of windows, shared by blocks of an eighth of a window."""
    count, block = len(powers), max(window // 8, 1)
    noise = numpy.full_like(powers, SILENT_POWER)
    for first in range(0, count, block):
        start = max(first + block // 2 - window // 2, 0)
        start = min(start, max(count - window, 0))
        heard = powers[start : start + window][~silent[start : start + window]]
        if len(heard):
            rank = len(heard) // 4
            # The mean of this order statistic of as many values with an exponential distribution of mean 1.
            mean = (1 / (len(heard) - numpy.arange(rank + 1))).sum()
            noise[first : first + block] = smoothed(numpy.sort(heard, axis=0)[rank] / mean)
    return numpy.maximum(noise, SILENT_POWER)


def smoothed(values):
    """Each the mean of it and two on either side, as far as they are there."""
    weights = numpy.ones(5)
    return numpy.convolve(values, weights)[2:-2] / numpy.convolve(numpy.ones(len(values)), weights)[2:-2]


def ratios_db(samples, rate_hz, frame, hop, window):
    frames = frames_of(samples, frame, hop)
    silent = (frames**2).sum(axis=1) / frame < SILENT_POWER
    hann = 0.5 - 0.5 * numpy.cos(2 * numpy.pi * numpy.arange(frame) / frame)
    size = 1 << (frame - 1).bit_length()
    hz = numpy.arange(size // 2 + 1) * rate_hz / size
    counts = (hz >= 80) & (hz <= 8000) & (hz < rate_hz / 2)
    powers = (abs(numpy.fft.rfft(frames * hann, size)) ** 2 / (hann**2).sum())[:, counts]
    noise = noise_of(powers, silent, window)
    to_speech, to_pause = min(hop / rate_hz / 0.05, 0.5), min(hop / rate_hz / 0.1, 0.5)
    odds, amplitude, ratios = to_speech / to_pause, numpy.zeros(powers.shape[1]), []
    for power, floor, is_silent in zip(powers, noise, silent):
        log_ratio = 0.0
        if is_silent:
            amplitude[:] = 0
        else:
            posterior = numpy.minimum(power / floor, 1000)
            prior = 0.98 * amplitude + 0.02 * numpy.maximum(posterior - 1, 0)
            v = prior / (1 + prior) * posterior
            gain = numpy.sqrt(numpy.pi * v) / 2 / posterior * ((1 + v) * i0e(v / 2) + v * i1e(v / 2))
            amplitude = gain**2 * posterior
            log_ratio = numpy.mean(v - numpy.log1p(prior))
        odds = (to_speech + (1 - to_pause) * odds) / (1 - to_speech + to_pause * odds) * numpy.exp(log_ratio)
        ratios.append(-numpy.inf if is_silent else 10 * numpy.log10(to_pause / to_speech * odds))
    return numpy.array(ratios)


def kept(speech, count, hop, margin, longest):
    """Ranges that stay of `count` samples: those of speech, each pause cut to its longest, and margins at the ends."""
    stays = numpy.zeros(count, bool)
    on = numpy.flatnonzero(speech)
    if len(on) == 0:
        return [[0, count]]
    start, end = max(on[0] * hop - margin, 0), min((on[-1] + 1) * hop, count) + margin
    stays[start : min(end, count)] = True
    for last, first in zip(on, on[1:]):
        pause = (first - last - 1) * hop
        if longest is not None and pause > longest:
            stays[(last + 1) * hop + longest // 2 : first * hop - (longest + 1) // 2] = False
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], stays, [0]])))
    return edges.reshape(-1, 2).tolist()


def voiced(random, rate_hz, seconds, pitch_hz):
    """Harmonics under three formants, that swell and fade."""
    time = numpy.arange(round(seconds * rate_hz)) / rate_hz
    sound = numpy.zeros(len(time))
    for number in range(1, int(0.45 * rate_hz / pitch_hz)):
        hz = number * pitch_hz
        level = sum(numpy.exp(-(((hz - at) / 150) ** 2)) for at in (500, 1500, 2500)) + 0.03
        sound += level * numpy.sin(2 * numpy.pi * (hz * time + random.uniform()))
    return sound * numpy.sin(numpy.pi * time / seconds) ** 0.5


random = numpy.random.default_rng(1)
cases = []
# Rate, frame, hop, window, margin, longest pause; parts: seconds of pause or speech; noise: level, colour, seconds without it.
for rate_hz, frame, hop, window, margin, longest, parts, (level, slope, gap_s) in [
    (8000, 200, 80, 300, 800, None, [0.5, (0.4, 120), 0.2, (0.3, 150), 0.4], (0.01, 0.0, 0.0)),
    (8000, 200, 80, 60, 0, 400, [0.4, (0.2, 200), 0.5, (0.3, 140), 0.2], (0.02, 0.5, 0.2)),
    (16000, 320, 128, 50, 161, 333, [0.2, (0.25, 110), 0.25], (0.03, 0.5, 0.0)),
    (8000, 160, 240, 20, 0, 0, [0.3, (0.3, 170), 0.3], (0.001, 0.0, 0.25)),
    (8000, 200, 80, 300, 0, None, [0.3], (0.02, 0.0, 0.0)),
    (8000, 200, 80, 300, 0, None, [0.001], (0.02, 0.0, 0.0)),
]:
    clean = numpy.concatenate(
        [
            0.05 * voiced(random, rate_hz, *part) if isinstance(part, tuple) else numpy.zeros(round(part * rate_hz))
            for part in parts
        ]
    )
    spectrum = numpy.fft.rfft(random.standard_normal(len(clean)))
    spectrum /= numpy.maximum(numpy.arange(len(spectrum)), 1) ** slope
    noise = numpy.fft.irfft(spectrum, len(clean))
    noise *= level / noise.std()
    noise[: round(gap_s * rate_hz)] = 0
    samples = numpy.round((clean + noise) * 32768).astype(int)
    ratios = ratios_db(samples / 32768, rate_hz, frame, hop, window)
    threshold_db = 0.7
    # Nothing here hangs on rounding.
    assert abs(ratios - threshold_db).min() > 0.002
    cases.append(
        {
            "rate_hz": rate_hz,
            "frame": frame,
            "hop": hop,
            "window": window,
            "margin": margin,
            "longest": longest,
            "threshold_db": threshold_db,
            "samples": samples.tolist(),
            "ratios_db": [None if ratio == -numpy.inf else round(ratio, 5) for ratio in ratios.tolist()],
            "kept": kept(ratios > threshold_db, len(samples), hop, margin, longest),
        }
    )
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
