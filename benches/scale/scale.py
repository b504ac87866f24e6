"""Measures how the engine grows: no-op runs over many tiny files, plans and no-op runs of many trainings, and what the
engine itself costs a step.

usage: python scale.py PIPE [--files 10000,100000] [--trainings 100,1000,10000] [--steps 1000,10000] [--rounds 3]
                       [--keep FOLDER] [--json FILE]

PIPE is the built binary. Every figure is the median of ROUNDS runs of the whole process; memory is the largest
resident set of one process, as the kernel counts it. Needs nothing but Python 3.8 and room for the files: 4 KB each
on most file systems. With --keep the made folders stay and are used again by the next call.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave

CORPORA = """folder = "corpora"
[corpus.made]
root = "made"
reader = "table"
title = "Silence made for the benchmark"
language = "en"
licence = "none needed"
source = "made by this script"
labels = { positive = ["happy"], neutral = ["neutral"], negative = ["sad"] }
options = { table = "table.csv" }
"""

ITEM_STAGES = """[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.8, validation = 0.1, test = 0.1 }
[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 16000
[stage.fbank]
kind = "fbank"
input = "audio"
bins = 8
"""

TRAININGS = """[stage.train]
kind = "train"
input = "fbank"
seed = "${matrix.seed}"
"""

STEPS = """[stage.step]
kind = "command"
run = ["sh", "-c", "echo ${matrix.number} > $0", "{out}/number"]
outputs = ["number"]
"""


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def make_files(folder, count):
    """A project with `count` recordings of 25 ms, of 20 speakers, a thousand in each folder."""
    if os.path.exists(f"{folder}/made"):
        return
    rows = ["path,speaker,gender,language,emotion"]
    for index in range(count):
        name = f"{index // 1000:04}/{index:07}.wav"
        path = f"{folder}/corpora/made/{name}"
        if index % 1000 == 0:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with wave.open(path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            # Every file has samples of its own: equal audio in two splits is a leak.
            file.writeframes(index.to_bytes(4, "little") * 200)
        rows.append(f"{name},s{index % 20},female,en,{['happy', 'neutral', 'sad'][index % 3]}")
    write(f"{folder}/corpora/made/table.csv", "\n".join(rows) + "\n")
    write(f"{folder}/corpora.toml", CORPORA)
    write(f"{folder}/items.toml", ITEM_STAGES)
    write(f"{folder}/made", "")


def measured(command, folder):
    """Wall seconds and peak resident bytes of one run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}")
    return seconds, usage.ru_maxrss * 1024


def median(command, folder, rounds):
    runs = [measured(command, folder) for _ in range(rounds)]
    return statistics.median(seconds for seconds, _ in runs), max(memory for _, memory in runs)


class Table:
    """Rows for people on standard output, and the same as JSON."""

    def __init__(self):
        self.rows = []

    def row(self, what, count, seconds, memory_bytes):
        each_us = seconds / count * 1e6
        print(f"{what:<28} {count:>9,}  {seconds:9.3f} s  {each_us:9.1f} us each  {memory_bytes / 1e6:8.0f} MB", flush=True)
        self.rows.append({"what": what, "count": count, "seconds": seconds, "memory_bytes": memory_bytes})


def files(table, pipe, root, counts, rounds):
    for count in counts:
        folder = f"{root}/files-{count}"
        os.makedirs(folder, exist_ok=True)
        make_files(folder, count)
        seconds, memory = measured([pipe, "run", "items.toml"], folder)
        table.row("first run", count, seconds, memory)
        table.row("nothing changed", count, *median([pipe, "run", "items.toml"], folder, rounds))
        table.row("plan, nothing changed", count, *median([pipe, "plan", "items.toml"], folder, rounds))


def trainings(table, pipe, root, counts, rounds, over):
    folder = f"{root}/files-{over}"
    os.makedirs(folder, exist_ok=True)
    make_files(folder, over)
    measured([pipe, "run", "items.toml"], folder)
    for count in counts:
        seeds = ", ".join(str(seed) for seed in range(count))
        write(f"{folder}/trainings-{count}.toml", f"[matrix]\nseed = [{seeds}]\n{ITEM_STAGES}{TRAININGS}")
        command = [pipe, "plan", f"trainings-{count}.toml"]
        table.row(f"plan of trainings, {over:,} files", count, *median(command, folder, rounds))


def steps(table, pipe, root, counts, rounds):
    for count in counts:
        folder = f"{root}/steps-{count}"
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        numbers = ", ".join(str(number) for number in range(count))
        write(f"{folder}/steps.toml", f"[matrix]\nnumber = [{numbers}]\n{STEPS}")
        seconds, memory = measured([pipe, "run", "steps.toml", "--allow-commands"], folder)
        table.row("run of trivial commands", count, seconds, memory)
        table.row("the same again", count, *median([pipe, "run", "steps.toml", "--allow-commands"], folder, rounds))


def numbers(text):
    return [int(part) for part in text.split(",") if part]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pipe")
    parser.add_argument("--files", type=numbers, default=[10_000, 100_000])
    parser.add_argument("--trainings", type=numbers, default=[100, 1_000, 10_000])
    parser.add_argument("--steps", type=numbers, default=[100, 1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    pipe = os.path.abspath(arguments.pipe)
    print(f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores; medians of {arguments.rounds}")
    table = Table()
    with tempfile.TemporaryDirectory() as made:
        root = os.path.abspath(arguments.keep) if arguments.keep else made
        files(table, pipe, root, arguments.files, arguments.rounds)
        if arguments.files:
            trainings(table, pipe, root, arguments.trainings, arguments.rounds, arguments.files[-1])
        steps(table, pipe, root, arguments.steps, arguments.rounds)
    if arguments.json:
        write(arguments.json, json.dumps(table.rows, indent=1) + "\n")


main()
