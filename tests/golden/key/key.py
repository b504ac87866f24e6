"""Computes the golden step key of src/artifact/key.rs with the blake3 package for Python (1.0)."""
from blake3 import blake3

material = {
    "kind": '"fbank"'.strip('"'),
    "version": "1",
    "parameters.bins": "40",
    "parameters.low_hz": "20.0",
    "parameters.layers.length": "1",
    "parameters.layers.0.w": "5",
}
hasher = blake3(b"pipe key 1\n")
for name in sorted(material):
    for text in (name, material[name]):
        hasher.update(len(text.encode()).to_bytes(8, "little"))
        hasher.update(text.encode())
print(hasher.hexdigest())
