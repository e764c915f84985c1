#!/bin/sh
# SPDX-License-Identifier: MIT
# The half of driver.sh in the guest. usage: driver-guest.sh BUILD PART...
build=$1
shift
# shellcheck source=guest.sh
. /share/guest.sh
cd /share/driver || exit 1
bus=/sys/bus/rpmsg
sim=/sys/kernel/debug/qda_sim

ok() { echo "ok: $part: $*"; }
not_ok() {
	echo "not ok: $part: $*"
	failed=1
}
# show WHAT COMMAND...: its output is in a file
show() {
	what=$1
	shift
	if "$@" >>"$part.out" 2>&1; then
		ok "$what"
	else
		not_ok "$what: $(tail -1 "$part.out")"
	fi
}
# channels 0|1: open, and answered by the kernel; or closed, and for firmware again
channels() {
	for name in cdsp adsp; do
		echo $(($1 * 3)) >$sim/$name/respond
		echo "$1" >$sim/$name/channel
	done
}
absent() { [ ! -e "$1" ]; }

# --- mainline's driver ---------------------------------------------------------------

part_fastrpc() {
	modprobe fastrpc
	channels 1
	show 'calls that the kernel answers' \
		timeout 60 ./fastrpc-check /dev/fastrpc-cdsp noop 2000
	channels 0
	show 'its node goes with the channel' absent /dev/fastrpc-cdsp
	qda-softdsp --device /dev/qda-sim-0 2>softdsp.log &
	pid=$!
	show 'a node for the software DSP' wait_until 60 test -e /dev/fastrpc-cdsp
	for time in first second; do
		show "calls of the software DSP, $time time" \
			timeout 60 ./fastrpc-check /dev/fastrpc-cdsp calls 200
	done
	kill $pid
	show 'the software DSP ends' wait $pid
	show 'and its node too' wait_until 30 absent /dev/fastrpc-cdsp
	show 'fastrpc can be unloaded' rmmod fastrpc
	show 'the transport can be unloaded' rmmod qda_sim
	modprobe qda_sim
}

# --- which driver has a DSP ----------------------------------------------------------

label() { tr -d '\0' <"$1/of_node/label"; }
owners() {
	for device in $bus/devices/*; do
		[ -e "$device/of_node/label" ] || continue
		driver=$(readlink "$device/driver") || driver=none
		echo "$(label "$device")=${driver##*/}"
	done | sort | tr '\n' ' '
}
expect() {
	if [ "$(owners)" = "$2 " ]; then
		ok "$1: $2"
	else
		not_ok "$1: $(owners), not $2"
	fi
}
give() {
	echo "$cdsp" >"$bus/devices/$cdsp/driver/unbind"
	echo "$1" >"$bus/devices/$cdsp/driver_override"
	echo "$cdsp" >$bus/drivers_probe
}
restart() {
	channels 0
	channels 1
}

part_owner() {
	fastrpc='adsp=qcom,fastrpc cdsp=qcom,fastrpc'
	one='adsp=qcom,fastrpc cdsp=qda'
	modprobe fastrpc
	modprobe qda
	channels 1
	expect 'fastrpc was first' "$fastrpc"
	for device in $bus/devices/*; do
		[ "$(label "$device")" != cdsp ] || cdsp=${device##*/}
	done
	give qda
	expect 'cdsp given to qda' "$one"
	show 'with a node of qda' test -e /dev/accel/accel0
	show 'and none of fastrpc' absent /dev/fastrpc-cdsp
	give qcom,fastrpc
	expect 'and back' "$fastrpc"
	show 'without a node of qda' absent /dev/accel/accel0
	echo >"$bus/devices/$cdsp/driver_override"
	echo "$cdsp" >$bus/drivers/qcom,fastrpc/unbind
	echo "$cdsp" >$bus/drivers/qda/bind
	expect 'bound by hand' "$one"
	echo "$cdsp" >$bus/drivers/qda/unbind
	echo "$cdsp" >$bus/drivers/qcom,fastrpc/bind
	expect 'and back by hand' "$fastrpc"

	rmmod qda
	modprobe qda dsps=all
	expect 'what has a driver stays' "$fastrpc"
	restart
	expect 'dsps=all, after a restart' 'adsp=qda cdsp=qda'
	rmmod qda
	modprobe qda dsps=cdsp
	restart
	expect 'dsps=cdsp' "$one"
	rmmod qda
	expect 'unloaded' 'adsp=qcom,fastrpc cdsp=none'
	echo "$cdsp" >$bus/drivers_probe
	expect 'not kept for it' "$fastrpc"

	modprobe qda dsps=none
	restart
	expect 'dsps=none' "$fastrpc"
	give qda
	expect 'driver_override beats it' "$one"
	channels 0
	rmmod qda
	rmmod fastrpc
	modprobe qda
	channels 1
	expect 'alone' 'adsp=qda cdsp=qda'
	channels 0
	rmmod qda
}

