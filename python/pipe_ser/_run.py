"""Runs and their steps, read from the cache."""

import csv
import io
import json
import os

import numpy as np

from ._program import PipeError, call
from ._stored_items import StoredItems


def run(manifest, *arguments, project=".", cache=None):
    """Runs a manifest, as `pipe run MANIFEST ARGUMENTS` does, and opens the run.

    Arguments such as "--set", "train.epochs=20" are those of the command line.
    """
    lines = call("run", manifest, *arguments, *_cache(cache), project=project)
    settings = _settings(arguments)
    return Run(lines[0]["manifest"], project, manifest, settings, cache)


def open(name, project=".", settings=(), cache=None):
    """Opens an earlier run: "demo" is the latest of that manifest, "demo:3" a run by its number, "demo~1" the one before.

    `settings` are the changes that the run was started with, such as "train.epochs=20"; items are found by them.
    """
    return Run(name, project, settings=settings, cache=cache)


def _cache(cache):
    return () if cache is None else ("--cache", cache)


def _settings(arguments):
    found = []
    for place, argument in enumerate(arguments):
        if argument == "--set":
            found.append(arguments[place + 1])
        elif argument.startswith("--set="):
            found.append(argument.removeprefix("--set="))
    return found


class Run:
    """One run of a manifest."""

    def __init__(self, name, project=".", manifest=None, settings=(), cache=None):
        """`name` as `pipe show` takes it; `project` is a folder of the project, `cache` another cache than its own."""
        shown = call("show", name, *_cache(cache), project=project)[0]
        if "record" not in shown or "step" in shown:
            raise PipeError(f"`{name}` is a step and no run", help="open the run, and take the step from it")
        self.name = shown["run"]
        self.project = project
        self.record = shown["record"]
        self.manifest = manifest or self.record["manifest"]
        self.settings = list(settings)
        self.cache = cache

    def __repr__(self):
        return f"<run {self.name} with {len(self.steps)} finished steps>"

    @property
    def steps(self):
        """Ids of the finished steps, sorted."""
        return sorted(self.record["steps"])

    def __getitem__(self, step):
        """A step by its id; a part of the id is enough if it names one step."""
        shown = call("show", self.name, step, *_cache(self.cache), project=self.project)[0]
        if shown["record"] is None:
            raise PipeError(f"the step `{shown['step']}` of {self.name} is not in the cache")
        return Step(self, shown)

    def items(self, step):
        """Utterances of a step such as fbank, and what it made of each, without a copy."""
        changes = [part for setting in self.settings for part in ("--set", setting)]
        arguments = ("items", self.manifest, step, *changes, *_cache(self.cache))
        head, *lines = call(*arguments, project=self.project)
        if head["key"] != self.record["steps"].get(head["step"]):
            raise PipeError(
                f"the manifest {self.manifest} has changed since {self.name}, so that its items are others",
                help="open the latest run, or name the settings that the run was started with",
            )
        return StoredItems(lines)


class Step:
    """A finished step of a run."""

    def __init__(self, run, shown):
        self.run = run
        self.id = shown["step"]
        self.key = shown["key"]
        self.record = shown["record"]
        self._objects = os.path.join(run.project, shown["cache"], "objects")

    def __repr__(self):
        return f"<step {self.id} of {self.run.name}>"

    @property
    def files(self):
        """Paths of its files in the cache by their names; they must not be written."""
        listed = self.record["output"].get("files", {"files": []})["files"]
        return {
            entry["name"]: os.path.join(self._objects, entry["digest"][:2], entry["digest"]) for entry in listed
        }

    def path(self, name):
        """The path of one of its files."""
        files = self.files
        if name not in files:
            has = ", ".join(sorted(files)) or "no files"
            raise PipeError(f"the step `{self.id}` has no {name}", help=f"it has {has}")
        return files[name]

    def json(self, name):
        """A JSON file of the step."""
        with _open(self.path(name)) as file:
            return json.load(file)

    def metrics(self):
        """UA, WA, recalls and confusion matrices of a test, by corpus."""
        return self.json("metrics.json")

    def predictions(self):
        """The table of predictions of a test: an array for each column; probabilities and numbers are floats."""
        return _columns(self.path("predictions.csv"))

    def numbers(self):
        """The table of numeric targets of a test, as predictions()."""
        return _columns(self.path("numbers.csv"))

    def history(self):
        """The epochs of a training: an array for each number that epochs have, such as "train.total", by epoch."""
        with _open(self.path("history.jsonl")) as file:
            epochs = [dict(_flat(json.loads(line))) for line in file]
        names = {name: None for epoch in epochs for name in epoch}
        return {name: np.array([epoch.get(name, np.nan) for epoch in epochs]) for name in names}

    def onnx(self, path, *arguments):
        """Writes the model of a training as ONNX, as `pipe export MODEL --onnx PATH ARGUMENTS` does; gives the path."""
        model = os.path.abspath(self.path("model.safetensors"))
        call("export", model, "--onnx", os.path.abspath(path), *arguments, project=self.run.project)
        return path


def _open(path):
    # The name `open` is this package's own.
    return io.open(path, encoding="utf-8", newline="")


def _columns(path):
    with _open(path) as file:
        header, *rows = csv.reader(file)
    columns = {}
    for place, name in enumerate(header):
        # A cell that a spreadsheet would take for a formula begins with an apostrophe.
        cells = [row[place].removeprefix("'") for row in rows]
        try:
            columns[name] = np.array([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            columns[name] = np.array(cells)
    return columns


def _flat(value, prefix=""):
    """Numbers and truth values of nested objects and lists, named by their places."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        name = f"{prefix}{name}"
        if isinstance(inner, (dict, list)):
            yield from _flat(inner, f"{name}.")
        elif isinstance(inner, (int, float)):
            yield name, inner
