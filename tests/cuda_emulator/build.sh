#!/bin/bash
# Builds the emulated CUDA libraries, with the kernels of crates/ in them, into OUT_DIR.
# usage: build.sh [--sanitize] [--kernels DIR]... OUT_DIR
#   --sanitize     with the address sanitizer (see README.md)
#   --kernels DIR  where .cu files are looked for, instead of crates/
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
((${#folders[@]})) || folders=("$here/../../crates")
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

library() { # NAME OBJECT_OR_FLAG...
    "$cxx" "${link[@]}" -Wl,-soname,"$1" -Wl,--no-undefined -o "$work/$1" "${@:2}"
    mv "$work/$1" "$out/$1"
}
library libcuda.so.1 "$work/driver.o" $(find "$work" -name 'kernels_*.o' | sort -V)
library libcublas.so.13 "$work/cublas.o" "$out/libcuda.so.1" -Wl,-rpath,'$ORIGIN'
library libnvrtc.so.13 "$work/nvrtc.o"
echo "$out: $(wc -l < "$work/kernels") kernels of $units files"
