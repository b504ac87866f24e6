"""Makes the reference numbers of the filterbank: signals, options, and what kaldi-native-fbank says of them.

Made with Python 3.11, kaldi-native-fbank 1.23.0 and numpy 2.4.6 (x86-64). Run in this folder:

    pip install kaldi-native-fbank==1.23.0 numpy==2.4.6
    python make.py

Writes <signal>.i16 (16-bit little-endian samples), <case>.f32 (32-bit little-endian, row-major [frames, bins]) and
cases.json. The options are those of our FbankOptions; samples go to Kaldi as 16-bit values.
Tolerance of the test: 1e-3 in the log-mel value, absolute.

Two signals are computed tones without any noise, which no recording is. There both programs end at the rounding of
32-bit floats far below the tone: against the same chain in float64, kaldi-native-fbank is off by up to 0.011 (tone)
and 0.081 (chirp), ours by 0.008 and 0.066, all more than 80 dB below the frame's loudest filter. For these two the
tolerance holds down to `floor_db` below it. The tone with the noise of a quiet room, at -66 dB of full scale, has no exception.
"""

import json

import kaldi_native_fbank as knf
import numpy as np

RATE = 16000
rng = np.random.default_rng(20240507)


def quantise(x):
    return np.clip(np.round(x * 32767), -32768, 32767).astype("<i2")


def recorded(x):
    """Quantised, with the noise of a quiet room at -66 dB of full scale."""
    return quantise(x + 0.0005 * rng.standard_normal(len(x)))


def speech_like(seconds, rate=RATE):
    """Glottal pulses with a falling pitch through three moving resonances, with a breath of noise and pauses."""
    n = int(seconds * rate)
    t = np.arange(n) / rate
    pitch = 140 - 40 * t / seconds + 6 * np.sin(2 * np.pi * 5 * t)
    phase = np.cumsum(pitch / rate)
    source = np.diff(np.floor(phase), prepend=0.0) + 0.01 * rng.standard_normal(n)
    out = source
    for centre, width, sweep in ((600, 80, 200), (1300, 110, -300), (2600, 160, 150)):
        y = np.zeros(n)
        y1 = y2 = 0.0
        for i in range(n):
            f = centre + sweep * np.sin(2 * np.pi * 1.7 * t[i])
            r = np.exp(-np.pi * width / rate)
            y0 = out[i] + 2 * r * np.cos(2 * np.pi * f / rate) * y1 - r * r * y2
            y[i], y2, y1 = y0, y1, y0
        out = y / np.max(np.abs(y))
    envelope = np.clip(np.sin(2 * np.pi * 2.1 * t) * 2 + 0.8, 0, 1)
    return quantise(0.6 * out * envelope)


def tone(hz, amplitude, n):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(n) / RATE)


def chirp(amplitude, n):
    t = np.arange(n) / RATE
    return amplitude * np.sin(2 * np.pi * (50 * t + 7500 * t**2))


signals = {
    "speech": speech_like(0.9),
    "noise": quantise(0.1 * rng.standard_normal(6000)),
    "tone": recorded(tone(1000, 0.5, 4000)),
    "tone_computed": quantise(tone(1000, 0.5, 4000)),
    "chirp_computed": quantise(chirp(0.3, 8000)),
    "silence": np.zeros(2000, "<i2"),
    "short": speech_like(0.0251),
    "offset": quantise(0.25 + 0.05 * rng.standard_normal(3000)),
    "quiet": rng.integers(-2, 3, 3000).astype("<i2"),
}

cases = [
    ("speech_default", "speech", {}),
    ("noise_default", "noise", {}),
    ("tone_default", "tone", {}),
    ("tone_computed", "tone_computed", {}),
    ("chirp_computed", "chirp_computed", {}),
    ("silence_default", "silence", {}),
    ("short_default", "short", {}),
    ("offset_default", "offset", {}),
    ("quiet_default", "quiet", {}),
    ("speech_mirrored", "speech", {"snip_edges": False}),
    ("short_mirrored", "short", {"snip_edges": False, "frame_length_ms": 64.0}),
    ("speech_80", "speech", {"bins": 80, "low_hz": 60.0, "high_hz": -400.0}),
    ("speech_hamming", "speech", {"window": "hamming", "preemphasis": 0.0, "bins": 23}),
    ("speech_hann", "speech", {"window": "hann", "use_power": False}),
    ("speech_blackman", "speech", {"window": "blackman", "high_hz": 7600.0}),
    ("noise_sine", "noise", {"window": "sine", "remove_dc": False}),
    ("noise_rectangular", "noise", {"window": "rectangular", "frame_length_ms": 32.0, "frame_shift_ms": 8.0}),
    ("noise_8k", "noise", {"sample_rate_hz": 8000, "bins": 23}),
    ("noise_44k", "noise", {"sample_rate_hz": 44100}),
    ("offset_22k", "offset", {"sample_rate_hz": 22050, "frame_length_ms": 20.0}),
]

KALDI_WINDOW = {"hann": "hanning"}


def reference(samples, options):
    o = knf.FbankOptions()
    f = o.frame_opts
    f.samp_freq = options.get("sample_rate_hz", RATE)
    f.dither = 0.0
    f.frame_length_ms = options.get("frame_length_ms", 25.0)
    f.frame_shift_ms = options.get("frame_shift_ms", 10.0)
    window = options.get("window", "povey")
    f.window_type = KALDI_WINDOW.get(window, window)
    f.preemph_coeff = options.get("preemphasis", 0.97)
    f.remove_dc_offset = options.get("remove_dc", True)
    f.snip_edges = options.get("snip_edges", True)
    o.mel_opts.num_bins = options.get("bins", 40)
    o.mel_opts.low_freq = options.get("low_hz", 20.0)
    o.mel_opts.high_freq = options.get("high_hz", 0.0)
    o.use_power = options.get("use_power", True)
    fbank = knf.OnlineFbank(o)
    fbank.accept_waveform(f.samp_freq, samples.astype(np.float32).tolist())
    fbank.input_finished()
    return np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)]).astype("<f4")


FLOOR_DB = {"tone_computed": 80.0, "chirp_computed": 80.0}

for name, samples in signals.items():
    samples.tofile(f"{name}.i16")
index = []
for name, signal, options in cases:
    features = reference(signals[signal], options)
    features.tofile(f"{name}.f32")
    case = {"name": name, "signal": signal, "frames": features.shape[0], "options": options}
    if name in FLOOR_DB:
        case["floor_db"] = FLOOR_DB[name]
    index.append(case)
with open("cases.json", "w") as out:
    out.write("[\n" + ",\n".join("  " + json.dumps(case) for case in index) + "\n]\n")
