#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What "./run bench --vm" does: mainline's driver (misc/fastrpc) and ours, compared in
# the guest.
#
# usage: bench.sh [--quick] [--json] [--no-icount | --only-icount] [--keep DIR]
#
# Both drive the same DSP, in turns: one is unbound from it and the other bound, so
# that context bank, device tree, IOMMU, software DSP and kernel are the same ones.
# The emulator's speed depends on what else the machine does, so a second boot
# counts instructions instead (QEMU's -icount), which can be repeated.
#
# --quick: fewer rounds and far ends. --keep: leave figures and logs in DIR.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
json='' boots='time icount' out=''
time_rounds=7 icount_rounds=5 far_ends='driver thread dsp dsp-unpinned'
while [ $# -gt 0 ]; do
	case $1 in
	--quick) time_rounds=5 far_ends='driver dsp' ;;
	--json) json=--json ;;
	--no-icount) boots='time' ;;
	--only-icount) boots='icount' ;;
	--keep) out=$2; shift ;;
	*) printf 'usage: %s [--quick] [--json] [--no-icount | --only-icount] [--keep DIR]\n' \
		"${0##*/}" >&2; exit 2 ;;
	esac
	shift
done

scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
[ -n "$out" ] || out=$scratch
build=${QDA_VM_BUILD:-$top/build-vm}
"$here/cross.sh" "$build" >/dev/null
if [ ! -x "$build/tests/bench/bench-drivers" ]; then
	echo 'bench.sh: tests/bench was not built: misc/fastrpc.h is missing' >&2
	exit 1
fi
files=()
for boot in $boots; do
	dir=$out/$boot
	mkdir -p "$dir"
	cp "$build/tests/bench/bench-drivers" "$here/bench-guest.sh" "$dir/"
	rm -f "$dir/figures"
	options=(--out "$dir" --timeout 1800)
	if [ "$boot" = time ]; then
		words="$time_rounds $far_ends allocs"
	else
		# where things run is no question when one instruction follows the other
		words="$icount_rounds ${far_ends% dsp-unpinned}"
		options+=(--icount)
	fi
	echo "measuring in the guest: $boot, ${words%% *} rounds" >&2
	"$here/run.sh" "${options[@]}" -- "sh /share/bench-guest.sh $boot $words" >&2
	files+=("$dir/figures")
done
python3 "$top/tests/bench/report.py" $json "${files[@]}"
