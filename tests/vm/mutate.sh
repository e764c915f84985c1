#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Take a check out of the driver: a named case of tests/uapi must fail in the guest,
# which passes with the check in place. Each driver is built from a copy; one boot loads
# one after the other. The soft device's counterpart is tests/uapi/mutate.sh.
#
# usage: mutate.sh DIR
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
out=$1
build=${QDA_VM_BUILD:-$top/build-vm}

# what it checks | suite | case | file | how sed takes it out
list_checks() {
	cat <<'END'
query flags are zero|query|bad-flags|qda_check.c|s/if (q->flags)/if (0)/
nothing hides behind a name's NUL|attach|bad-static-name-tail|qda_check.c|s/!memchr_inv(name + len, 0, DRM_QDA_NAME_LEN - len)/1/
attributes that grant power need privilege|create|unprivileged-debug|qda_check.c|s/if (a->attrs & QDA_PD_ATTR_POWER)/if (0)/
remote handle 1 is the kernel's|invoke|bad-handle-init|qda_check.c|s/if (a->handle == DRM_QDA_HANDLE_INIT)/if (0)/
a range does not wrap|invoke|bad-in-offset-wrap|qda_check.c|s/offset <= size && length <= size - offset/offset + length <= size/
an address agrees with its offset|invoke|bad-in-address|qda_check.c|s/((arg->address ^ arg->offset) & QDA_DSP_PAGE_MASK)/0/
a dsp_id is unique|map|dsp-id|qda_map.c|s/if (a->dsp_id && xa_load(&session->maps_by_dsp_id, a->dsp_id))/if (0)/
a reply's sequence number is its call's|reply|wrong-sequence-high|qda_call.c|s/ || call->ctx != reply.ctx)/)/
calls in flight are limited|limits|option|qda_invoke.c|s/session->in_flight < session->limit/session->in_flight < QDA_MAX_IN_FLIGHT/
the DSP ends delayed mappings only|map|fdlist-other-types|qda_map.c|s/if (!map || map->type != DRM_QDA_MAP_FD_DELAYED)/if (!map)/
a private mapping is refused|gem|mmap-bad|qda_gem.c|s/if (!(vma->vm_flags & VM_MAYSHARE))/if (0)/
END
}

mkdir -p "$out/mutants"
rm -f "$out"/mutants/*
kernel=$("$here/build-kernel.sh" plain)
"$here/cross.sh" "$build" >/dev/null
modules=$("$here/build-modules.sh" "$kernel" "$build")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cp -rp "$modules/kernel" "$modules/include" "$work/"
make=(make -C "$kernel" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -s M="$work/kernel" modules)

failed=0
n=0
list_checks >"$work/list"
while IFS='|' read -r what suite name file edit; do
	n=$((n + 1))
	source=$work/kernel/qda/$file
	cp -p "$source" "$work/saved.c"
	sed "$edit" "$work/saved.c" >"$source"
	if cmp -s "$work/saved.c" "$source"; then
		echo "not ok: $file has no such check any more ($what)"
		failed=1
	elif ! "${make[@]}" >"$out/mutants/build.log" 2>&1 </dev/null; then
		echo "not ok: $file does not build without the check ($what)"
		tail -5 "$out/mutants/build.log"
		failed=1
	else
		cp "$work/kernel/qda/qda.ko" "$out/mutants/$n.ko"
		echo "$n|$suite|$name|$what" >>"$out/mutants/list"
	fi
	cat "$work/saved.c" >"$source"
done <"$work/list"
aarch64-linux-gnu-strip --strip-debug "$out"/mutants/*.ko
cut -d'|' -f2 "$out/mutants/list" | sort -u | while read -r suite; do
	cp "$build/tests/uapi/uapi-$suite" "$out/mutants/"
done

cat >"$out/mutants/script" <<'SCRIPT'
cd /share/mutants
name-nodes &
for n in 0 1; do
	name=$([ $n = 0 ] && echo cdsp || echo adsp)
	qda-softdsp --device /dev/qda-sim-$n --control /run/$name 2>/dev/null &
done
export QDA_UAPI_DEVICE=/run/dev-cdsp QDA_UAPI_CONTROL=/run/cdsp
export QDA_UAPI_DEVICE_ADSP=/run/dev-adsp QDA_UAPI_CONTROL_ADSP=/run/adsp
wait_for() {
	ticks=400
	until [ -e "$1" ]; do
		ticks=$((ticks - 1))
		[ $ticks -gt 0 ] || { echo "no $1"; return 1; }
		usleep 50000
	done
}
run_case() {
	wait_for /run/dev-cdsp && wait_for /run/dev-adsp || return
	QDA_UAPI_FILTER=$2 timeout -s KILL 300 ./uapi-$1 >"out-$3" 2>&1
}
failed=0
modprobe qda
while IFS='|' read -r n suite name what; do
	run_case $suite $name $n </dev/null && grep -q 'PASSED.* 1 test' out-$n || {
		echo "not ok: $suite/$name does not pass as it is ($what)"
		failed=1
	}
done <list
rmmod qda
while IFS='|' read -r n suite name what; do
	insmod ./$n.ko || { failed=1; continue; }
	if run_case $suite $name mutant-$n </dev/null; then
		echo "not ok: $suite/$name passes without the check ($what)"
		failed=1
	elif ! grep -q "FAILED.* $name" out-mutant-$n; then
		echo "not ok: $suite/$name did not get as far as failing ($what)"
		failed=1
	else
		echo "ok: $what: $suite/$name"
	fi
	rmmod qda || failed=1
done <list
exit $failed
SCRIPT
# a driver without a check may well be what the kernel complains about
"$here/run.sh" --any-log --out "$out" --timeout 1800 -- "sh /share/mutants/script" || failed=1
exit $failed
