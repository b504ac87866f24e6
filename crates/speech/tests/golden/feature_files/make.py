"""Features of three recordings in every format that is read: writes the files beside this one.

usage: python make.py    (NumPy 2.4, safetensors 0.8, kaldiio 2.18, pandas 3.1, pyarrow 26.0)
"""

import json
import pathlib

import kaldiio
import numpy
import pandas
from safetensors.numpy import save_file

folder = pathlib.Path(__file__).parent
random = numpy.random.default_rng(3)
frames = {"a/one": 4, "a/two": 6, "b/one": 1}
features = {
    name: numpy.round(random.normal(0, 3, (count, 3)), 3).astype(numpy.float32)
    for name, count in frames.items()
}
flat = {name: values.ravel().tolist() for name, values in features.items()}
(folder / "expected.json").write_text(json.dumps({"frames": frames, "values": flat}, indent=1) + "\n")

numpy.savez(folder / "stored.npz", **features)
numpy.savez_compressed(
    folder / "deflated.npz",
    **{name: numpy.asfortranarray(values.astype(">f8")) for name, values in features.items()},
)
numpy.save(folder / "stacked.npy", numpy.stack([values[0] for values in features.values()]))
(folder / "names.txt").write_text("".join(f"{name}.wav\n" for name in features))
save_file(features, folder / "all.safetensors")

for name, options in [
    ("binary", {}),
    ("compressed_by_column", {"compression_method": 2}),
    ("compressed_16", {"compression_method": 3}),
    ("compressed_8", {"compression_method": 5}),
    ("text", {"text": True}),
]:
    where = f"ark,t:{folder}/{name}.ark" if "text" in options else f"ark:{folder}/{name}.ark"
    options.pop("text", None)
    with kaldiio.WriteHelper(where, **options) as write:
        for key, values in features.items():
            write(key, values)
# What Kaldi's compression makes of them, by another reader.
for name in ["compressed_by_column", "compressed_16", "compressed_8"]:
    read = {key: values.ravel().tolist() for key, values in kaldiio.load_ark(str(folder / f"{name}.ark"))}
    (folder / f"{name}.json").write_text(json.dumps(read) + "\n")
offsets = {}
with open(folder / "binary.ark", "rb") as file:
    content = file.read()
lines = []
for name in features:
    place = content.index(f"{name} ".encode()) + len(name) + 1
    lines.append(f"{name} binary.ark:{place}\n")
(folder / "list.scp").write_text("".join(lines))

rows = [
    (f"/data/{name}.wav", pandas.Timedelta(0.01 * frame, "s"), pandas.Timedelta(0.01 * (frame + 1), "s"), *values)
    for name, matrix in features.items()
    for frame, values in enumerate(matrix)
]
table = pandas.DataFrame(rows, columns=["file", "start", "end", "F0", "loudness", "jitter"])
table.to_csv(folder / "audformat.csv", index=False)
smile = [
    (f"'{name}.wav'", 0.01 * frame, *values, "?")
    for name, matrix in features.items()
    for frame, values in enumerate(matrix)
]
smile = pandas.DataFrame(smile, columns=["name", "frameTime", "F0", "loudness", "jitter", "emotion"])
smile.to_csv(folder / "opensmile.csv", index=False, sep=";", quoting=3)
means = pandas.DataFrame(
    {name: values[0] for name, values in features.items()}, index=["F0", "loudness", "jitter"]
).T
means.insert(0, "emotion", [0, 1, 2])
means.to_csv(folder / "pandas.csv")

# Tables in Parquet: times as pandas keeps them, an index without a name, and embeddings as lists.
table.set_index(["file", "start", "end"]).to_parquet(folder / "audformat.parquet", compression="snappy")
means.to_parquet(folder / "pandas.parquet", compression="zstd")
lists = [(f"{name}.wav", "happy", values[0]) for name, values in features.items()]
lists = pandas.DataFrame(lists, columns=["file", "emotion", "embedding"])
lists.to_parquet(folder / "lists.parquet", compression="gzip", index=False)
