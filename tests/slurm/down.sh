#!/usr/bin/env bash
# Ends the Slurm that up.sh has started in FOLDER: its jobs, then its processes, by their numbers.
# usage: down.sh FOLDER
set -uo pipefail

[ $# = 1 ] || { sed -n '3s/^# //p' "$0" >&2; exit 2; }
folder=$(cd "$1" && pwd -P) || exit 2
export SLURM_CONF=$folder/slurm.conf
timeout 10 scancel --quiet --user="$(id -un)" 2>/dev/null
for _ in $(seq 50); do
    [ -n "$(timeout 10 squeue --noheader 2>/dev/null)" ] || break
    sleep 0.1
done
for name in slurmd slurmctld socket/munged; do
    pid=$(cat "$folder/$name.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
done
exit 0
