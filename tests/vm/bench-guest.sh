#!/bin/sh
# SPDX-License-Identifier: MIT
# bench.sh's half in the guest.
#
# usage: bench-guest.sh time|icount ROUNDS FAR-END...
#
# FAR-END: of bench-drivers; dsp-unpinned has firmware of its own, allocs one round.
# Writes lines "BOOT DRIVER ROUND FAR-END CASE FIGURE" (tabs) to /share/figures.
boot=$1 rounds=$2
shift 2
sim=/sys/kernel/debug/qda_sim/cdsp
drivers=/sys/bus/rpmsg/drivers
firmware=''

die() { echo "bench: $*"; exit 1; }

# wait_until COMMAND...
wait_until() {
	ticks=0
	until "$@"; do
		ticks=$((ticks + 1))
		[ $ticks -lt 200 ] || die "in vain: $*"
		usleep 50000
	done
}

find_channel() {
	for channel in /sys/bus/rpmsg/devices/*; do
		[ -e "$channel/of_node/label" ] || continue
		[ "$(tr -d '\0' <"$channel/of_node/label")" != cdsp ] || return 0
	done
	return 1
}

# find_node DRIVER: the node it made
find_node() {
	if [ "$1" = fastrpc ]; then
		node=/dev/fastrpc-cdsp
		[ -e $node ]
		return
	fi
	for node in /sys/class/accel/accel*; do
		if [ "$(readlink -f "$node/device")" = "$(readlink -f "$channel")" ]; then
			node=/dev/accel/${node##*/}
			[ -e "$node" ]
			return
		fi
	done
	return 1
}

# give DRIVER: let it drive the DSP
give() {
	case $1 in fastrpc) new=qcom,fastrpc ;; *) new=$1 ;; esac
	old=$(basename "$(readlink "$channel/driver")")
	if [ "$old" != "$new" ]; then
		[ -z "$old" ] || echo "${channel##*/}" >"$drivers/$old/unbind"
		echo "${channel##*/}" >"$drivers/$new/bind" || die "$1 cannot be bound"
	fi
	wait_until find_node "$1"
}

start_firmware() {
	"$@" qda-softdsp --device /dev/qda-sim-0 2>/share/softdsp.log &
	firmware=$!
	wait_until find_channel
}

stop_firmware() {
	kill "$firmware"
	wait "$firmware" || die "qda-softdsp ended with $?"
	wait_until sh -c "! ls -d $channel >/dev/null 2>&1"
}

# turns ROUNDS FAR-END...: every round both drivers, the one that begins changes
turns() {
	last=$1
	shift
	round=1
	while [ $round -le "$last" ]; do
		order='fastrpc qda'
		[ $((round % 2)) = 1 ] || order='qda fastrpc'
		for driver in $order; do
			give "$driver"
			/tmp/bench-drivers "$driver" "$node" $sim "$@" >/tmp/pass || die "$driver failed"
			sed "s/^/$boot	$driver	$round	/" /tmp/pass >>/tmp/figures
		done
		round=$((round + 1))
	done
}

cp /share/bench-drivers /tmp/
modprobe -a fastrpc qda || die 'no modules'
: >/tmp/figures

pinned='' unpinned='' allocs=''
for far_end; do
	case $far_end in
	dsp-unpinned) unpinned=$far_end ;;
	allocs) allocs=$far_end ;;
	*) pinned="$pinned $far_end" ;;
	esac
done
# everything on the processor bench-drivers is on
start_firmware taskset 1
# shellcheck disable=SC2086
turns "$rounds" $pinned
[ -z "$allocs" ] || turns 1 "$allocs"
stop_firmware
if [ -n "$unpinned" ]; then
	start_firmware
	turns "$rounds" "$unpinned"
	stop_firmware
fi
cp /tmp/figures /share/figures
