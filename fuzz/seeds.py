#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into seeds/TARGET: small inputs that reach every part of a format."""

import io
import json
import struct
import tarfile
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"


def seed(target, name, content):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(content)


# Audio


def chunk(name, payload, order="<"):
    return name + struct.pack(order + "I", len(payload)) + payload + b"\0" * (len(payload) % 2)


def riff(*chunks, kind=b"RIFF", order="<"):
    body = b"WAVE" + b"".join(chunks)
    return kind + struct.pack(order + "I", len(body)) + body


def fmt(tag, channels, bits, rate_hz=16000, order="<"):
    block = channels * -(-bits // 8)
    return struct.pack(order + "HHIIHH", tag, channels, rate_hz, rate_hz * block, block, bits)


SAMPLES = struct.pack("<6h", 0, 1, -1, 32767, -32768, 100)
GUID_TAIL = bytes([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71])


def audio():
    pcm = chunk(b"fmt ", fmt(1, 1, 16))
    seed("wav", "mono", riff(pcm, chunk(b"data", SAMPLES)))
    seed("wav", "stereo", riff(chunk(b"fmt ", fmt(1, 2, 16)), chunk(b"data", SAMPLES)))
    seed("wav", "list", riff(pcm, chunk(b"LIST", b"odd"), chunk(b"data", SAMPLES)))
    floats = struct.pack("<3f", 0.0, 0.5, -1.0)
    seed("wav", "float", riff(chunk(b"fmt ", fmt(3, 1, 32)), chunk(b"data", floats)))
    doubles = struct.pack("<2d", 0.25, -1.0)
    seed("wav", "double", riff(chunk(b"fmt ", fmt(3, 1, 64)), chunk(b"data", doubles)))
    for name, tag, bits in [("u8", 1, 8), ("i24", 1, 24), ("i32", 1, 32), ("alaw", 6, 8), ("mulaw", 7, 8)]:
        seed("wav", name, riff(chunk(b"fmt ", fmt(tag, 1, bits)), chunk(b"data", SAMPLES)))
    extensible = fmt(0xFFFE, 1, 16) + struct.pack("<HHIH", 22, 16, 0, 1) + GUID_TAIL
    seed("wav", "extensible", riff(chunk(b"fmt ", extensible), chunk(b"data", SAMPLES)))
    piped = b"data" + struct.pack("<I", 0xFFFFFFFF) + SAMPLES
    seed("wav", "piped", riff(pcm, piped))
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 72, len(SAMPLES), 6, 0))
    seed("wav", "rf64", riff(ds64, pcm, piped, kind=b"RF64"))
    big = chunk(b"fmt ", fmt(1, 1, 16, order=">"), ">")
    seed("wav", "rifx", riff(big, chunk(b"data", SAMPLES, ">"), kind=b"RIFX", order=">"))

    field = "channel_count -i {}\nsample_rate -i 16000\nsample_n_bytes -i {}\nsample_coding -s{}\n{}end_head\n\n"
    for name, channels, size, coding, more in [
        ("pcm", 1, 2, "3 pcm", "sample_byte_format -s2 01\n"),
        ("big", 2, 2, "3 pcm", "sample_byte_format -s2 10\nsample_count -i 3\n"),
        ("i24", 1, 3, "3 pcm", "sample_byte_format -s3 210\n"),
        ("ulaw", 2, 1, "4 ulaw", "channels_interleaved -s4 TRUE\n"),
        ("alaw", 1, 1, "4 alaw", "sample_count -r 12.000\n"),
        ("shorten", 1, 2, "26 pcm,embedded-shorten-v2.00", ""),
    ]:
        seed("sphere", name, field.format(channels, size, coding, more).encode() + SAMPLES)
    header = b"NIST_1A\n    128\n" + field.format(1, 2, "3 pcm", "sample_byte_format -s2 01\n").encode()
    seed("sphere", "whole", header[:-1].ljust(128) + SAMPLES)

    rate = bytes([0x40, 0x0D, 0xBE, 0xBC, 0, 0, 0, 0, 0, 0])
    sound = chunk(b"SSND", bytes(8) + SAMPLES, ">")
    name = chunk(b"NAME", b"odd", ">")
    for channels, bits in [(1, 16), (2, 8), (1, 24), (1, 12), (1, 32)]:
        frames = len(SAMPLES) // (channels * -(-bits // 8))
        common = struct.pack(">HIH", channels, frames, bits) + rate
        form = b"AIFF" + name + chunk(b"COMM", common, ">") + sound
        seed("aiff", f"{channels}x{bits}", chunk(b"FORM", form, ">"))
    for coding, bits in [(b"sowt", 16), (b"fl32", 32), (b"fl64", 64), (b"ulaw", 16), (b"alaw", 16), (b"raw ", 8), (b"in24", 24)]:
        size = {b"fl32": 4, b"fl64": 8, b"in24": 3, b"sowt": 2}.get(coding, 1)
        common = struct.pack(">HIH", 1, len(SAMPLES) // size, bits) + rate + coding + b"\0\0"
        form = b"AIFC" + sound + chunk(b"COMM", common, ">")
        seed("aiff", coding.decode().strip(), chunk(b"FORM", form, ">"))


RECORDINGS = Path(__file__).parent.parent / "crates/speech/tests/golden/audio"


def crc8(data):
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1) ^ (0x07 if value & 0x80 else 0)
            value &= 0xFF
    return value


