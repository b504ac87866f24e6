#!/usr/bin/env bash
# Runs every fuzz target, or the named ones, one after another on one core; what they find goes to fuzz/artifacts.
# usage: fuzz/run_all.sh [SECONDS [TARGET...]]    600 seconds for each target by default
# SANITIZER=none leaves AddressSanitizer out.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-600}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(wav sphere aiff flac mp3 ogg mp4 manifest corpora tables iemocap epst model checkpoint record pack lock bundle)
sanitizer=${SANITIZER:-address}

# What cargo-fuzz passes too: the passes that count which parts of the program an input reaches.
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
case $sanitizer in
    # Not with a nightly toolchain: dfdx, on which models rest, uses unfinished features where it meets one, and does not
    # compile with those of today. A stable one has the sanitizer too, and lets itself be told to use it.
    address) flags+=" -Zsanitizer=address" && export RUSTC_BOOTSTRAP=1 ;;
    none) ;;
    *) sed -n '2,4s/^# //p' run_all.sh >&2; exit 2 ;;
esac
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS=$flags cargo build --release --locked --bins --target "$host" --target-dir "target/$sanitizer"

# A folder in memory, if there is one: what is read by its path is written there for every input.
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# Freed memory is kept back for a while to find uses of it; it must not count as what an input costs.
export ASAN_OPTIONS=quarantine_size_mb=16:allocator_may_return_null=1
# One thread, so that inputs cost and reach the same each time.
export RAYON_NUM_THREADS=1

failed=()
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target" logs
    leaks=1
    case $target in
        manifest | corpora) options=(-dict="dictionaries/$target") ;;
        # Threads that are about to end when the fuzzer looks for leaks still have what the C library keeps for them.
        model | checkpoint) options=(-dict=dictionaries/tensors -detect_leaks=0) leaks=0 ;;
        *) options=() ;;
    esac
    echo "$target: $seconds s"
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=$leaks "target/$sanitizer/$host/release/$target" "corpus/$target" "seeds/$target" "${options[@]}" \
        -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" -max_len=16384 \
        -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=256 -print_final_stats=1 >"logs/$target" 2>&1 ||
        failed+=("$target")
    sed -n 's/^stat::number_of_executed_units: */    executions: /p; s/^SUMMARY: /    /p' "logs/$target"
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "found something: ${failed[*]}; see fuzz/logs and fuzz/artifacts" >&2
    exit 1
fi
