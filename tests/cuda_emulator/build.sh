#!/bin/bash
# Builds the emulated CUDA libraries, with the kernels of src/ in them, into OUT_DIR.
# usage: build.sh [--sanitize] [--kernels DIR]... OUT_DIR
#   --sanitize     with the address sanitizer (see README.md)
#   --kernels DIR  where .cu files are looked for, instead of src/
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cxx=${CXX:-g++}
flags=(-O2 -std=c++17 -fPIC -fvisibility=hidden -ffp-contract=off -pthread)
link=(-shared -pthread)
folders=() out=
while (($#)); do
    case $1 in
        --sanitize) flags+=(-fsanitize=address -g -fno-omit-frame-pointer) link+=(-fsanitize=address) ;;
        --kernels) folders+=("$(cd "${2:?a folder after --kernels}" && pwd)"); shift ;;
        -*) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
        *) out=$1 ;;
    esac
    shift
done
[ -n "$out" ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
((${#folders[@]})) || folders=("$here/../../src")
mkdir -p "$out"
out=$(cd "$out" && pwd)
# Within OUT_DIR, so that the finished libraries are moved in place at once: a program that uses the old ones lives on.
work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT

jobs=()
compile() { # SOURCE OBJECT FLAG...
    "$cxx" "${flags[@]}" -I"$here" "${@:3}" -c "$1" -o "$2" & jobs+=($!)
}
compile "$here/driver.cpp" "$work/driver.o" -Wall -Wextra
compile "$here/cublas.cpp" "$work/cublas.o" -Wall -Wextra -Wno-psabi -O3
compile "$here/nvrtc.cpp" "$work/nvrtc.o" -Wall -Wextra

# Each .cu becomes a unit that includes it in a namespace of its own, as each is a module of its own on a card: helpers
# of the same name do not meet. Its kernels are looked for after the preprocessor, which knows comments and macros.
: > "$work/kernels"
units=0
while IFS= read -r -d '' source; do
    unit=$work/kernels_$((units += 1))
    names=$("$cxx" -std=c++17 -E -P -x c++ "$source" | tr '\n' ' ' |
        grep -oP 'extern\s*"C"\s*__global__\s+void\s+(__launch_bounds__\s*\([^)]*\)\s*)?\K\w+(?=\s*\()' || true)
    {
        printf '#include "device.h"\nnamespace {\n#include "%s"\n' "$source"
        for name in $names; do echo "EMULATED_KERNEL($name)"; done
        echo '}'
    } > "$unit.cpp"
    for name in $names; do echo "$name $source"; done >> "$work/kernels"
    compile "$unit.cpp" "$unit.o" -Wall -Wno-unused-function -Wno-unknown-pragmas
done < <(find "${folders[@]}" -name '*.cu' -print0 | sort -z)
for job in "${jobs[@]}"; do wait "$job"; done
twice=$(cut -d' ' -f1 "$work/kernels" | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "build.sh: the emulator finds a kernel by its name alone, but there are several of:" >&2
    awk -v names="$twice" 'BEGIN { split(names, all); for (i in all) twice[all[i]] } $1 in twice' "$work/kernels" >&2
    exit 1
fi

# A program may name any function that cudarc declares. Those that are not emulated say that they are not supported.
cudarc=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/cudarc-0.9.15/src 2>/dev/null | head -n 1)
[ -n "$cudarc" ] || { echo 'build.sh: no sources of cudarc 0.9.15; run cargo fetch' >&2; exit 1; }
library() { # NAME VERSION MODULE STATUS OBJECT_OR_FLAG...
    local name=$1 soname=lib$1.so.$2
    comm -23 <(grep -oP 'pub fn \K(cu|nvrtc)\w+' "$cudarc/$3/sys.rs" | sort -u) \
        <(nm --defined-only "$work/$name.o" | awk '{print $3}' | sort -u) |
        sed "s/.*/extern \"C\" __attribute__((visibility(\"default\"))) int &() { return $4; }/" \
            > "$work/$name.stubs.cpp"
    "$cxx" "${flags[@]}" "${link[@]}" -Wl,-soname,"$soname" -Wl,--no-undefined -o "$work/$soname" "$work/$name.o" \
        "$work/$name.stubs.cpp" "${@:5}"
    mv "$work/$soname" "$out/$soname"
    ln -sfn "$soname" "$out/lib$name.so"
}
mv "$work/driver.o" "$work/cuda.o"
library cuda 1 driver 801 $(find "$work" -name 'kernels_*.o' | sort -V)
library cublas 13 cublas 15 -L"$out" -lcuda -Wl,-rpath,'$ORIGIN'
library nvrtc 13 nvrtc 11
echo "$out: $(wc -l < "$work/kernels") kernels of $units files"
