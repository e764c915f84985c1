#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which of qda and fastrpc has a DSP, in the guest, with both loaded: first come, the
# module parameter, driver_override, bind and unbind. Options are run.sh's.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

cat >"$out/script" <<'SCRIPT'
bus=/sys/bus/rpmsg
fail() { echo "FAILED: $*"; exit 1; }
label() { tr -d '\0' <"$1/of_node/label"; }
owners() {
	for device in $bus/devices/*; do
		[ -e "$device/of_node/label" ] || continue
		driver=$(readlink "$device/driver") || driver=none
		echo "$(label "$device")=${driver##*/}"
	done | sort | tr '\n' ' '
}
expect() {
	[ "$(owners)" = "$2 " ] || fail "$1: $(owners), not $2"
	echo "ok: $1: $2"
}
channels() {
	for name in cdsp adsp; do
		echo 3 >/sys/kernel/debug/qda_sim/$name/respond
		echo "$1" >/sys/kernel/debug/qda_sim/$name/channel
	done
}
restart() { channels 0; channels 1; }
give() {
	echo "$cdsp" >"$bus/devices/$cdsp/driver/unbind"
	echo "$1" >"$bus/devices/$cdsp/driver_override"
	echo "$cdsp" >$bus/drivers_probe
}

modprobe fastrpc
modprobe qda || fail "no qda"
channels 1
expect "fastrpc was first" "adsp=qcom,fastrpc cdsp=qcom,fastrpc"
for device in $bus/devices/*; do
	[ "$(label "$device")" != cdsp ] || cdsp=${device##*/}
done
give qda
expect "cdsp given to qda" "adsp=qcom,fastrpc cdsp=qda"
[ -e /dev/accel/accel0 ] || fail "no node of qda"
[ ! -e /dev/fastrpc-cdsp ] || fail "a node of fastrpc"
give qcom,fastrpc
expect "and back" "adsp=qcom,fastrpc cdsp=qcom,fastrpc"
[ ! -e /dev/accel/accel0 ] || fail "a node of qda"
echo >"$bus/devices/$cdsp/driver_override"
echo "$cdsp" >$bus/drivers/qcom,fastrpc/unbind
echo "$cdsp" >$bus/drivers/qda/bind
expect "bound by hand" "adsp=qcom,fastrpc cdsp=qda"
echo "$cdsp" >$bus/drivers/qda/unbind
echo "$cdsp" >$bus/drivers/qcom,fastrpc/bind
expect "and back" "adsp=qcom,fastrpc cdsp=qcom,fastrpc"

rmmod qda
modprobe qda dsps=all
expect "what has a driver stays" "adsp=qcom,fastrpc cdsp=qcom,fastrpc"
restart
expect "dsps=all, after a restart" "adsp=qda cdsp=qda"
rmmod qda
modprobe qda dsps=cdsp
restart
expect "dsps=cdsp" "adsp=qcom,fastrpc cdsp=qda"
rmmod qda
expect "unloaded" "adsp=qcom,fastrpc cdsp=none"
echo "$cdsp" >$bus/drivers_probe
expect "not kept for it" "adsp=qcom,fastrpc cdsp=qcom,fastrpc"

modprobe qda dsps=none
restart
expect "dsps=none" "adsp=qcom,fastrpc cdsp=qcom,fastrpc"
give qda
expect "driver_override beats it" "adsp=qcom,fastrpc cdsp=qda"
channels 0
rmmod qda
modprobe -r fastrpc
modprobe qda
channels 1
expect "alone" "adsp=qda cdsp=qda"
channels 0
rmmod qda
echo "done"
SCRIPT
"$here/run.sh" --out "$out" "$@" -- "sh /share/script"
