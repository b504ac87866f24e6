"""Times reruns of six stages over 2,000 files of 32 KB: nothing changed, and one file changed.

usage: python rerun.py PIPE [ROUNDS]

PIPE is the built binary. Where `ninja` is installed, the same files go through six copying stages of it (a process
per file, as ninja works), in turn with ours, and the ratio of medians is printed. Needs nothing but Python 3.8.
"""

import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave

FILES = 2000

CORPORA = """folder = "corpora"
[corpus.made]
root = "made"
reader = "table"
title = "Noise made for the benchmark"
language = "en"
licence = "none needed"
source = "made by this script"
labels = { positive = ["happy"], neutral = ["neutral"], negative = ["sad"] }
options = { table = "table.csv" }
"""

MANIFEST = """[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"
[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 8000
[stage.louder]
kind = "augment"
input = "audio"
keep_original = false
speed = [1.0, 1.0]
gain_db = [3.0, 3.0]
[stage.narrow]
kind = "fbank"
input = "louder"
sample_rate_hz = 8000
bins = 23
[stage.wide]
kind = "fbank"
input = "louder"
sample_rate_hz = 8000
bins = 30
[stage.wider]
kind = "fbank"
input = "louder"
sample_rate_hz = 8000
bins = 40
"""


def make(folder):
    random.seed(1)
    os.makedirs(f"{folder}/corpora/made/audio")
    rows = ["path,speaker,gender,language,emotion"]
    for index in range(FILES):
        name = f"audio/{index:05}.wav"
        with wave.open(f"{folder}/corpora/made/{name}", "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(random.randbytes(32000))
        rows.append(f"{name},s{index % 20},female,en,{['happy', 'neutral', 'sad'][index % 3]}")
    write(f"{folder}/corpora/made/table.csv", "\n".join(rows) + "\n")
    write(f"{folder}/corpora.toml", CORPORA)
    write(f"{folder}/six.toml", MANIFEST)
    lines = ["rule copy\n  command = cp $in $out\n"]
    for index in range(FILES):
        source = f"corpora/made/audio/{index:05}.wav"
        for stage in range(6):
            target = f"out/{stage}/{index:05}.wav"
            lines.append(f"build {target}: copy {source}\n")
            source = target
    write(f"{folder}/build.ninja", "".join(lines))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def timed(command, folder):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def change(folder, number):
    with open(f"{folder}/corpora/made/audio/{number:05}.wav", "r+b") as file:
        file.seek(1000)
        file.write(random.randbytes(64))


def main():
    pipe = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    ninja = shutil.which("ninja")
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores; {FILES} files of 32 KB, six stages, medians of {rounds}")
    with tempfile.TemporaryDirectory() as folder:
        make(folder)
        sides = {"pipe": [pipe, "run", "six.toml", "--allow-commands"]}
        if ninja:
            sides["ninja"] = [ninja]
        print("version", f"{statistics.median(timed([pipe, '--version'], folder) for _ in range(rounds)) * 1000:.1f} ms")
        for name, command in sides.items():
            print(f"first run {name}: {timed(command, folder):.2f} s")
        nothing = {name: [] for name in sides}
        for _ in range(rounds):
            for name, command in sides.items():
                nothing[name].append(timed(command, folder))
        one = {name: [] for name in sides}
        for number in range(rounds):
            change(folder, number)
            for name, command in sides.items():
                one[name].append(timed(command, folder))
        for title, times in (("nothing changed", nothing), ("one file changed", one)):
            medians = {name: statistics.median(values) for name, values in times.items()}
            text = ", ".join(f"{name} {median * 1000:.0f} ms" for name, median in medians.items())
            if ninja:
                text += f", ratio {medians['pipe'] / medians['ninja']:.2f}"
            print(f"{title}: {text}")


main()