def flac_frames(data):
    """The frames of a FLAC file, each with its length in front and without its checksums."""
    at = 4
    while True:
        last, size = data[at] & 0x80, int.from_bytes(data[at + 1 : at + 4], "big")
        at += 4 + size
        if last:
            break
    starts = []
    for start in range(at, len(data) - 16):
        if data[start] == 0xFF and data[start + 1] & 0xFE == 0xF8:
            number = max(1, 8 - (data[start + 4] ^ 0xFF).bit_length())
            sizes = data[start + 2]
            length = 4 + number + {6: 1, 7: 2}.get(sizes >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(sizes & 15, 0)
            if crc8(data[start : start + length]) == data[start + length]:
                starts.append((start, length))
    ends = [start for start, _ in starts[1:]] + [len(data)]
    for (start, length), end in zip(starts, ends):
        frame = data[start : start + length] + data[start + length + 1 : end - 2]
        yield struct.pack("<H", len(frame)) + frame


def compressed():
    """Recordings of the decoders' tests, those of FLAC without metadata and checksums."""
    for name in ["mono16", "stereo24", "three"]:
        data = (RECORDINGS / f"{name}.flac").read_bytes()
        seed("flac", name, data[8:42] + b"".join(list(flac_frames(data))[:4]))
    for target, names in [
        ("mp3", ["mono.mp3", "slow.mp3", "mono.aac"]),
        ("ogg", ["mono.ogg"]),
        ("mp4", ["mono.m4a", "fragments.m4a", "alac24.m4a"]),
    ]:
        for name in names:
            seed(target, name, (RECORDINGS / name).read_bytes())
    for name in ["ima_mono", "ms_mono"]:
        seed("wav", name, (RECORDINGS / f"{name}.riff").read_bytes())
    seed("wav", "w64", (RECORDINGS / "ms.w64").read_bytes())


# Text


def manifests():
    ingest = '[stage.speech]\nkind = "ingest"\ncorpora = "synthetic_studio"\n'
    seed("manifest", "short", ingest)
    seed(
        "manifest",
        "chain",
        '[vars]\nrate = 16000\n[matrix]\nseed = [1, 2]\nmethod = [{ name = "a", heads = [] }, '
        '{ name = "b", heads = [{ attribute = "corpus", mode = "grad_reverse" }] }]\n'
        + ingest
        + 'split = { train = 0.8, validation = 0.1, test = 0.1 }\n[stage.audio]\nkind = "resample"\n'
        'input = ["speech"]\nrate_hz = "${rate}"\n[stage.fbank]\nkind = "fbank"\ninput = "audio"\nbins = 40\n'
        '[stage.train]\nkind = "train"\ninput = "fbank"\nheads = "${matrix.method.heads}"\nseed = "${matrix.seed}"\n'
        '[stage.test]\nkind = "evaluate"\nmodel = "train"\ninput = "fbank"\nonly = { seed = [1] }\n'
        '[stage.report]\nkind = "report"\ninput = "test"\n',
    )
    seed(
        "manifest",
        "axes",
        '[matrix]\nexclude = [{ fold = "emovo" }]\n[matrix.fold]\nleave_one_out = ["ravdess", "emovo"]\n[matrix.method]\n'
        'subsets_of = [{ name = "C", attribute = "corpus" }, { name = "G", attribute = "gender" }]\n'
        'each_with = [{ name = "MTL", mode = "shared" }]\nempty = "baseline"\n'
        '[stage.speech]\nkind = "ingest"\ncorpora = "${matrix.fold.rest}"\nsplit = "test"\n',
    )
    seed(
        "manifest",
        "command",
        ingest
        + '[stage.c]\nkind = "command"\nfor_each = "speech"\nrun = "cp {input} {output}"\nmakes = "audio"\n'
        '[stage.d]\nkind = "command"\ninputs = { x = "c" }\nrun = ["ls", "{x}"]\noutputs = ["a.txt"]\nthreads = 2\n'
        'memory = "4GB"\nenvironment = { A = "b" }\n',
    )
    seed("manifest", "top", 'name = "a/b"\ndescription = "d"\ninclude = ["other.toml"]\ncorpora = "c.toml"\n')

    corpus = (
        'folder = "corpora"\n[corpus.a]\nroot = "a"\nreader = "table"\ntitle = "A"\nlanguage = "en"\n'
        'licence = "none"\nsource = "nowhere"\ngenders = { s1 = "female" }\n'
        'options = { table = "a.csv", columns = { path = "file" }, n = 1, x = [0.5, true] }\n'
    )
    seed(
        "corpora",
        "table",
        corpus
        + '[corpus.a.labels]\npositive = ["HAP"]\nneutral = ["NEU"]\nnegative = ["ANG", "sad"]\ndropped = ["xxx"]\n'
        "[corpus.a.official]\nutterances = 10\nspeakers = 2\nhours = 0.5\nlabels = { HAP = 5, NEU = 5 }\n",
    )
    seed("corpora", "synthetic", corpus.replace('"table"', '"synthetic"').replace("a.csv", "b") + "labels = {}\n")
    seed("corpora", "empty", "folder = '.'\n")


def tables():
    header = ["path", "speaker", "emotion", "start", "end", "channel", "gender", "language"]
    rows = [["a.wav", "s1", "happy", "0", "1.5", "0", "f", "de"], ["b/c", "s2", "sad", "", "", "", "", ""]]
    for kind, delimiter in [("c", ","), ("c", ";"), ("t", "\t")]:
        text = "\n".join(delimiter.join(row) for row in [header, *rows]) + "\n"
        seed("tables", "corpus" + {",": "-comma", ";": "-semicolon", "\t": "-tab"}[delimiter], kind + text)
    lines = [json.dumps(dict(zip(header, row))) for row in rows]
    seed("tables", "corpus-json", "j" + "\n".join(lines + ['{"path": "d.wav", "start": 1, "end": 2.5}', ""]))
    seed("tables", "quoted", 'c"path","speaker","emotion"\r\n"a ""b"".wav","s,1","happy"\r\n\r\n../x,s,other\r\n')
    seed("tables", "corpus-utf-16", b"c" + ("sep=;\r\n" + ";".join(header) + "\r\n").encode("utf-16"))
    seed("tables", "corpus-quotes", 'cpath,text,speaker,emotion\na.wav,"oh,s1,happy\nb.wav,"oh\nno",s1,sad\nc.wav,oh",s1,sad\n')
    seed("tables", "corpus-array", "j[" + ",\n".join(lines) + "]\n")
    seed(
        "tables",
        "audformat",
        "aschemes:\n  speaker: {dtype: str, labels: {s1: {gender: male}}}\ntables:\n  emotion:\n    type: segmented\n"
        "    split_id: train\n    columns: {emotion: {scheme_id: emotion}, speaker: {scheme_id: speaker}}\n",
    )
    seed("tables", "audformat-tables", "aschemes: {speaker: {labels: speaker}}\ntables:\n  emotion:\n    columns: {emotion: }\n  files:\n    columns: {speaker: }\nmisc_tables:\n  speaker: {levels: {speaker: str}, columns: {gender: }}\n")
    seed("tables", "kaldi", "kr1 a.wav\nr2 cat b.wav |\n\0u1 r1 0 1.5\nu2 r1 1.5 -1 0\nu3 r2 0 1\n\0u1 s1\nu2 s1\n\0u1 happy\nu2 sad\n\0s1 f\n\0u1 so\n")
    seed("tables", "folders", "f**/{emotion}/{speaker}_*")
    seed("tables", "split", "s# comment\nspeaker\tsplit\tgender\tutterances\thours\na/s1\ttrain\tfemale\t10\t0.5\n'=x\ttest\n")
    seed(
        "tables",
        "predictions",
        "putterance,corpus,speaker,emotion,predicted,p_positive,p_neutral,p_negative\n"
        "c/x,c,c/a,neutral,negative,0.1,0.2,0.7\n'=c/y,c,\"c/b, c\",positive,positive,1,0,1e-3\n",
    )
    seed(
        "iemocap",
        "labels",
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
        "C-E2:\tNeutral;\t()\n\n[10.0100 - 11.3925]\tSes01F_impro01_M000\txxx\t[2.5, 2.5, 2.5]\n[odd\n",
    )
    seed(
        "epst",
        "transcript",
        "0.00 12.30 A: [MISC]\n12.34 13.60 A: hot anger, December, the first\n13 14 B: (cough), sorry\n"
        "15 16\tA: Hot-Anger , words\n17 18 A: Emotion category: sadness, next\nodd\n3 2 A: neutral, x\n",
    )
    seed("epst", "one", "1 2 A: neutral, x\n1.001 2 A: sadness, y\n1 inf A: neutral, x\n")


# Tensors


def tensors(arrays):
    header, values, end = {}, b"", 0
    for name, shape in arrays:
        count = 1
        for side in shape:
            count *= side
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * count]}
        values += struct.pack(f"<{count}f", *[0.25 * (index % 5 - 2) for index in range(count)])
        end += 4 * count
    return json.dumps(header, separators=(",", ":")).encode() + b"\n" + values


