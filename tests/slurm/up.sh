#!/usr/bin/env bash
# Starts a Slurm with one node on this machine, for tests and for trying things out: munged, slurmctld and slurmd, whose
# files are in FOLDER and which listen on ports of their own. Prints what a shell has to know to use it.
# usage: eval "$(up.sh FOLDER)"      down.sh FOLDER ends it
set -euo pipefail

[ $# = 1 ] || { sed -n '4s/^# //p' "$0" >&2; exit 2; }
for program in munged slurmctld slurmd sinfo; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || { echo "$program is missing: install munge slurmctld slurmd slurm-client" >&2; exit 3; }
done
export PATH=$PATH:/usr/sbin
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
mkdir -p "$folder"/{state,spool,logs,key,socket}
# Others than its owner pass through to the socket.
chmod 755 "$folder" "$folder/socket"

# munged refuses keys and folders that are not its user's own.
[ -s "$folder/key/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$folder/key/munge.key")
as_munge=()
if [ "$(id -u)" = 0 ]; then
    chown -R munge:munge "$folder/key" "$folder/socket"
    as_munge=(setpriv --reuid=munge --regid=munge --clear-groups)
fi
chmod 700 "$folder/key"
chmod 400 "$folder/key/munge.key"

# Two ports that nobody listens on, from a place that depends on the process.
free_port() { # FIRST
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 2)); done
    echo "$port"
}
first=$((20000 + ($$ * 14) % 12000))
controller_port=$(free_port "$first")
node_port=$(free_port "$((first + 1))")

host=$(hostname -s)
memory_mb=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
cat >"$folder/slurm.conf" <<CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/socket/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/logs/slurmctld.log
SlurmdLogFile=$folder/logs/slurmd.log
# Containers do not let their processes make control groups: jobs are found by their parents.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# For the same reason nobody but Slurm itself ends jobs that use too much memory: it looks each second.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
# Jobs of a test are short, and each is looked at as soon as one ends.
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
KillWait=3
# Jobs of the partition "urgent" take the place of others, which start again later, or of those of "scrap", which are over then.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
# A controller that is gone is not asked for long.
MessageTimeout=3
ReturnToService=2
# More processors than there may be, so that several jobs run at once.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=$memory_mb State=UNKNOWN
PartitionName=DEFAULT Nodes=$host MaxTime=INFINITE DefMemPerCPU=$((memory_mb / 5))
PartitionName=all Default=YES
PartitionName=scrap PreemptMode=CANCEL
PartitionName=urgent PriorityTier=10
CONF

export SLURM_CONF=$folder/slurm.conf
"${as_munge[@]}" munged --socket="$folder/socket/munge" --key-file="$folder/key/munge.key" \
    --pid-file="$folder/socket/munged.pid" --log-file="$folder/key/munged.log" --seed-file="$folder/key/seed" >&2
slurmctld >&2
slurmd -N "$host" >&2
for _ in $(seq 600); do
    [ "$(sinfo --noheader --format=%T 2>/dev/null)" != idle ] || { echo "export SLURM_CONF='$SLURM_CONF'"; exit 0; }
    sleep 0.1
done
echo "the node did not come up:" >&2
tail -n 5 "$folder"/logs/*.log >&2
"$(dirname "$0")/down.sh" "$folder"
exit 1
