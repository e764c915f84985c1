#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's demo in the guest, on the driver. usage: demo-guest.sh BUILD
build=$1
set -e
title() { printf '\n%s\n' "$*"; }
shown() { echo "($*)"; "$@"; }

unset QDA_DEVICE
sh /share/guest.sh firmware

title 'The DSPs of this machine'
shown qda-run list --kernel

title 'Adding numbers on a DSP'
shown "$build/examples/hello" cdsp
shown qda-run --device cdsp call calculator 2 seq.i32:19,23 out.i64

title 'Filtering an image on a DSP'
cd /share
"$build/examples/make-image" input.png 1280x720
"$build/examples/image" -d cdsp input.png edges.png blur=1.5 sobel
"$build/examples/image" -d cdsp input.png small.png blur resize=640x360

title 'Where the methods ran'
# calls for a while; the DSP has the module by reading it through its client
qda-run --device cdsp call --repeat 10000000 calculator 2 seq.i32:1,2 out.i64 2>/dev/null &
client=$!
found=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	for maps in /proc/[0-9]*/maps; do
		if grep -q libcalculator_skel.so "$maps" 2>/dev/null; then
			pid=${maps#/proc/}
			found="$found ${pid%/maps}"
		fi
	done
	[ -z "$found" ] || break
	sleep 0.2
done
# shellcheck disable=SC2086
set -- $found
if [ $# -ne 1 ] || [ "$1" = $client ]; then
	echo "the module's code was found in processes '$found' of client $client, try $i"
	exit 1
fi
parent=$(awk '{ print $4 }' "/proc/$1/stat")
echo "  process $client, $(cat /proc/$client/comm): the caller"
echo "  process $1, $(cat "/proc/$1/comm"): the only one that has the code of the method"
echo "  process $parent, $(cat "/proc/$parent/comm"): its parent, the DSP's firmware"
kill -TERM $client
wait $client || [ $? -eq 130 ]
node=$(readlink /run/dev-cdsp)
echo "  $node, driver $(basename "$(readlink "/sys/class/accel/${node##*/}/device/driver")"): the way between them"
for group in /sys/kernel/iommu_groups/*; do
	echo "  IOMMU group ${group##*/}: $(basename "$group"/devices/*), domain type $(cat "$group/type")"
done | head -3
sh /share/guest.sh stop
