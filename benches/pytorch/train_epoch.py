"""Frames per second of the paper's network in PyTorch; one JSON line.

    python train_epoch.py <threads> <batches>
"""

import json
import pathlib
import resource
import sys
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

THREADS, COUNT = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(THREADS)
BINS = 40


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [BINS, 256, 256, 256]
        self.conv = nn.ModuleList(nn.Conv1d(a, b, 5, padding=2) for a, b in zip(sizes, sizes[1:]))
        self.lstm = nn.LSTM(256, 256, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.emotion = nn.Linear(512, 3)

    def forward(self, x, lengths):
        x = x.transpose(1, 2)
        for conv in self.conv:
            x = nn.functional.max_pool1d(torch.relu(conv(x)), 3, 2)
            lengths = (lengths - 3) // 2 + 1
            # Frames beyond an utterance's end must stay zero, or they leak into it.
            x = x * (torch.arange(x.shape[2])[None, :] < lengths[:, None])[:, None, :]
        packed = pack_padded_sequence(x.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.emotion(self.drop(torch.cat([h[0], h[1]], 1)))


frames = [int(line) for line in (pathlib.Path(__file__).parent / "frames.txt").read_text().split()]
batches = []
for start in range(0, len(frames), 1600):
    bucket = sorted(frames[start : start + 1600])
    batches += [bucket[at : at + 32] for at in range(0, len(bucket), 32)]
batches = batches[::4][:COUNT]
torch.manual_seed(1)
noise = torch.rand(max(frames), BINS) * 2 - 1
net = Net()
optimiser = torch.optim.SGD(net.parameters(), lr=0.002, momentum=0.9)


def run(training, batches):
    net.train(training)
    done, started, before = 0, time.perf_counter(), time.process_time()
    for batch in batches:
        x = pad_sequence([noise[:n] for n in batch], batch_first=True)
        lengths = torch.tensor(batch)
        done += sum(batch)
        if training:
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(x, lengths), torch.arange(len(batch)) % 3).backward()
            optimiser.step()
        else:
            with torch.no_grad():
                torch.softmax(net(x, lengths), 1)
    return round(done / (time.perf_counter() - started)), round(done / (time.process_time() - before))


# The longest batch first, so that memory has been asked for.
run(True, batches[-1:])
train, train_cpu = run(True, batches)
run(False, batches[-1:])
evaluate, evaluate_cpu = run(False, batches)
peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps({
    "threads": THREADS, "train": train, "eval": evaluate,
    "train_cpu": train_cpu, "eval_cpu": evaluate_cpu, "peak_mb": peak_mb,
}))
