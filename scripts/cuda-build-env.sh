#!/bin/bash
# Makes a tree that the CUDA backend is compiled against, on a machine without a CUDA toolkit, a driver or a card.
# usage: cuda-build-env.sh DIR [COMPUTE_CAPABILITY]    the capability of the cards to compile for, 9.0 if not given
#
# The compiler comes from PyPI (about 200 MB; PIP names another pip). The libraries are empty, to link against only: the
# binary runs where the real ones are, or with those of tests/cuda_emulator. Then: source DIR/env
set -euo pipefail
(($# == 1 || $# == 2)) || { sed -n '2,6s/^# \?//p' "$0" >&2; exit 2; }
capability=${2:-9.0}
[[ $capability =~ ^[0-9]+\.[0-9]$ ]] || { echo "cuda-build-env.sh: $capability is not like 9.0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

cudarc=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/cudarc-0.9.15/src 2>/dev/null | head -n 1)
[ -n "$cudarc" ] || { echo 'cuda-build-env.sh: no sources of cudarc 0.9.15; run cargo fetch' >&2; exit 1; }

# 13.0 and no later: a driver loads PTX of its own version or older, and a later compiler would shut out the 580 series.
rm -rf "$dir/wheels"
${PIP:-pip} install --quiet --no-deps --target "$dir/wheels" nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 \
    nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
toolkit=$dir/wheels/nvidia/cu13

mkdir -p "$dir/cuda/lib64" "$dir/bin"
for part in bin include nvvm; do ln -sfn "$toolkit/$part" "$dir/cuda/$part"; done

# The build script of dfdx asks it which card is there.
cat > "$dir/bin/nvidia-smi" <<END
#!/bin/sh
echo compute_cap
echo $capability
END
chmod +x "$dir/bin/nvidia-smi"

# The names of the libraries within the binary (sonames) are those of the real ones, so that the loader finds them.
link_stub() { # NAME VERSION MODULE_OF_CUDARC
    grep -oP 'pub fn \K(cu|nvrtc)\w+' "$cudarc/$3/sys.rs" | sort -u | sed 's/.*/void &(void) {}/' |
        "${CC:-cc}" -x c -shared -fPIC -Wl,-soname,"lib$1.so.$2" -o "$dir/cuda/lib64/lib$1.so" -
}
link_stub cuda 1 driver
link_stub cublas 13 cublas
link_stub cublasLt 13 cublaslt
link_stub nvrtc 13 nvrtc

cat > "$dir/env" <<END
export PATH="$dir/bin:$toolkit/bin:\$PATH"
export CUDA_PATH="$dir/cuda"
export CUDA_COMPUTE_CAP=${capability/./}
END
echo "source $dir/env && cargo build --release --features cuda"
