#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/uapi in the guest, on the real driver; the results per case are in DIR/uapi.
# QDA_UAPI_FILTER is passed on.
#
# usage: uapi.sh DIR [OPTION OF run.sh]... [-- GROUP...]
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
out=$1
shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	options+=("$1")
	shift
done
[ $# -eq 0 ] || shift
groups=("$@")
if [ ${#groups[@]} -eq 0 ]; then
	groups=(core query gem prime create attach map invoke wait event limits signal
		reply loss isolation lifetime thread)
fi
mkdir -p "$out/bin"
: >"$out/uapi"
printf %s "${QDA_UAPI_FILTER:-}" >"$out/filter"
build=${QDA_VM_BUILD:-$top/build-vm}
"$here/cross.sh" "$build" >/dev/null
for group in "${groups[@]}"; do
	cp "${QDA_UAPI_BIN:-$build/tests/uapi}/uapi-$group" "$out/bin/"
done
cat >"$out/script" <<'SCRIPT'
modprobe qda || exit 1
wait_for() {
	i=0
	while [ ! -e "$1" ]; do
		i=$((i + 1))
		[ $i -lt 50 ] || { echo "no $1"; exit 1; }
		sleep 0.1
	done
}
name-nodes &
for n in 0 1; do
	name=$([ $n = 0 ] && echo cdsp || echo adsp)
	qda-softdsp --device /dev/qda-sim-$n --control /run/$name --log \
		2>/share/$name.log &
	wait_for /run/dev-$name
done
export QDA_UAPI_DEVICE=/run/dev-cdsp QDA_UAPI_CONTROL=/run/cdsp
export QDA_UAPI_DEVICE_ADSP=/run/dev-adsp QDA_UAPI_CONTROL_ADSP=/run/adsp
export QDA_UAPI_DEVICE_SDSP=/run/dev-sdsp QDA_UAPI_SPARE=/dev/qda-sim-2
export QDA_SOFTDSP=/usr/bin/qda-softdsp DSP_LIBRARY_PATH=/usr/lib/qda/softdsp
export QDA_UAPI_RESULTS=/share/uapi
[ ! -s /share/filter ] || export QDA_UAPI_FILTER="$(cat /share/filter)"
status=0
for group; do
	echo "@@ uapi-$group" >/dev/kmsg
	timeout -s KILL 900 /share/bin/uapi-$group >/share/uapi-$group.log 2>&1 || {
		echo "uapi-$group: $?"
		grep '^\[  FAILED  \]\|no end in sight' /share/uapi-$group.log | sort -u | head -40
		status=1
	}
	grep '^\[  PASSED  \]\|^\[  SKIPPED \].*test' /share/uapi-$group.log | tail -2 |
		sed "s/^/$group /"
done
exit $status
SCRIPT
"$here/run.sh" --out "$out" "${options[@]}" -- "sh /share/script ${groups[*]}"
