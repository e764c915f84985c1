#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the guest (busybox): one test after the other, the kernel's log looked at after
# each. Firmware serves on after a test that leaves it as it was. suites.py makes the lists and
# reads what this leaves in /share/tests:
#
#	plan		lines "ID SECONDS NAME"
#	ID.sh		the test
#	ID.out ID.kmsg	what it printed, what the kernel logged meanwhile
#	ID.status	exit status; 124: it took too long
#	ID.why		further reasons for which it failed, a line each
#
# Ends with 75 after a kernel report: what is left wants another boot.
#
# usage: guest.sh all | firmware (start it) | stop
cd /share/tests 2>/dev/null || cd /

reports='WARNING:|BUG:|Oops|KASAN|KCSAN|UBSAN|kmemleak:.*new suspected|DMA-API:|INFO: (task|rcu|possible|trying)|Call trace|[Uu]nable to handle|refcount_t|Bad page|arm-smmu-v3.*(event|fault|error|timeout)|possible (circular|recursive)|suspicious RCU|allocation failure|page_pool|stack guard|cut here|list_(add|del) corruption|scheduling while atomic|sleeping function|slab .*(error|corrupt)|Objects remaining|hung task|soft lockup|Kernel panic|debug_locks'

# wait_until SECONDS COMMAND...
wait_until() {
	ticks=$(($1 * 20))
	shift
	until "$@"; do
		ticks=$((ticks - 1))
		[ $ticks -gt 0 ] || return 1
		usleep 50000
	done
}

