"""How many of ONNX's operator graphs give what they should, in rten and in ONNX Runtime.

    apt-get download libonnx-testdata && dpkg -x libonnx-testdata_*.deb graphs
    cargo build --release -p pipe-inference --example operator_graphs
    python benches/onnx/operator_graphs.py graphs target/release/examples/operator_graphs

Every folder has `model.onnx` and `test_data_set_0` with inputs and outputs. A graph passes where every output has the shape
and, within 1e-3 of the value or 1e-5, the numbers that it should. As in `pipe`, rten is given 64-bit integers and booleans as
32-bit integers, and 64-bit floats as 32-bit ones. Needs numpy, onnx and onnxruntime.
"""

import collections
import json
import pathlib
import select
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper

SECONDS = 20
NARROW = {"int64": "int32", "bool": "int32", "float64": "float32", "int16": "int32", "uint16": "int32", "uint32": "int32"}


class Rten:
    """The example program, started again where it has died or hangs."""

    def __init__(self, program):
        self.program, self.process = program, None

    def ask(self, request):
        if self.process is None:
            pipe = subprocess.PIPE
            self.process = subprocess.Popen([self.program], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = ""
        if select.select([self.process.stdout], [], [], SECONDS)[0]:
            line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            self.process = None
            return {"error": "ended or took too long"}
        return json.loads(line)


def tensors(folder, kind):
    """The arrays of a test, in their order."""
    files = sorted(folder.glob(f"{kind}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
    found = []
    for path in files:
        tensor = onnx.TensorProto()
        tensor.ParseFromString(path.read_bytes())
        found.append(numpy_helper.to_array(tensor))
    return found


def same(made, expected):
    """Whether all outputs are what they should be."""
    if len(made) < len(expected):
        return False
    for own, wanted in zip(made, expected):
        own, wanted = numpy.asarray(own), numpy.asarray(wanted)
        if own.shape != wanted.shape or wanted.dtype == object or own.dtype == object:
            return False
        own, wanted = own.astype("float64"), wanted.astype("float64")
        if not numpy.allclose(own, wanted, rtol=1e-3, atol=1e-5, equal_nan=True):
            return False
    return True


def by_onnxruntime(model, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs)))


def by_rten(rten, model, inputs, folder):
    request = {"model": str(model), "inputs": [], "to": folder}
    for at, array in enumerate(inputs):
        array = numpy.ascontiguousarray(array)
        kind = NARROW.get(array.dtype.name, array.dtype.name)
        path = pathlib.Path(folder) / f"in{at}"
        path.write_bytes(array.astype(kind).tobytes())
        request["inputs"].append({"type": kind, "shape": array.shape, "file": str(path)})
    answer = rten.ask(request)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    read = lambda one: numpy.fromfile(one["file"], one["type"]).reshape(one["shape"])
    return [read(one) for one in answer["outputs"]]


def main():
    root, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    models = sorted(root.rglob("model.onnx"))
    rten = Rten(program)
    passed = collections.defaultdict(collections.Counter)
    reasons = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            group = model.parent.parent.name
            passed["graphs"][group] += 1
            data = model.parent / "test_data_set_0"
            try:
                inputs, expected = tensors(data, "input"), tensors(data, "output")
            except Exception:
                # Sequences and optional values are no tensors; neither is what pipe could hand on.
                passed["no tensors"][group] += 1
                continue
            for name, run in [
                ("rten", lambda: by_rten(rten, model, inputs, folder)),
                ("ONNX Runtime", lambda: by_onnxruntime(model, inputs)),
            ]:
                try:
                    passed[name][group] += same(run(), expected)
                except Exception as error:
                    told = str(error).split("operator error: ")[-1].splitlines()[0][:60]
                    reasons[name, told] += 1
    for name, counts in passed.items():
        print(name, sum(counts.values()), dict(counts))
    for (name, told), count in reasons.most_common(20):
        print(f"{count:5} {name}: {told}")


main()
