"""Runs the Rust benchmark and PyTorch's in turn and prints medians and their ratio.

    cargo bench --bench training --no-run
    python compare.py <path of the built benchmark> [repetitions] [batches]

Needs torch (measured with 2.15.0). Both sides take the same batches of 32 utterances: lengths of
937 utterances of RAVDESS, nEMO and CREMA-D in 10 ms frames (`frames.txt`). The ratio is the median
of the ratios of neighbouring runs. Then two models side by side with one thread each are compared
with one model on two threads.
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
# 11.75 hours of speech in 10 ms frames, 150 epochs.
FRAMES_OF_A_MODEL = 11.75 * 360_000 * 150


def start(command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def finish(process):
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args} failed")
    return json.loads(out)


def ours(threads):
    return [BINARY, str(threads), BATCHES]


def pytorch(threads):
    return [sys.executable, str(HERE / "train_epoch.py"), str(threads), BATCHES]


for threads in (1, 2):
    pairs = [(finish(start(ours(threads))), finish(start(pytorch(threads)))) for _ in range(REPEAT)]
    # Processor time says little where threads wait for each other.
    kinds = ("train", "eval", "train_cpu", "eval_cpu") if threads == 1 else ("train", "eval")
    for kind in kinds:
        a, b = (statistics.median(pair[side][kind] for pair in pairs) for side in (0, 1))
        ratios = sorted(pair[0][kind] / pair[1][kind] for pair in pairs)
        print(
            f"{threads} thread(s), {kind}: {a:.0f} and {b:.0f} frames/s, "
            f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )
    peaks = [max(pair[side]["peak_mb"] for pair in pairs) for side in (0, 1)]
    print(f"{threads} thread(s), peak memory: {peaks[0]} and {peaks[1]} MB")

together, alone = [], []
for _ in range(REPEAT):
    both = [start(ours(1)) for _ in range(2)]
    together.append(sum(finish(process)["train"] for process in both))
    alone.append(finish(start(ours(2)))["train"])
for name, rates in (("2 models x 1 thread", together), ("1 model x 2 threads", alone)):
    rate = statistics.median(rates)
    print(f"{name}: {rate:.0f} frames/s, {3600 * rate / FRAMES_OF_A_MODEL:.2f} models an hour")
