"""Writes small models in ONNX, of different versions of its operators, which `embed` stages take.

    python embedders.py FOLDER

Weights are drawn with a seed. Made with Python 3.11, numpy 2.4.6, onnx 1.23.2.
"""

import pathlib
import sys

import numpy
import onnx
from onnx import numpy_helper, parser

# Frames of a waveform, 8 values each; the value `activated` between its nodes has another width.
FRAMES = """<ir_version: 8, opset_import: ["" : 17]>
frames (float[batch, samples] audio) => (float[batch, frames, 6] features) {
    channel = Constant <value_ints = [1]> ()
    channels = Unsqueeze (audio, channel)
    convolved = Conv <kernel_shape = [160], strides = [80], pads = [80, 80]> (channels, kernel, bias)
    activated_channels = Tanh (convolved)
    activated = Transpose <perm = [0, 2, 1]> (activated_channels)
    features = MatMul (activated, mix)
    unused = MatMul (features, other)
}"""

# One window at a time, with a graph within the graph that sees values around it.
WINDOW = """<ir_version: 7, opset_import: ["" : 13]>
window (float[1, 1, 400] audio) => (float[1, 5] features) {
    convolved = Conv <kernel_shape = [50], strides = [50]> (audio, kernel)
    mean = ReduceMean <axes = [2], keepdims = 0> (convolved)
    rectified = Abs (convolved)
    loudness = ReduceMean <axes = [1, 2], keepdims = 0> (rectified)
    none = Constant <value_float = 0.05> ()
    loud = Greater (loudness, none)
    is_loud = Squeeze (loud)
    features = If (is_loud) <
        then_branch = louder () => (float[1, 5] made) { made = MatMul (mean, mix) },
        else_branch = softer () => (float[1, 5] made) { half = MatMul (mean, mix)  made = Add (half, half) }
    >
}"""

# Frames of features, with the recordings behind them: [features, batch, time].
TURNED = """<ir_version: 8, opset_import: ["" : 18]>
turned (float[batch, time, 12] fbank) => (float[4, batch, time] features) {
    axes = Constant <value_ints = [-1]> ()
    mean = ReduceMean <keepdims = 1> (fbank, axes)
    centred = Sub (fbank, mean)
    mixed = MatMul (centred, mix)
    activated = Tanh (mixed)
    features = Transpose <perm = [2, 0, 1]> (activated)
}"""

# Windows of four frames of six features, of which it makes three values.
SECOND = """<ir_version: 8, opset_import: ["" : 18]>
second (float[batch, 4, 6] frames) => (float[batch, 3] features) {
    flat = Flatten <axis = 1> (frames)
    mixed = MatMul (flat, mix)
    axes = Constant <value_ints = [1]> ()
    largest = ReduceMax <keepdims = 1> (mixed, axes)
    features = Sub (mixed, largest)
}"""

# An old one, whose lists are attributes still and whose softmax takes all axes from the third on as one.
OLD = """<ir_version: 5, opset_import: ["" : 10]>
old (float[samples] audio) => (float[1, frames, 6] features) {
    channels = Unsqueeze <axes = [0, 1]> (audio)
    convolved = Conv <kernel_shape = [200], strides = [100]> (channels, kernel)
    clipped = Clip <min = -0.9, max = 0.8> (convolved)
    turned = Transpose <perm = [0, 2, 1]> (clipped)
    features = Softmax <axis = 2> (turned)
}"""

# Other inputs than the recording.
STATES = """<ir_version: 8, opset_import: ["" : 16]>
states (float[1, samples] audio, int64 sr, float[2, 1, 3] state) => (float[1, frames, 3] features) {
    channel = Constant <value_ints = [1]> ()
    channels = Unsqueeze (audio, channel)
    convolved = Conv <kernel_shape = [320], strides = [160]> (channels, kernel)
    turned = Transpose <perm = [0, 2, 1]> (convolved)
    rate = Cast <to = 1> (sr)
    unit = Constant <value_float = 16000.0> ()
    share = Div (rate, unit)
    axes = Constant <value_ints = [0]> ()
    first = ReduceSum <keepdims = 0> (state, axes)
    raised = Add (turned, first)
    scaled = Mul (raised, share)
    features = Tanh (scaled)
}"""

MODELS = {
    "frames": (FRAMES, {"kernel": (8, 1, 160), "bias": (8,), "mix": (8, 6), "other": (6, 6)}),
    "window": (WINDOW, {"kernel": (5, 1, 50), "mix": (5, 5)}),
    "turned": (TURNED, {"mix": (12, 4)}),
    "second": (SECOND, {"mix": (24, 3)}),
    "old": (OLD, {"kernel": (6, 1, 200)}),
    "states": (STATES, {"kernel": (3, 1, 320)}),
}


def main(folder):
    drawn = numpy.random.default_rng(3)
    for name, (text, weights) in MODELS.items():
        model = parser.parse_model(text)
        for weight, shape in weights.items():
            scale = 3.0 / numpy.sqrt(numpy.prod(shape[1:]) if len(shape) > 2 else shape[0])
            values = (scale * drawn.standard_normal(shape)).astype("float32")
            model.graph.initializer.append(numpy_helper.from_array(values, weight))
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(folder / f"{name}.onnx"))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
