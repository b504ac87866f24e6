"""Runs exported graphs with onnxruntime and compares them with what `pipe predict` says.

    python compare.py FOLDER

FOLDER holds, for each case NAME, NAME.onnx (from samples), NAME.features.onnx (from features) and NAME.jsonl, the
lines of `pipe predict --format json`; beside each recording X.wav (16 bits, one channel, the model's rate) lies
X.f32, its features as little-endian floats, [frames, bins].

Tolerances are the largest absolute difference of a probability, or of a numeric target: 1e-5 from features, 2e-5 from
samples. Prints the
largest of each and ends with 1 where one is beyond its tolerance.

Made with Python 3.11, numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0.
"""

import json
import pathlib
import sys
import wave

import numpy
import onnx
import onnxruntime

TOLERANCES = {"waveform": 2e-5, "features": 1e-5}


def samples_of(path, rate_hz):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate_hz, 1, 2), path
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2") / numpy.float32(32768)


def session_of(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main(folder):
    worst = {"waveform": 0.0, "features": 0.0}
    compared = 0
    cases = sorted(path.stem for path in folder.glob("*.jsonl"))
    assert cases, "no cases"
    for case in cases:
        from_samples = session_of(folder / f"{case}.onnx")
        from_features = session_of(folder / f"{case}.features.onnx")
        metadata = from_samples.get_modelmeta().custom_metadata_map
        classes = metadata["classes"].split(",")
        assert classes == ["positive", "neutral", "negative"]
        targets = metadata["targets"].split(",")
        assert targets == ["arousal"]
        rate_hz, minimum = int(metadata["sample_rate_hz"]), int(metadata["minimum_samples"])
        bins = from_features.get_inputs()[0].shape[2]
        spread = []
        for line in (folder / f"{case}.jsonl").read_text().splitlines():
            row = json.loads(line)
            path = folder / row["file"]
            expected = numpy.array([row["probabilities"][name] for name in classes], "float32")
            numbers = numpy.array([row["numbers"][name] for name in targets])
            spread.append(numpy.append(expected, numbers))
            samples = samples_of(path, rate_hz)
            raw = numpy.fromfile(path.with_suffix(".f32"), "<f4").reshape(1, -1, bins)
            for kind, session, values in [
                ("waveform", from_samples, samples[None]),
                ("features", from_features, raw),
            ]:
                # A batch gives each of its members the same as alone.
                for batch in [values, numpy.repeat(values, 3, axis=0)]:
                    found, said = session.run(["probabilities", "numbers"], {kind: batch})
                    assert (found.shape, said.shape) == ((len(batch), 3), (len(batch), 1))
                    assert numpy.isfinite(found).all() and numpy.isfinite(said).all(), (case, path)
                    difference = float(max(numpy.abs(found - expected).max(), numpy.abs(said - numbers).max()))
                    if difference > worst[kind]:
                        worst[kind] = difference
                        print(f"{case} {path.name} {kind}: {difference:.2e}")
                    compared += 1
        # Networks that always say the same would make this comparison empty.
        assert numpy.ptp(numpy.array(spread), axis=0).max() > 0.05, (case, spread)
        try:
            found = from_samples.run(None, {"waveform": numpy.zeros((1, minimum - 1), "float32")})
            sys.exit(f"{case}: a recording too short for a frame was predicted: {found}")
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument:
            pass
    print(f"{len(cases)} cases, {compared} comparisons, largest differences: {worst}")
    return 0 if all(worst[kind] <= most for kind, most in TOLERANCES.items()) else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
