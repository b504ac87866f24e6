#!/bin/sh
# Prints what a cluster and a remote cache are asked for as a study grows: the code that cuts, hands in, follows, packs and
# fetches, over a simulated cluster and a store in memory. Nothing is timed. 1,000,000 items take some minutes and 2 GB.
# usage: past_one_machine.sh [CARGO OPTIONS, such as --release]
set -eu
cd "$(dirname "$0")/../.."
cargo test "$@" -p pipe-cluster --test simulated_cluster -- --ignored --nocapture
cargo run "$@" -p pipe-engine --example remote_requests -- 10000 100 10000 1000 10000 10000 100000 10000 1000000 10000