def networks():
    def model(name, encoder, arrays, heads=()):
        config = {
            "format": 1,
            "bins": 2,
            "encoder": [*encoder, {"layer": "time_pool", "how": "mean"}],
            "emotions": ["positive", "negative"],
            "heads": list(heads),
            "feature_options": {"bins": 2},
            "provenance": None,
            "best_epoch": 3,
        }
        seed("model", name, json.dumps(config).encode() + b"\n" + tensors(arrays))

    emotion = [("emotion.bias", [2]), ("emotion.weight", [2, 2])]
    model("pool", [], emotion)
    conv = {"layer": "conv", "channels": 2, "width": 3, "padding": 1, "pool_width": 2}
    model("conv", [conv], [("conv.0.bias", [2]), ("conv.0.weight", [2, 2, 3]), *emotion])
    lstm = [
        ("lstm.0.bias_hh", [4]),
        ("lstm.0.bias_ih", [4]),
        ("lstm.0.weight_hh", [4, 1]),
        ("lstm.0.weight_ih", [4, 2]),
    ]
    one = [("emotion.bias", [2]), ("emotion.weight", [2, 1])]
    model("lstm", [{"layer": "lstm", "units": 1}], [*one, *lstm])
    head = {"head": {"attribute": "language", "mode": "shared"}, "labels": ["de", "en"]}
    model("head", [], [*emotion, ("head.language.bias", [2]), ("head.language.weight", [2, 2])], [head])

    def epoch(number, best):
        return {
            "epoch": number,
            "updates": number + 1,
            "alpha": 0.0,
            "learning_rate": 0.002,
            "train": {"total": 1.0, "emotion": 1.0, "heads": []},
            "gradient_norm": 0.5,
            "validation": {"ua": 0.5, "recalls": [1.0, 0.0, 0.5], "loss": 1.0},
            "best": best,
        }

    arrays = []
    for prefix in ["best/", "first/", "values/"]:
        arrays += [(prefix + "emotion.bias", [3]), (prefix + "emotion.weight", [3, 2])]
    for epochs in [1, 3]:
        history = [epoch(number, number == 0) for number in range(epochs)]
        progress = {"steps": epochs, "history": history}
        seed("checkpoint", f"{epochs}-epochs", json.dumps(progress).encode() + b"\n" + tensors(arrays))


