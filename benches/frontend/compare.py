"""Times other programs on audio like that of `cargo bench --bench frontend`, one thread, multiples of real time.

    pip install numpy soundfile soxr kaldi-native-fbank torch torchaudio
    python compare.py [FOLDER]

torch and torchaudio must be of versions that belong together. FOLDER holds recordings to use instead of made audio:
give both programs the same. Medians of several rounds, the programs in turn within a round, so that a busy moment of
the machine touches all of them.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import pathlib
import statistics
import sys
import tempfile
import time

import kaldi_native_fbank as knf
import numpy as np
import soundfile
import soxr
import torch
import torchaudio

torch.set_num_threads(1)
ROUNDS = 5


def made():
    """Speech-like audio, as in main.rs: pulses through two resonances and a little noise."""
    rng = np.random.default_rng(1)
    out = []
    for index in range(60):
        phase, a1, a2, b1, b2 = 0.0, 0.0, 0.0, 0.0, 0.0
        hiss = rng.uniform(-0.005, 0.005, 48000)
        x = np.zeros(48000, np.float32)
        for i, h in enumerate(hiss):
            phase += (90 + 3 * index) * (1 + 0.1 * np.sin(i / 4000)) / 16000
            pulse = 1.0 if phase >= 1 else 0.0
            phase -= pulse
            a1, a2 = pulse + h + 1.90 * a1 - 0.97 * a2, a1
            b1, b2 = a1 + 1.50 * b1 - 0.94 * b2, b1
            x[i] = 0.02 * b1
        out.append(x)
    return out


def recordings(folder):
    out = []
    for path in sorted(pathlib.Path(folder).rglob("*.wav"))[:200]:
        x, rate = soundfile.read(path, dtype="float32", always_2d=True)
        out.append(soxr.resample(x.mean(1), rate, 16000).astype(np.float32))
    return out


def fbank_knf(samples):
    o = knf.FbankOptions()
    o.frame_opts.dither = 0.0
    o.mel_opts.num_bins = 40
    fbank = knf.OnlineFbank(o)
    fbank.accept_waveform(16000, samples * 32768)
    fbank.input_finished()
    return np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)])


def fbank_torchaudio(samples):
    waveform = torch.from_numpy(samples * 32768)[None]
    return torchaudio.compliance.kaldi.fbank(waveform, num_mel_bins=40, dither=0.0, sample_frequency=16000)


def chain(path, fbank):
    x, rate = soundfile.read(path, dtype="float32", always_2d=True)
    x = soxr.resample(x.mean(1), rate, 16000, quality="HQ")
    features = np.asarray(fbank(x))
    return (features - features.mean(0)) / np.maximum(features.std(0), 1e-5)


speech = recordings(sys.argv[1]) if len(sys.argv) > 1 else made()
seconds = sum(len(x) for x in speech) / 16000
folder = tempfile.TemporaryDirectory()
paths = []
for index, x in enumerate(speech):
    paths.append(os.path.join(folder.name, f"{index}.wav"))
    soundfile.write(paths[-1], soxr.resample(x, 16000, 48000), 48000, subtype="PCM_16")
wide = [soundfile.read(path, dtype="float32")[0] for path in paths]

WORK = {
    "fbank, kaldi-native-fbank": lambda: [fbank_knf(x) for x in speech],
    "fbank, torchaudio": lambda: [fbank_torchaudio(x) for x in speech],
    "decode, soundfile": lambda: [soundfile.read(path, dtype="float32") for path in paths],
    "resample 48 -> 16 kHz, soxr HQ": lambda: [soxr.resample(x, 48000, 16000, quality="HQ") for x in wide],
    "chain, soundfile + soxr + kaldi-native-fbank": lambda: [chain(path, fbank_knf) for path in paths],
    "chain, soundfile + soxr + torchaudio": lambda: [chain(path, fbank_torchaudio) for path in paths],
}
times = {name: [] for name in WORK}
for _ in range(ROUNDS):
    for name, work in WORK.items():
        start = time.perf_counter()
        work()
        times[name].append(time.perf_counter() - start)
print(f"audio: {len(speech)} files, {seconds:.1f} s; one thread")
for name, values in times.items():
    print(f"{name:<46} {seconds / statistics.median(values):>8.0f} x real time")
