"""Reads a run by the package `pipe_ser` and compares what it gives with the files that the run left for people.

usage: PYTHONPATH=python PIPE=... python check_package.py, in a project whose manifest m.toml has been run
"""

import csv
import json

import numpy as np
import onnxruntime

import pipe_ser

run = pipe_ser.open("m")
assert run.name == "m:1", run
assert {"fbank", "test", "train"} <= set(run.steps), run.steps

# Features: mapped, read-only, with what is known of each utterance.
features = run.items("fbank")
first = features["made/audio/0000"]
assert first.dtype == np.float32 and first.ndim == 2 and first.shape[1] == 23, first.shape
assert not first.flags.owndata and not first.flags.writeable
assert np.isfinite(first).all() and abs(first.mean(axis=0)).max() < 1e-3, "features in units of their deviation"
assert features.facts("made/audio/0000")["label"] == "happy"
assert len(features.column("class")) == len(features) == len(list(features.values()))
assert set(features.column("split")) == {"train", "validation", "test"}
# A view outlives the listing it came from.
copy = first.copy()
del features
assert (first == copy).all()
try:
    run.items("speech")["made/audio/0000"]
    raise AssertionError("a source has no arrays")
except pipe_ser.PipeError as error:
    assert "fbank" in str(error), error

# Tables and histories: as in the copies for people.
with open("runs/m/test/predictions.csv", newline="") as file:
    rows = list(csv.DictReader(file))
predictions = run["test"].predictions()
assert list(predictions["utterance"]) == [row["utterance"] for row in rows]
assert np.allclose(predictions["p_neutral"], [float(row["p_neutral"]) for row in rows])
with open("runs/m/test/metrics.json") as file:
    assert run["test"].metrics() == json.load(file)
with open("runs/m/train/history.jsonl") as file:
    epochs = [json.loads(line) for line in file]
history = run["train"].history()
assert list(history["train.total"]) == [epoch["train"]["total"] for epoch in epochs]
assert list(history["validation.ua"]) == [epoch["validation"]["ua"] for epoch in epochs]

# The model.
session = onnxruntime.InferenceSession(run["train"].onnx("m.onnx"))
assert session.get_inputs()

# What the program refuses is an exception with its code and help.
for ask, part in [
    (lambda: pipe_ser.open("nothing"), "nothing"),
    (lambda: run["fbnak"], "fbank"),
    (lambda: run["test"].path("history.jsonl"), "predictions.csv"),
    (lambda: pipe_ser.call("plan", "missing.toml"), "missing.toml"),
]:
    try:
        ask()
    except pipe_ser.PipeError as error:
        assert part in str(error), error
    else:
        raise AssertionError(part)

# Another run, by the package; then the first one's items are others.
again = pipe_ser.run("m.toml", "--set", "fbank.bins=24")
assert again.items("fbank")["made/audio/0000"].shape[1] == 24
assert again.settings == ["fbank.bins=24"]
try:
    pipe_ser.open("m").items("fbank")
    raise AssertionError("settings are missing")
except pipe_ser.PipeError as error:
    assert "settings" in str(error), error
assert pipe_ser.open("m:1").items("fbank")["made/audio/0000"].shape[1] == 23
print("all as written")
