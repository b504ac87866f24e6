"""Runs graphs of whole chains with onnxruntime and compares them with what `pipe predict` says.

    python chains.py FOLDER

FOLDER holds, for each case NAME, NAME.onnx, NAME.jsonl, the lines of `pipe predict --format json`, and the recordings
NAME_*.wav (16 bits, one channel, the model's rate). A recording without a line has no prediction: the graph must refuse it.

The tolerance is the largest absolute difference of a probability, or of a numeric target: 5e-5. Prints the largest of each
case and ends with 1 where one is beyond it.

Made with Python 3.11, numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0.
"""

import json
import pathlib
import sys
import wave

import numpy
import onnx
import onnxruntime

TOLERANCE = 5e-5


def samples_of(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2), path
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2") / numpy.float32(32768)


def session_of(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main(folder):
    beyond = 0
    cases = sorted(path.stem for path in folder.glob("*.jsonl"))
    assert cases, "no cases"
    for case in cases:
        session = session_of(folder / f"{case}.onnx")
        names = session.get_modelmeta().custom_metadata_map["classes"].split(",")
        lines = (folder / f"{case}.jsonl").read_text().splitlines()
        rows = {row["file"]: row for row in map(json.loads, lines)}
        worst, predicted, refused, spread = 0.0, 0, 0, []
        for path in sorted(folder.glob(f"{case}_*.wav")):
            given = {"waveform": samples_of(path)[None]}
            row = rows.get(path.name)
            if row is None:
                refused += 1
                try:
                    found = session.run(None, given)
                    sys.exit(f"{case}: {path.name} has no prediction, and the graph gives {found}")
                except onnxruntime.capi.onnxruntime_pybind11_state.Fail:
                    continue
                except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument:
                    continue
                except onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException:
                    continue
            expected = [row["probabilities"][name] for name in names] + list(row["numbers"].values())
            found = numpy.concatenate([value[0] for value in session.run(["probabilities", "numbers"], given)])
            assert numpy.isfinite(found).all(), (case, path)
            worst = max(worst, float(numpy.abs(found - numpy.array(expected)).max()))
            spread.append(expected)
            predicted += 1
        # Networks that always say the same would make this comparison empty.
        assert predicted >= 4 and numpy.ptp(numpy.array(spread), axis=0).max() > 0.02, (case, spread)
        print(f"{case}: {predicted} recordings, {refused} refused, largest difference {worst:.2e}")
        beyond += worst > TOLERANCE
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
