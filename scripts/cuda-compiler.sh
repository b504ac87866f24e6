#!/bin/bash
# Brings the compilers that check-kernels.sh tries kernels with, for machines without a CUDA toolkit.
# usage: cuda-compiler.sh DIR
#
# They come as Python wheels (about 400 MB; PIP names another pip): nvcc of CUDA 13.0, and nvrtc, the compiler that the
# program itself opens, of CUDA 13.0 in DIR/nvrtc-13 and of 12.9 in DIR/nvrtc-12. `source DIR/env` puts nvcc on the
# path.
set -euo pipefail
(($# == 1)) || { sed -n '2,7s/^# \?//p' "$0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# 13.0 and no later: a driver loads PTX of its own version or older, and the 580 series knows 13.0.
rm -rf "$dir/wheels"
${PIP:-pip} install --quiet --no-deps --target "$dir/wheels" nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 \
    nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-cuda-nvrtc==13.0.88 \
    nvidia-cuda-nvrtc-cu12==12.9.86
ln -sfn wheels/nvidia/cu13/lib "$dir/nvrtc-13"
ln -sfn wheels/nvidia/cuda_nvrtc/lib "$dir/nvrtc-12"
echo "export PATH=\"$dir/wheels/nvidia/cu13/bin:\$PATH\"" > "$dir/env"