# The cache


def documents():
    key, other = "1" * 64, "2" * 64
    record = {
        "step": "train[seed=1]",
        "material": {"kind": "train", "version": "1", "parameter.seed": "1", "input.input": other},
        "output": {"files": {"files": [{"name": "model.safetensors", "digest": key, "bytes": 3}]}},
        "seconds": 0.5,
        "pipe_version": "0.1.0",
        "cpu": "x86-64",
        "checkpoint": key,
    }
    seed("record", "files", "s" + json.dumps(record, indent=2))
    record["output"] = {"items": {"digest": key, "count": 2, "bad": [{"id": "a/b", "reason": "too short"}]}}
    record.update(step_tag=7, composition={"corpora": {"a": 1}}, device="cuda")
    seed("record", "items", "s" + json.dumps(record, indent=2))
    run = {
        "started_s": 1,
        "manifest": "made.toml",
        "steps": {"speech": key},
        "failed": {"train": "why"},
        "not_run": ["test"],
        "seconds": 1.5,
        "pipe_version": "0.1.0",
        "device": "cpu",
        "ending": "ended",
    }
    seed("record", "run", "r" + json.dumps(run, indent=2))
    run.update(ending="open", unfinished={"train": key}, kept={"train": other}, seconds=None)
    begun = json.dumps({"step": "train[seed=2]", "key": key, "kept": other})
    seed("record", "open-run", "r" + json.dumps(run, indent=2) + f"\n\nbegun {begun}\n")
    seed("record", "owner", "o" + json.dumps({"manifest": "made.toml"}, indent=2))
    seed("record", "pin", "p" + json.dumps({"manifest": "made", "number": 1}, indent=2))
    seed("record", "damaged", "S" + "0" * 64 + "\n{}\n")

    def framed(*parts):
        return b"".join(struct.pack("<H", len(part)) + part for part in parts)

    name, digest = b"\x01" * 32, b"\x02" * 32
    done = name + bytes([1]) + digest
    placed = name + bytes([2 + 16]) + struct.pack("<I", 7) + digest + struct.pack("<QQQ", 1, 16, 3)
    bad = digest + bytes([3 + 16]) + struct.pack("<I", 7) + b"too short"
    seed("pack", "index", b"l" + framed(done, placed, bad))
    seed("pack", "pack", b"i" + struct.pack("<QQQ", 1, 16, 3) + b"pipe pack 1\n\0\0\0\0abc")
    change = struct.pack("<I", 3) + b"a/b" + name
    seed("pack", "listing", b"h" + framed(digest + bytes(32) + change, name + digest + change[:-32] + bytes(32)))
    seed("pack", "torn", b"x" + b"\xa7\x1c" + struct.pack("<I", 100) + b"torn")
    audio = {"__metadata__": {"rate_hz": "16000"}, "samples": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    seed("pack", "audio", b"a" + json.dumps(audio).encode() + b"\n" + struct.pack("<2f", 0.5, -1.0))
    features = {"features": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}}
    seed("pack", "features", b"f" + json.dumps(features).encode() + b"\n" + struct.pack("<2f", 0.5, -1.0))


