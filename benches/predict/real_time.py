"""How many times faster than real time `pipe predict` is on one core, with the paper's network.

    python benches/predict/real_time.py FOLDER [--pipe target/release/pipe] [--corpora corpora.toml] [--repeats 5]

FOLDER holds WAV files, a few minutes of them in all. Each run is a process of its own that is bound to one core, so
starting, reading the model, decoding, resampling, features and network all count. Prints the median of the runs for
whole recordings, for windows of 3 s, and for windows of 3 s every second (audio counted once), by the clock and by
processor time, which bears other work on the machine better.
Python 3.9 or newer, nothing beside it; Linux.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time


def bound_to_one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def processor_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--pipe", default="target/release/pipe")
    parser.add_argument("--corpora", default="corpora.toml")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    manifest = pathlib.Path(__file__).with_name("paper.toml")
    with tempfile.TemporaryDirectory() as work:
        places = ["--runs", f"{work}/runs", "--cache", f"{work}/cache", "--corpora", options.corpora]
        subprocess.run([options.pipe, "run", str(manifest), "--json", *places], check=True, stdout=subprocess.DEVNULL)
        model = f"{work}/runs/paper/train/model.safetensors"
        predict = [options.pipe, "predict", model, options.folder, "--threads", "1", "--format", "json"]
        whole = subprocess.run(predict, check=True, capture_output=True, text=True).stdout.splitlines()
        audio_s = sum(row["end_s"] - row["start_s"] for row in map(json.loads, whole))
        print(f"{len(whole)} recordings, {audio_s:.0f} s of audio, one core, medians of {options.repeats}")
        for name, more in [
            ("whole recordings", []),
            ("windows of 3 s", ["--window-s", "3"]),
            ("windows of 3 s every 1 s", ["--window-s", "3", "--hop-s", "1"]),
        ]:
            times, processor = [], []
            for _ in range(options.repeats):
                start, start_processor = time.perf_counter(), processor_s()
                subprocess.run(
                    predict + more, check=True, stdout=subprocess.DEVNULL, preexec_fn=bound_to_one_core
                )
                times.append(time.perf_counter() - start)
                processor.append(processor_s() - start_processor)
            clock, work_s = statistics.median(times), statistics.median(processor)
            print(f"{name}: {clock:.3f} s, {audio_s / clock:.0f} times real time; ", end="")
            print(f"processor {work_s:.3f} s, {audio_s / work_s:.0f} times")


if __name__ == "__main__":
    main()
