"""Reads event files as TensorBoard does and prints runs, scalars and texts as JSON.

Needs tensorboard 2.21.0 (no TensorFlow). Usage: read_events.py FOLDER
"""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import event_multiplexer

everything = {
    event_accumulator.SCALARS: 0,
    event_accumulator.TENSORS: 0,
}
multiplexer = event_multiplexer.EventMultiplexer(size_guidance=everything)
multiplexer.AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
runs = {}
for run, tags in sorted(multiplexer.Runs().items()):
    scalars = {
        tag: [[event.step, event.value, event.wall_time] for event in multiplexer.Scalars(run, tag)]
        for tag in tags["scalars"]
    }
    texts = {
        tag: [event.tensor_proto.string_val[0].decode() for event in multiplexer.Tensors(run, tag)]
        for tag in tags["tensors"]
    }
    plugins = {
        tag: multiplexer.SummaryMetadata(run, tag).plugin_data.plugin_name for tag in tags["tensors"]
    }
    runs[run] = {"scalars": scalars, "texts": texts, "plugins": plugins}
json.dump(runs, sys.stdout)