# What is handed on


def handed_on():
    seed(
        "lock",
        "two-steps",
        """version = 1
manifest = "made"
set = ["fbank.bins=40"]
present = true

[made_by]
pipe = "0.1.0"
commit = "0123456789ab"
processor = "x86_64 avx2 fma"
device = "cpu"

[[data]]
source = "speech"
corpus = "made"
split = "train"
utterances = 12
digest = "%s"

[[step]]
id = "speech"
key = "%s"
output = "%s"

[step.inputs]
kind = "ingest"
source = "abc"

[[step]]
id = "test"
key = "%s"
output = "%s"

[step.inputs]
kind = "evaluate"

[step.metrics.made]
utterances = 12
ua = 0.5
macro_f1 = 0.25
"""
        % tuple(digit * 64 for digit in "12345"),
    )

    # BLAKE3 of nothing.
    nothing = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"

    def archive(names, *entries):
        listed = {
            "format": "pipe bundle 1",
            "name": "made",
            "manifest": names[-1],
            "set": [],
            "made_by": {"pipe": "0.1.0", "processor": "x86_64", "device": "cpu"},
            "files": [{"name": name, "bytes": 0, "digest": nothing} for name in names],
        }
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, kind, content in [("bundle.json", tarfile.REGTYPE, json.dumps(listed).encode()), *entries]:
                entry = tarfile.TarInfo(name)
                entry.type, entry.size, entry.linkname = kind, len(content), "/etc/passwd" * (kind == tarfile.SYMTYPE)
                tar.addfile(entry, io.BytesIO(content))
        # Archives end with zeros up to 10 kB; two blocks of them do.
        content = packed.getvalue().rstrip(b"\0")
        return content + bytes(-len(content) % 512 + 1024)

    file = tarfile.REGTYPE
    seed("bundle", "two-files", archive(["data/a.tsv", "project/made.toml"], ("data/a.tsv", file, b""), ("project/made.toml", file, b"")))
    seed("bundle", "link", archive(["made.toml"], ("made.toml", tarfile.SYMTYPE, b"")))
    seed("bundle", "elsewhere", archive(["../made.toml"], ("../made.toml", file, b"")))
    seed("bundle", "folder", archive(["a", "a/b"], ("a", file, b""), ("a/b", file, b"")))


if __name__ == "__main__":
    audio()
    compressed()
    manifests()
    tables()
    networks()
    documents()
    handed_on()
