"""eGeMAPS functionals by openSMILE, for `protocol = "lines"`: one vector of 88 values for each recording.

Needs: pip install opensmile safetensors. openSMILE may be used for research, not in products, without a licence from
audEERING; see its licence.
"""

import json
import sys

import numpy
import opensmile
import soundfile
from safetensors.numpy import save_file

smile = opensmile.Smile(
    feature_set=opensmile.FeatureSet.eGeMAPSv02,
    feature_level=opensmile.FeatureLevel.Functionals,
)

for line in sys.stdin:
    item = json.loads(line)
    samples, rate_hz = soundfile.read(item["input"], dtype="float32")
    found = smile.process_signal(samples, rate_hz).to_numpy("float32")
    if not numpy.isfinite(found).all():
        print(json.dumps({"error": "too short for openSMILE"}), flush=True)
        continue
    save_file({"features": found}, item["output"])
    print("{}", flush=True)
