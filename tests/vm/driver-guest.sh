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
# doctor STATUS|any WHAT EXPRESSION...: what qda-run says of cdsp; it is in $part.said
doctor() {
	status=$1
	what=$2
	shift 2
	timeout 60 qda-run --device cdsp doctor >"$part.said" 2>&1
	ended=$?
	cat "$part.said" >>"$part.out"
	[ "$status" = any ] || [ $ended -eq "$status" ] || {
		not_ok "doctor, $what: exit status $ended"
		return
	}
	for expression; do
		grep -Eq "$expression" "$part.said" || {
			not_ok "doctor, $what: no '$expression' in: $(tr '\n' ' ' <"$part.said")"
			return
		}
	done
	ok "doctor, $what"
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
	doctor 3 'fastrpc has both' 'cdsp is not driven by qda .*cdsp: qcom,fastrpc' \
		'DSPs .*adsp: qcom,fastrpc'
	sh -c "$(sed -n '1,/nobody using it/s/.*using it: \(.*\)\. For every boot: .*/\1/p' $part.said)"
	expect 'cdsp given to qda as the doctor says' "$one"
	doctor any 'each has one' '^ok .*DSPs .*cdsp: qda' '^ok .*DSPs .*adsp: qcom,fastrpc'
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
	doctor 3 'fastrpc is alone' '^broken .*old fastrpc driver has .*fastrpc-cdsp'
	modprobe qda dsps=all
	expect 'what has a driver stays' "$fastrpc"
	restart
	expect 'dsps=all, after a restart' 'adsp=qda cdsp=qda'
	doctor any 'qda has both' '^ok .*DSPs .*cdsp: qda' '^ok .*DSPs .*adsp: qda'
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

# with its tests, as driver.sh has built it
load_with_tests() {
	! grep -q '^kunit ' /proc/modules || rmmod kunit
	modprobe kunit enable=1
	# what it needs is loaded with the one that has no tests
	modprobe qda
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

# --- boots with another IOMMU --------------------------------------------------------

# the type of each context bank's domain
banks() {
	for device in /sys/kernel/iommu_groups/*/devices/*; do
		case ${device##*/} in
		qda-cb.* | *.cb[0-9]*) cat "${device%/devices/*}/type" ;;
		esac
	done
}
no_banks() { [ -z "$(banks)" ]; }
refusals() { dmesg | grep -Ec 'qda .*: context bank [0-9]+ is not translated'; }
refused() { [ "$(refusals)" -eq "$1" ]; }
# refuses WHEN NUMBER: of refusals by now
refuses() {
	show "$1: both DSPs are refused, with the reason" wait_until 30 refused "$2"
	expect "$1" 'adsp=none cdsp=none'
	show "$1: there is no node" no_nodes
	show "$1: no context bank is left" no_banks
	show "$1: the driver can be unloaded" rmmod qda
	channels 0
}

# iommu.passthrough=1: nothing keeps a DSP from any memory
part_passthrough() {
	modprobe qda
	channels 1
	refuses 'a channel opens' 2
	channels 1
	modprobe qda
	refuses 'the driver is loaded' 4
	# the check is what does it
	number=$(sed -n 's/^\([0-9]*\);boot;passthrough;.*/\1/p' list)
	[ -n "$number" ] || return
	modprobe kunit enable=0
	insmod ./qda.ko out="$number"
	channels 1
	show 'without the check there are nodes' wait_until 30 test -e /dev/accel/accel1
	show 'and nobody is refused' refused 4
	channels 0
	show 'it can be unloaded' rmmod qda
}

# iommu.strict=0: what is unmapped is flushed from the IOMMU's memory later, or by us
part_lazy() {
	modprobe qda
	name-nodes &
	watcher=$!
	export DSP_LIBRARY_PATH="$build/dsp" QDA_SOFTDSP="$build/dsp/qda-softdsp"
	start_firmware >>"$part.out" 2>&1
	environment
	unset QDA_UAPI_RESULTS
	types=$(banks | sort | uniq -c | tr -s ' \n' ' ')
	if [ "$types" = ' 12 DMA-FQ ' ]; then
		ok 'all context banks are flushed lazily'
	else
		not_ok "context banks are$types, not 12 DMA-FQ"
	fi
	for program in kernel/kernel-iommu uapi/uapi-map uapi/uapi-lifetime; do
		name=${program#*/}
		# of rounds a few are enough
		QDA_TEST_SLOW=1 timeout -s KILL 300 "$build/tests/$program" >"$part.$name" \
			2>&1 </dev/null
		status=$?
		if [ $status -eq 0 ] && grep -q 'PASSED.* [1-9][0-9]* test' "$part.$name"; then
			ok "$name"
		else
			not_ok "$name: status $status, $(grep FAILED "$part.$name" | tr '\n' ' ')"
		fi
	done
	stop_firmware >>"$part.out"
	kill $watcher
	show 'the driver can be unloaded' rmmod qda
	show 'no context bank is left' no_banks
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
		# shown by a part of that name
		[ "$group" != boot ] || continue
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
