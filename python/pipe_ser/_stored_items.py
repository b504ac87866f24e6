"""Items of a step: what is known of each utterance, and its arrays, mapped from the cache."""

import json
import mmap
import os
from collections.abc import Mapping

import numpy as np

from ._program import PipeError

# Types of safetensors that NumPy has.
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


class StoredItems(Mapping):
    """Arrays by utterance, in the order of the ids. They are read-only views of files of the cache: nothing is copied until
    something computes with them, and they stay valid while anything refers to them.

    Items that have several arrays are dictionaries of them.
    """

    def __init__(self, lines):
        self._lines = {line["utterance"]: line for line in lines}
        self._maps = {}

    def __len__(self):
        return len(self._lines)

    def __iter__(self):
        return iter(self._lines)

    def __repr__(self):
        return f"<{len(self)} items>"

    def __getitem__(self, utterance):
        arrays = self.arrays(utterance)
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays

    def arrays(self, utterance):
        """All arrays of an utterance by their names."""
        place = self._lines[utterance]["place"]
        if place is None:
            raise PipeError(
                "the step keeps no arrays of its own",
                help="take the items of a step that computes features, such as fbank",
            )
        data, start = self._mapped(place["file"]), place["offset"]
        length = int.from_bytes(data[start : start + 8], "little")
        header = json.loads(bytes(data[start + 8 : start + 8 + length]))
        first = start + 8 + length
        return {name: _array(data, first, entry) for name, entry in header.items() if name != "__metadata__"}

    def facts(self, utterance):
        """What is known of an utterance: corpus, speaker, label, class, split, and further columns."""
        left_out = ("event", "digest", "place")
        return {name: value for name, value in self._lines[utterance].items() if name not in left_out}

    def column(self, name):
        """One of the facts of all utterances, such as "class" or "speaker", as an array in their order."""
        values = []
        for line in self._lines.values():
            value = line[name] if name in line else (line["columns"] or {}).get(name)
            values.append("" if value is None else value)
        return np.array(values)

    def _mapped(self, path):
        if path not in self._maps:
            file = os.open(path, os.O_RDONLY)
            try:
                self._maps[path] = memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ))
            finally:
                os.close(file)
        return self._maps[path]


def _array(data, first, entry):
    kind = _TYPES.get(entry["dtype"])
    if kind is None:
        raise PipeError(f"NumPy has no type for arrays of {entry['dtype']}")
    shape = entry["shape"]
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(data, kind, count, first + entry["data_offsets"][0]).reshape(shape)
