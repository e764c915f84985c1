#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The baseline: mainline's driver over the virtual transport, in the guest; first
# answered by the kernel, then by the software DSP. Options are run.sh's.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

aarch64-linux-gnu-gcc -O2 -Wall -static -o "$out/fastrpc-check" "$here/fastrpc-check.c"
cat >"$out/script" <<'SCRIPT'
set -e
sim=/sys/kernel/debug/qda_sim/cdsp
modprobe fastrpc
echo "== answered by the kernel"
echo 3 >$sim/respond
echo 1 >$sim/channel
ls /dev/fastrpc-*
/share/fastrpc-check /dev/fastrpc-cdsp noop 2000
echo "messages: $(cat $sim/messages), answered: $(cat $sim/responded)"
echo 0 >$sim/respond
echo 0 >$sim/channel
if [ -e /dev/fastrpc-cdsp ]; then echo "the node did not go"; exit 1; fi
softdsp=$(find /usr -name qda-softdsp -type f | head -1)
[ -n "$softdsp" ] || exit 0
echo "== answered by $softdsp"
$softdsp --device /dev/qda-sim-0 $LOG &
pid=$!
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e /dev/fastrpc-cdsp ] && break; sleep 0.2; done
timeout 60 /share/fastrpc-check /dev/fastrpc-cdsp calls 200
timeout 60 /share/fastrpc-check /dev/fastrpc-cdsp calls 200
echo "faults: $(cat $sim/faults)"
kill $pid
wait $pid || { echo "qda-softdsp ended with $?"; exit 1; }
sleep 0.5
if [ -e /dev/fastrpc-cdsp ]; then echo "the node outlived its DSP"; exit 1; fi
cat /proc/modules
rmmod fastrpc
rmmod qda_sim
echo "done"
SCRIPT
"$here/run.sh" --out "$out" "$@" -- "LOG='${LOG:-}' sh /share/script"
