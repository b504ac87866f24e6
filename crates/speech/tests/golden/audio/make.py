"""Small recordings in the formats that are read, and what other decoders make of them.

    python3 -m venv venv && venv/bin/pip install numpy soundfile blake3
    venv/bin/python crates/speech/tests/golden/audio/make.py

needs ffmpeg (with libmp3lame) too; the files here are of FFmpeg 5.1.9, LAME 3.100 and libsndfile 1.2.2. Tones and noise
of a fixed seed; nobody was recorded. expected.json says of each file: rate, channels, frames, and for codings without a
choice of rounding the BLAKE3 digest of each channel's samples as 32-bit floats, full scale 1, as FFmpeg decodes them
(and, where it reads the format, soundfile too: that is asserted here; one that FFmpeg misreads is as soundfile has it). For the others NAME.f32 holds the samples of the
first channel as `decoder` decodes them; an encoder's delay and padding are left out where the file tells of them.
"""

import json
import os
import struct
import subprocess
import tempfile

import blake3
import numpy as np
import soundfile as sf

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = tempfile.mkdtemp()
CASES = []


def sound(rate, seconds, channels, seed):
    """Three gliding tones under noise, at about a fifth of full scale, another in each channel."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate
    waves = []
    for channel in range(channels):
        pitch = 140 + 40 * channel
        wave = sum(np.sin(2 * np.pi * k * (pitch * t + 60 * t * t) + k * k) / k for k in (1, 2, 5))
        waves.append(0.12 * wave + 0.01 * rng.standard_normal(t.size))
    return np.stack(waves, axis=1)


def source(rate, seconds, channels, seed, subtype="PCM_16"):
    path = os.path.join(WORK, "source.wav")
    sf.write(path, sound(rate, seconds, channels, seed), rate, subtype=subtype)
    return path


def ffmpeg(*arguments, **kwargs):
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-bitexact", *arguments], check=True, capture_output=True, **kwargs
    ).stdout


def decoded(path, channels):
    """As FFmpeg decodes it: floats, [frames, channels]."""
    raw = ffmpeg("-i", path, "-f", "f32le", "-c:a", "pcm_f32le", "-")
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


def digests(samples):
    return [blake3.blake3(np.ascontiguousarray(channel, "<f4").tobytes()).hexdigest() for channel in samples.T]


def exact(name, rate, channels, by_soundfile):
    path = os.path.join(HERE, name)
    samples = decoded(path, channels)
    if by_soundfile:
        other, other_rate = sf.read(path, dtype="float32", always_2d=True)
        assert other_rate == rate and np.array_equal(other, samples), name
    assert os.path.getsize(path) <= 20_000, (name, os.path.getsize(path))
    CASES.append(dict(file=name, rate_hz=rate, channels=channels, frames=len(samples), digests=digests(samples)))


def by_soundfile_alone(name, rate, channels):
    samples, other_rate = sf.read(os.path.join(HERE, name), dtype="float32", always_2d=True)
    assert other_rate == rate, name
    CASES.append(dict(file=name, rate_hz=rate, channels=channels, frames=len(samples), digests=digests(samples)))


def lossy(name, rate, channels, decoder, samples, frames=None):
    """`frames` of the recording, where the decoder leaves padding at the end."""
    path = os.path.join(HERE, name)
    assert os.path.getsize(path) <= 20_000, (name, os.path.getsize(path))
    frames = len(samples) if frames is None else frames
    CASES.append(dict(file=name, rate_hz=rate, channels=channels, frames=frames, decoder=decoder))
    first = np.ascontiguousarray(samples[:4900, 0], "<f4")
    first[: min(frames, 4900)].tofile(os.path.join(HERE, name + ".f32"))


def out(name):
    return os.path.join(HERE, name)


# Lossless.
ffmpeg("-i", source(16_000, 0.3, 1, 1), "-frame_size", "576", out("mono16.flac"))
exact("mono16.flac", 16_000, 1, True)
ffmpeg("-i", source(44_100, 0.03, 2, 2, "PCM_24"), "-sample_fmt", "s32", "-frame_size", "192", out("stereo24.flac"))
exact("stereo24.flac", 44_100, 2, True)
ffmpeg("-i", source(16_000, 0.1, 3, 3), "-frame_size", "256", out("three.flac"))
exact("three.flac", 16_000, 3, True)
# Into a pipe: the number of samples stays 0.
with open(out("piped.flac"), "wb") as file:
    file.write(ffmpeg("-i", source(16_000, 0.3, 1, 4), "-frame_size", "576", "-f", "flac", "-"))
exact("piped.flac", 16_000, 1, False)
ffmpeg("-i", source(16_000, 0.5, 1, 5), "-c:a", "alac", out("alac.m4a"))
exact("alac.m4a", 16_000, 1, False)
ffmpeg("-i", source(44_100, 0.04, 2, 6, "PCM_24"), "-c:a", "alac", "-sample_fmt", "s32p", out("alac24.m4a"))
exact("alac24.m4a", 44_100, 2, False)

# ADPCM; libsndfile rounds otherwise in some places, by some 16-bit steps.
for name, codec, rate, seconds, channels in (
    ("ima_mono.riff", "adpcm_ima_wav", 16_000, 0.6, 1),
    ("ima_stereo.riff", "adpcm_ima_wav", 22_050, 0.4, 2),
    ("ms_mono.riff", "adpcm_ms", 16_000, 0.6, 1),
    ("ms_stereo.riff", "adpcm_ms", 22_050, 0.4, 2),
):
    ffmpeg("-i", source(rate, seconds, channels, 7), "-c:a", codec, "-f", "wav", out(name))
    exact(name, rate, channels, False)
sf.write(out("ms_by_sndfile.riff"), sound(16_000, 0.3, 1, 8), 16_000, format="WAV", subtype="MS_ADPCM")
exact("ms_by_sndfile.riff", 16_000, 1, False)
sf.write(out("ima_by_sndfile.riff"), sound(16_000, 0.3, 1, 9), 16_000, format="WAV", subtype="IMA_ADPCM")
exact("ima_by_sndfile.riff", 16_000, 1, False)

# Wave64 and its relatives.
sf.write(out("pcm16.w64"), sound(8_000, 0.5, 1, 10), 8_000, format="W64", subtype="PCM_16")
exact("pcm16.w64", 8_000, 1, True)
sf.write(out("float.w64"), sound(8_000, 0.2, 2, 11), 8_000, format="W64", subtype="FLOAT")
exact("float.w64", 8_000, 2, True)
sf.write(out("ms.w64"), sound(16_000, 0.5, 1, 12), 16_000, format="W64", subtype="MS_ADPCM")
exact("ms.w64", 16_000, 1, False)
sf.write(out("pcm24.rf64"), sound(8_000, 0.3, 1, 13), 8_000, format="RF64", subtype="PCM_24")
exact("pcm24.rf64", 8_000, 1, True)

# 24 bits in containers of 4 bytes, as WAVE_FORMAT_EXTENSIBLE tells them apart; some bits below them are set. FFmpeg 5.1 takes
# them for floats of Cool Edit.
values = np.round(sound(8_000, 0.2, 2, 14) * 2**23).astype("<i4") * 256
values[::5] += 77
header = struct.pack("<HHIIHHHHIH", 0xFFFE, 2, 8_000, 64_000, 8, 32, 22, 24, 3, 1)
header += bytes.fromhex("000000001000800000aa00389b71")
body = b"WAVEfmt " + struct.pack("<I", len(header)) + header
body += b"data" + struct.pack("<I", values.nbytes) + values.tobytes()
with open(out("pcm24in32.riff"), "wb") as file:
    file.write(b"RIFF" + struct.pack("<I", len(body)) + body)
by_soundfile_alone("pcm24in32.riff", 8_000, 2)

# MP3: FFmpeg leaves out what the tag of LAME tells; without a tag all that is decoded remains.
for name, rate, seconds, channels, options in (
    ("mono.mp3", 16_000, 0.9, 1, ["-b:a", "40k"]),
    ("stereo.mp3", 44_100, 0.5, 2, ["-q:a", "4"]),
    ("slow.mp3", 8_000, 3.0, 1, ["-b:a", "8k"]),
    ("untagged.mp3", 22_050, 1.2, 1, ["-q:a", "6", "-write_xing", "0", "-id3v2_version", "0"]),
):
    ffmpeg("-i", source(rate, seconds, channels, 14), "-c:a", "libmp3lame", *options, out(name))
    lossy(name, rate, channels, "FFmpeg", decoded(out(name), channels))

# Vorbis: soundfile leaves out the padding of the last page.
sf.write(out("stereo.ogg"), sound(44_100, 0.5, 2, 15), 44_100, format="OGG", subtype="VORBIS", compression_level=0.8)
ffmpeg("-i", source(16_000, 2.2, 1, 15), "-c:a", "libvorbis", "-q:a", "0", "-page_duration", "150000", out("mono.ogg"))
for name, rate, channels in (("mono.ogg", 16_000, 1), ("stereo.ogg", 44_100, 2)):
    lossy(name, rate, channels, "soundfile", sf.read(out(name), dtype="float32", always_2d=True)[0])

# AAC: FFmpeg leaves out the delay of the edit list and not the padding, of which the length of the track tells; in ADTS
# nothing tells of either.
for name, rate, seconds, channels, options in (
    ("mono.m4a", 16_000, 1.03, 1, ["-b:a", "32k"]),
    ("stereo.m4a", 44_100, 0.4, 2, ["-b:a", "64k", "-aac_pns", "0"]),
    ("fragments.m4a", 16_000, 1.0, 1, ["-b:a", "32k", "-aac_pns", "0", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "200000"]),
):
    ffmpeg("-i", source(rate, seconds, channels, 16), "-c:a", "aac", *options, out(name))
    samples = decoded(out(name), channels)
    # Files in fragments have no edit list.
    whole = round(rate * seconds) + (1024 if name.startswith("frag") else 0)
    lossy(name, rate, channels, "FFmpeg", samples, whole)
ffmpeg("-i", source(16_000, 1.0, 1, 17), "-c:a", "aac", "-b:a", "32k", "-aac_pns", "0", out("mono.aac"))
lossy("mono.aac", 16_000, 1, "FFmpeg", decoded(out("mono.aac"), 1))

# What is not read.
ffmpeg("-i", source(16_000, 0.2, 1, 18), "-c:a", "libopus", "-b:a", "16k", out("refused.opus"))

with open(out("expected.json"), "w") as file:
    json.dump(CASES, file, indent=1)
    file.write("\n")
