#!/bin/bash
# Compiles every kernel source of src/ to PTX for each kind of card the binary may meet; a warning counts as an error.
# usage: check-kernels.sh [DIR]    DIR is a tree made by cuda-build-env.sh; without it, nvcc is taken from PATH
set -euo pipefail
(($# < 2)) || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
[ $# = 0 ] || source "$(cd "$1" && pwd)/env"
cd "$(dirname "$0")/.."
command -v nvcc > /dev/null || { echo 'check-kernels.sh: no nvcc; scripts/cuda-build-env.sh brings one' >&2; exit 1; }
capabilities=(75 80 86 89 90 100 120)
mapfile -d '' -t sources < <(find src -name '*.cu' -print0 | sort -z)
((${#sources[@]})) || { echo 'check-kernels.sh: no .cu file in src/' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for capability in "${capabilities[@]}"; do
    # One call of nvcc each: it would name the PTX after the source, and two sources may have one name.
    printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -I SOURCE sh -c '
        out=$(mktemp "$1/XXXXXX") &&
        nvcc --ptx --gpu-architecture="compute_$2" -Werror all-warnings "$3" -o "$out" ||
        { echo "check-kernels.sh: $3 fails for compute capability $2" >&2; exit 1; }' - "$work" "$capability" SOURCE ||
        failed=1
done
[ $failed = 0 ] && echo "${#sources[@]} files compile for ${capabilities[*]}"
