#!/bin/bash
# Runs the CUDA tests, the device benchmark and PyTorch on a machine that has a driver and PyTorch but no Rust.
# usage: gpu.sh FOLDER [OPTION_OF_THE_BENCHMARK]...    for instance --steps 10; DEVICE names PyTorch's, cuda:0 if not set
#
# FOLDER holds `pipe-tests` and `device`, and perhaps `lib/` with libcublas, libcublasLt and libnvrtc (with its builtins)
# of CUDA 13 or 12; without it they are looked for in /usr/local/cuda and among the wheels that PyTorch brings. To make
# it on a build machine, which needs no CUDA:
#   cargo test --release --package pipe-nn --features cuda --lib --no-run   # names the binary: copy it to FOLDER/pipe-tests
#   cargo bench --features cuda --bench device --no-run                     # likewise: FOLDER/device
# Programs do not start where glibc is older than on the build machine.
# Ends with 0 if the tests ran on a device and passed, and both benchmarks ran. Takes less than 8 minutes.
set -uo pipefail
(($# >= 1)) && [[ $1 != -* ]] || { sed -n '2,3s/^# \?//p' "$0" >&2; exit 2; }
folder=$(cd "$1" && pwd) || exit 2
shift
for name in pipe-tests device; do
    [ -x "$folder/$name" ] || { echo "gpu.sh: $folder/$name is not an executable file" >&2; exit 2; }
done
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$(command -v python || command -v python3 || true)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Tests read files of the tree, as under cargo.
cd "$here/../crates/nn"

wheels=
if [ -n "$python" ]; then
    wheels=$("$python" - <<'END'
import glob, importlib.util
found = []
for name, pattern in (("nvidia", "/**/lib"), ("torch", "/lib")):
    spec = importlib.util.find_spec(name)
    for place in (spec.submodule_search_locations or []) if spec else []:
        found += sorted(glob.glob(place + pattern, recursive=True))
print(":".join(found))
END
    ) || wheels=
fi
# For our programs alone: PyTorch finds its own.
libraries=$folder/lib:/usr/local/cuda/lib64${wheels:+:$wheels}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo 'nvidia-smi: not found'

part() { # NAME SECONDS COMMAND...    output to the terminal and to $work/NAME; the status is the command's
    echo "== $1"
    timeout -k 2 "$2" "${@:3}" 2>&1 | tee "$work/$1"
    local status=${PIPESTATUS[0]}
    ((status != 124 && status != 137)) || echo "$1: stopped after $2 s"
    return "$status"
}

# A test that finds no device says so and passes, so what the tests say is looked at.
part tests 240 env LD_LIBRARY_PATH="$libraries" "$folder/pipe-tests" cuda:: device_tests --test-threads 1 --nocapture
tests=$?
summary=$(grep -a '^test result' "$work/tests" | tail -n 1)
if ((tests != 0)); then suite="FAIL (status $tests)"
elif grep -aq 'skipped: ' "$work/tests"; then suite='FAIL (skipped: no device)'
elif ! grep -aqE '^test result: ok\. [1-9]' "$work/tests"; then suite='FAIL (no test ran)'
else suite=PASS; fi

part device 150 env LD_LIBRARY_PATH="$libraries" "$folder/device" "$@"
device=$?

# What only the benchmark in Rust knows is left out: models side by side, and how ceilings are measured.
options=()
while (($#)); do
    case $1 in --steps | --batch | --frames) options+=("$1" "${2:-}") ;; esac
    shift $(($# > 1 ? 2 : 1))
done
pytorch=127
if [ -n "$python" ]; then
    part pytorch 80 "$python" "$here/pytorch/device.py" --device "${DEVICE:-cuda:0}" ${options[@]+"${options[@]}"}
    pytorch=$?
else
    echo 'python: not found'
fi

echo '== summary'
touch "$work/device" "$work/pytorch"
grep -a '^card: ' "$work/device"
echo "tests: $suite${summary:+; $summary}"
((device == 0)) || echo "benchmark: FAIL (status $device)"
((pytorch == 0)) || echo "PyTorch: FAIL (status $pytorch)"
awk '
    function line(who, models, kind, ms, rate, flops, minutes, ratio) {
        return sprintf("%-8s %6s %9s %9s %13s %9s %13s %10s", who, models, kind, ms, rate, flops, minutes, ratio)
    }
    BEGIN { print line("", "models", "precision", "ms/step", "model-steps/s", "TFLOP/s", "study-minutes", "of PyTorch") }
    $1 !~ /^[0-9]+$/ || ($2 != "fp32" && $2 != "TF32") { next }
    FILENAME ~ /pytorch$/ { theirs[$2] = $4; print line("PyTorch", $1, $2, $3, $4, "", "", ""); next }
    { print line("pipe", $1, $2, $3, $4, $5, $6, theirs[$2] > 0 ? sprintf("%.2f", $4 / theirs[$2]) : "-") }
' "$work/pytorch" "$work/device"
[ "$suite" = PASS ] && ((device == 0 && pytorch == 0))
