"""Runs the Rust benchmark and PyTorch's in turn and prints medians and their ratio.

    cargo bench --bench training --no-run
    python compare.py <path of the built benchmark> [repetitions] [batches]

Needs torch (measured with 2.15.0). Both sides take the same batches of 32 utterances: lengths of
937 utterances of RAVDESS, nEMO and CREMA-D in 10 ms frames (`frames.txt`).
"""

import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
BINARY = sys.argv[1]
REPEAT = int(sys.argv[2]) if len(sys.argv) > 2 else 5
BATCHES = sys.argv[3] if len(sys.argv) > 3 else "8"

for threads in ("1", "2"):
    commands = {
        "ours": [BINARY, threads, BATCHES],
        "pytorch": [sys.executable, str(HERE / "train_epoch.py"), threads, BATCHES],
    }
    found = {name: {"train": [], "eval": []} for name in commands}
    for _ in range(REPEAT):
        for name, command in commands.items():
            line = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for kind in ("train", "eval"):
                found[name][kind].append(line[kind])
    for kind in ("train", "eval"):
        ours, theirs = (statistics.median(found[name][kind]) for name in ("ours", "pytorch"))
        print(f"{threads} thread(s), {kind}: {ours:.0f} and {theirs:.0f} frames/s, ratio {ours / theirs:.2f}")
