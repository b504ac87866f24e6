"""Optimiser steps per second of the paper's network in eager PyTorch, in fp32 and with TF32.

    python device.py [--device cuda:0] [--steps 30] [--batch 32] [--frames 600]

The batch has the lengths of benches/device.rs, padded to the longest; recurrence by cuDNN. One model without
attribute heads: PyTorch trains models one after another, so its rate of model-steps is that of one model.
"""

import argparse
import contextlib
import io
import sys
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

WARM_UP = 5

parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cuda:0")
for name, number in (("steps", 30), ("batch", 32), ("frames", 600)):
    parser.add_argument(f"--{name}", type=int, default=number)
arguments = parser.parse_args()

# train_epoch.py measures when it is read, on as many threads and batches as its arguments say: with none, it only
# defines the network.
threads, sys.argv[1:] = torch.get_num_threads(), ["1", "0"]
with contextlib.redirect_stdout(io.StringIO()):
    from train_epoch import BINS, Net
torch.set_num_threads(threads)


class DeviceNet(Net):
    """The same layers; packing wants lengths on the processor, masks are made on the device."""

    def forward(self, x, lengths):
        counts = lengths.to(x.device, non_blocking=True)
        x = x.transpose(1, 2)
        for conv in self.conv:
            x = nn.functional.max_pool1d(torch.relu(conv(x)), 3, 2)
            lengths, counts = (lengths - 3) // 2 + 1, (counts - 3) // 2 + 1
            x = x * (torch.arange(x.shape[2], device=x.device)[None, :] < counts[:, None])[:, None, :]
        packed = pack_padded_sequence(x.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.emotion(self.drop(torch.cat([h[0], h[1]], 1)))


def lengths_of_batch():
    shortest = max(arguments.frames // 6, 15)
    longest = max(arguments.frames, shortest)
    state, found = 1, []
    for _ in range(arguments.batch):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        found.append(shortest + (state >> 8) % (longest - shortest + 1))
    return found


device = torch.device(arguments.device)
lengths = lengths_of_batch()
torch.manual_seed(1)
noise = torch.rand(max(lengths), BINS) * 2 - 1
x = pad_sequence([noise[:n] for n in lengths], batch_first=True).to(device)
targets = (torch.arange(len(lengths)) % 3).to(device)
lengths = torch.tensor(lengths)


def wait():
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of_step(tf32):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    net = DeviceNet().to(device)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.002, momentum=0.9)

    def run(steps):
        for _ in range(steps):
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(x, lengths), targets).backward()
            optimiser.step()
        wait()

    run(WARM_UP)
    started = time.perf_counter()
    run(arguments.steps)
    return (time.perf_counter() - started) / arguments.steps


card = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
print(f"PyTorch {torch.__version__}, {card}; {int(lengths.sum())} frames, {x.shape[0] * x.shape[1]} with padding")
print("models precision   ms/step model-steps/s", flush=True)
for tf32 in (False, True):
    seconds = seconds_of_step(tf32)
    print(f"{1:>6} {'TF32' if tf32 else 'fp32':>9} {1e3 * seconds:>9.2f} {1 / seconds:>13.2f}", flush=True)