# --- the driver's own tests ----------------------------------------------------------

# with its tests: from its kernel's tree, or as driver.sh has built it
load_with_tests() {
	# a driver of a kernel's tree needs it, and has loaded it without parameters
	! grep -q '^kunit ' /proc/modules || rmmod kunit
	# 6.12 has no such parameter as autorun, and ignores it
	modprobe kunit enable=1 autorun=1
	modprobe qda
	[ -e qda.ko ] || return
	rmmod qda
	insmod ./qda.ko
}

part_kunit() {
	load_with_tests
	dmesg | sed 's/^\[[^]]*\] *//' >ktap
	grep -E '^(not )?ok [0-9]+ qda_test_' ktap >cases
	while read -r line; do
		case $line in
		'ok '*'# SKIP'* | 'not ok '*) not_ok "$line" ;;
		*) ok "${line##* }" ;;
		esac
	done <cases
	grep -A3 'EXPECTATION\|ASSERTION' ktap
	[ -s suites ] || not_ok 'the driver has no suite'
	while read -r suite; do
		grep -Eq "^ok [0-9]+ $suite\$" ktap || not_ok "$suite did not pass"
	done <suites
	rmmod qda
}

# --- drivers without a check ---------------------------------------------------------

# run_case NUMBER GROUP CASE: with that check taken out
run_case() {
	wait_until 60 test -e /run/dev-cdsp && wait_until 60 test -e /run/dev-adsp || return
	echo "$1" >/sys/module/qda/parameters/out
	program=$build/tests/uapi/uapi-$2
	[ -e "$program" ] || program=$build/tests/kernel/kernel-$2
	QDA_UAPI_FILTER=$3 timeout -s KILL 300 "$program" >"$2-$3.$1" 2>&1 </dev/null
	status=$?
	echo 0 >/sys/module/qda/parameters/out
	return $status
}

part_mutants() {
	load_with_tests
	name-nodes &
	watcher=$!
	export DSP_LIBRARY_PATH="$build/dsp" QDA_SOFTDSP="$build/dsp/qda-softdsp"
	start_firmware >"$part.out" 2>&1
	environment
	unset QDA_UAPI_RESULTS
	while IFS=';' read -r number group case what; do
		if ! run_case 0 "$group" "$case" || ! grep -q 'PASSED.* 1 test' "$group-$case.0"; then
			not_ok "$group/$case does not pass as it is ($what)"
		elif run_case "$number" "$group" "$case"; then
			not_ok "$group/$case passes without the check ($what)"
		elif ! grep -q "FAILED.* $case" "$group-$case.$number"; then
			not_ok "$group/$case did not get as far as failing ($what)"
		else
			ok "$what: $group/$case"
		fi
	done <list
	stop_firmware >>"$part.out"
	kill $watcher
	rmmod qda
}

bad=0
for part; do
	dmesg -c >/dev/null
	: >"$part.out"
	(
		failed=0
		"part_$part" 2>>"$part.out"
		exit $failed
	) || bad=1
	reported "$part" >/run/reports
	if [ "$part" != mutants ] && [ -s /run/reports ]; then
		not_ok "$(cat /run/reports)"
		bad=1
	fi
	# what a part that failed has left
	for module in qda fastrpc; do
		! grep -q "^$module " /proc/modules || rmmod $module
	done
done
exit $bad