# pids of what runs in user space, without starting a process to find out
processes() {
	found=' '
	for dir in /proc/[0-9]*; do
		line=''
		{ read -r line <"$dir/cmdline"; } 2>/dev/null
		[ -z "$line" ] || found="$found${dir#/proc/} "
	done
}
no_nodes() {
	for dir in /sys/class/accel/accel*; do
		[ ! -e "$dir" ] || return 1
	done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
# ended, if not yet collected
over() {
	line=''
	{ read -r line <"/proc/$1/cmdline"; } 2>/dev/null
	[ -z "$line" ]
}

# One DSP: a firmware that a test kills starts again; any other end is a fault of its
# own. serve NAME NUMBER
serve() {
	while :; do
		"${QDA_SOFTDSP:-qda-softdsp}" --device "/dev/qda-sim-$2" --control "/run/$1" --log \
			</dev/null 2>>"/run/$1.log" &
		served=$!
		echo $served >"/run/$1.pid"
		trap 'kill -TERM $served; wait $served; exit' TERM
		wait $served
		status=$?
		[ $status -eq 137 ] ||
			echo "the firmware of $1 ended with status $status: $(tail -1 "/run/$1.log")" \
				>>/run/ended
		rm -f "/run/$1"
		usleep 50000
	done
}

start_firmware() {
	i=0
	: >/run/ended
	rm -f /run/dev-?dsp /run/?dsp /run/?dsp.log
	for name in cdsp adsp; do
		serve $name $i 2>/dev/null &
		eval "firmware_$name=$!"
		i=$((i + 1))
	done
	for name in cdsp adsp; do
		wait_until 60 test -e "/run/dev-$name" || {
			echo "the firmware of $name made no node: $(tail -3 "/run/$name.log")"
			return 1
		}
		wait_until 60 test -S "/run/$name"
	done
}

stop_firmware() {
	[ -n "$firmware_cdsp$firmware_adsp" ] || return
	[ ! -s /run/ended ] || cat /run/ended
	: >/run/ended
	for name in cdsp adsp; do
		eval "pid=\$firmware_$name"
		[ -n "$pid" ] || continue
		eval "firmware_$name="
		kill -TERM "$pid" 2>/dev/null
		if ! wait_until 30 gone "$pid"; then
			kill -KILL "$pid"
			echo "the firmware of $name does not end"
		fi
		wait "$pid" 2>/dev/null
	done
	wait_until 30 no_nodes || echo "nodes outlive their DSPs: $(echo /sys/class/accel/accel*)"
}

environment() {
	export QDA_UAPI_DEVICE=/run/dev-cdsp QDA_UAPI_CONTROL=/run/cdsp
	export QDA_UAPI_DEVICE_ADSP=/run/dev-adsp QDA_UAPI_CONTROL_ADSP=/run/adsp
	# served by nobody: for cases that want a DSP of their own
	export QDA_UAPI_SPARE=/dev/qda-sim-2 QDA_UAPI_DEVICE_SDSP=/run/dev-sdsp
	export QDA_UAPI_RESULTS=/share/uapi
	export QDA_TEST_DEVICE=cdsp QDA_TEST_OTHER=adsp QDA_TEST_SERVER=/dev/qda-sim-0
}

# What the suites take for granted is so, or nothing was shown.
check_guest() {
	[ -z "${QDA_DEVICE+set}" ] || echo 'QDA_DEVICE is set'
	for name in cdsp adsp; do
		node=$(readlink "/run/dev-$name")
		echo "# $name is $node"
		case $node in
		/dev/accel/accel[0-9]*) ;;
		*) echo "the node of $name is '$node', not one in /dev/accel" ;;
		esac
		[ -c "$node" ] || echo "$node is no device"
		driver=$(readlink "/sys/class/accel/${node##*/}/device/driver")
		[ "${driver##*/}" = qda ] || echo "the driver of $name is '${driver##*/}', not qda"
	done
	qda-run --device cdsp info >/run/info 2>&1 || cat /run/info
	grep -q '^driver *qda ' /run/info || echo "qda-run sees another driver: $(cat /run/info)"
	qda-run --device cdsp info --json | grep -q '"soft": *false' ||
		echo 'qda-run does not call the device a real one'
	banks=0
	for group in /sys/kernel/iommu_groups/*; do
		for device in "$group"/devices/*; do
			case ${device##*/} in
			qda-cb.*|*.cb[0-9]*) ;;
			*) continue ;;
			esac
			banks=$((banks + 1))
			type=$(cat "$group/type")
			case $type in
			DMA|DMA-FQ) ;;
			*) echo "the domain of ${device##*/} is $type: not translated" ;;
			esac
		done
	done
	echo "# $banks context banks behind the IOMMU, in domains of their own"
	[ "$banks" = 12 ] || echo "$banks context banks are behind the IOMMU, not 12"
	set -- /sys/kernel/iommu_groups/*
	[ $# -ge "$banks" ] ||
		echo 'context banks share IOMMU groups'
}

# the halves that watch, and what they watch
firmware_pids() { echo "$firmware_cdsp $firmware_adsp" "$(cat /run/cdsp.pid)" "$(cat /run/adsp.pid)"; }
firmware_changed() { [ -s /run/ended ] || [ "$(firmware_pids)" != "$pids" ]; }
# the same as before the test, with its nodes
firmware_serves() {
	for pid in $pids; do
		# until the half that watches has seen it, too
		! over "$pid" || wait_until 10 firmware_changed
	done
	! firmware_changed || return
	for name in cdsp adsp; do
		[ -S "/run/$name" ] && [ -e "/run/dev-$name" ] || return
	done
}

# after a test: whatever it left running
settle() {
	processes
	for pid in $found; do
		case "$base $pids " in *" $pid "*) continue ;; esac
		command=$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null)
		case $command in
		# it watched the test
		'timeout -s KILL '*) ;;
		# on its way out when its session has ended
		'qda-pd '*) wait_until 30 over "$pid" || echo "left running: $command" ;;
		*) wait_until 2 over "$pid" || echo "left running: $command" ;;
		esac
		kill -KILL "$pid" 2>/dev/null
	done
}

reported() {
	dmesg -c >"$1.kmsg"
	grep -qE "$reports" "$1.kmsg" || return
	grep -E "$reports" "$1.kmsg" | grep -v 'DMA-API: \(preallocated\|debugging enabled\)' |
		head -5 | sed 's/^\(\[[^]]*\]\)* */the kernel says: /'
}

