"""The bytes of G.711, by audioop: writes g711.json beside this file, each change of byte over all 16-bit samples.

usage: python g711.py    (CPython 3.11, whose audioop is part of the standard library until 3.12)
"""

import audioop
import json
import pathlib
import struct


def changes(coded):
    found, last = [], None
    for sample in range(-32768, 32768):
        byte = coded(struct.pack("=h", sample), 2)[0]
        if byte != last:
            found.append([sample, byte])
        last = byte
    return found


golden = {"mu_law": changes(audioop.lin2ulaw), "a_law": changes(audioop.lin2alaw)}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden) + "\n")
