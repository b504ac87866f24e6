#!/bin/bash
# Compiles every kernel source of crates/ to PTX for each kind of card the binary may meet; a warning counts as an error.
# usage: check-kernels.sh [DIR]    DIR is made by cuda-compiler.sh; without it, nvcc is taken from PATH
#
# With DIR, the program compiles all its kernels too, as it does when it starts, with nvrtc of CUDA 13 and of CUDA 12;
# CARGO_OPTIONS may hold options of cargo, such as --config FILE.
set -euo pipefail
(($# < 2)) || { sed -n '2,6s/^# \?//p' "$0" >&2; exit 2; }
compilers=()
if [ $# = 1 ]; then
    dir=$(cd "$1" && pwd)
    source "$dir/env"
    compilers=("$dir/nvrtc-13" "$dir/nvrtc-12")
fi
cd "$(dirname "$0")/.."
command -v nvcc > /dev/null || { echo 'check-kernels.sh: no nvcc; scripts/cuda-compiler.sh brings one' >&2; exit 1; }
capabilities=(75 80 86 89 90 100 120)
mapfile -d '' -t sources < <(find crates -name '*.cu' -print0 | sort -z)
((${#sources[@]})) || { echo 'check-kernels.sh: no .cu file in crates/' >&2; exit 1; }
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
[ $failed = 0 ] || exit 1
echo "${#sources[@]} files compile for ${capabilities[*]}"

for compiler in ${compilers[@]+"${compilers[@]}"}; do
    # The test passes where there is no compiler, so what it says is looked at. The whole workspace is named so that what
    # the test command of the README has built is used.
    LD_LIBRARY_PATH=$compiler cargo test --release ${CARGO_OPTIONS-} --locked --workspace --features cuda --lib -- --nocapture \
        the_compiler_of_cuda_takes_every_kernel_for_every_card | tee "$work/told"
    major=${compiler##*-}
    grep -q "^libnvrtc.so.$major: .* kernels for compute capability 12.0" "$work/told" ||
        { echo "check-kernels.sh: nvrtc of CUDA $major was not tried" >&2; exit 1; }
done