finish_test() {
	reported "$1" >"/run/reports"
	[ ! -s /run/reports ] || cat /run/reports >>"$1.why"
	if [ "$2" -ne 0 ] || [ -s "$1.why" ]; then
		for name in cdsp adsp; do
			tail -c 200000 "/run/$name.log" >"$1.$name.log" 2>/dev/null
		done
	fi
	for name in cdsp adsp; do
		[ ! -e "/run/$name.log" ] || : >"/run/$name.log"
	done
	echo "$2" >"$1.status"
	if [ -s /run/reports ]; then
		stop_firmware
		echo "== a report of the kernel: a new boot for the rest"
		exit 75
	fi
}

run_test() {
	id=$1 limit=$2
	echo "@@ $3" >/dev/kmsg
	pids=''
	: >"$id.why"
	: >"$id.out"
	if [ -z "$firmware_cdsp" ] && ! start_firmware >"$id.out" 2>&1; then
		status=1
	else
		environment
		pids=$(firmware_pids)
		timeout -s KILL "$limit" setsid sh "$id.sh" >>"$id.out" 2>&1 </dev/null
		status=$?
		[ $status -ne 137 ] || status=124
	fi
	# What failed may have left its DSPs in any state, and what is about the driver alone
	# does, as nothing else unloads it. Killed, they come back not quite at once.
	case $status:$3 in
	0:kernel:*) stop_firmware >>"$id.why" ;;
	0:*) firmware_serves || stop_firmware >>"$id.why" ;;
	*) stop_firmware >>"$id.why" ;;
	esac
	settle >>"$id.why"
	[ ! -s "$id.why" ] || stop_firmware >>"$id.why"
	finish_test "$id" "$status"
}

# The debug kernel's driver has its KUnit tests in it; suites.py reads of them in the
# kernel's log. All else is slower while they are enabled.
run_kunit() {
	[ -e /sys/module/kunit/holders/qda ] || return
	timeout 30 rmmod qda
	rmmod kunit
	modprobe kunit enable=1 autorun=1
	modprobe qda
}

all() {
	# the firmware looks for modules where the tests say they are
	# shellcheck source=/dev/null
	. ./environment
	modprobe qda || exit 1
	chmod 1777 /tmp
	name-nodes &
	watcher=$!
	trap 'kill $watcher; cd /' EXIT
	usleep 200000
	processes
	base=$found
	while read -r id limit name; do
		echo "@@ $id $name"
		case $name in
		guest:start)
			: >"$id.why"
			start_firmware >>"$id.why"
			pids=$(firmware_pids)
			environment
			check_guest >"$id.out" 2>&1
			grep -v '^#' "$id.out" >>"$id.why"
			settle >>"$id.why"
			[ ! -s "$id.why" ] || stop_firmware >>"$id.why"
			finish_test "$id" 0
			;;
		guest:end)
			# nothing of the driver's may be in use any more
			: >"$id.why"
			stop_firmware >>"$id.why"
			run_kunit >>"$id.why" 2>&1
			for module in qda qda_sim; do
				if grep -q "^$module " /proc/modules; then
					timeout 30 rmmod "$module" >>"$id.why" 2>&1
				fi
			done
			finish_test "$id" 0
			;;
		*) run_test "$id" "$limit" "$name" ;;
		esac
	done <plan
}

case $1 in
all) all ;;
firmware)
	modprobe qda || exit 1
	name-nodes &
	echo $! >/run/watcher
	usleep 200000
	start_firmware || exit 1
	echo "$firmware_cdsp $firmware_adsp" >/run/firmware
	;;
stop)
	read -r firmware_cdsp firmware_adsp </run/firmware
	stop_firmware
	kill "$(cat /run/watcher)"
	;;
esac
