#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What no suite can show of the driver, in one boot of the guest, and two for iommu.
#
# usage: driver.sh DIR [PART]...
#
#   fastrpc   mainline's driver works over the virtual transport: the baseline
#   owner     which of qda and fastrpc has a DSP
#   kunit     the driver's KUnit tests; the debug kernel's are guest:kunit of suites.py
#   iommu     with iommu.passthrough=1 the driver refuses context banks that are not
#             translated; with iommu.strict=0 cases of tests/kernel and tests/uapi pass.
#             Printed as parts passthrough and lazy
#   mutants   with a check taken out of the driver, a case of tests/uapi or tests/kernel
#             fails; the soft device's counterpart is tests/uapi/mutate.sh
#
# Prints a line "ok: PART: WHAT" or "not ok: PART: WHAT" for each thing shown.
# DIR/driver has what the programs printed and what the kernel logged.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
# shellcheck source=tests/vm/stamp.bash
. "$here/stamp.bash"
build=${QDA_VM_BUILD:-$top/build-vm}
out=$1
shift
parts=(fastrpc owner kunit iommu mutants) first=() failed=0
[ $# -eq 0 ] || parts=("$@")
not_ok() {
	echo "not ok: $*"
	failed=1
}

# what it checks; case; file; the check; what is there instead. A case boot/PART is
# shown by that part
list_checks() {
	cat <<'END'
query flags are zero;query/bad-flags;qda_check.c;q->flags;0
nothing hides behind a name's NUL;attach/bad-static-name-tail;qda_check.c;!memchr_inv(name + len, 0, DRM_QDA_NAME_LEN - len);1
attributes that grant power need privilege;create/unprivileged-debug;qda_check.c;a->attrs & QDA_PD_ATTR_POWER;0
privilege is the opener's, not the caller's;privilege/not-promoted;qda_session.c;file_ns_capable(file->filp, &init_user_ns, CAP_SYS_ADMIN);capable(CAP_SYS_ADMIN)
remote handle 1 is the kernel's;invoke/bad-handle-init;qda_check.c;a->handle == DRM_QDA_HANDLE_INIT;0
a range does not wrap;invoke/bad-in-offset-wrap;qda_check.c;offset <= size && length <= size - offset;offset + length <= size
an address agrees with its offset;invoke/bad-in-address;qda_check.c;((arg->address ^ arg->offset) & QDA_DSP_PAGE_MASK);0
a dsp_id is unique;map/dsp-id;qda_map.c;a->dsp_id && xa_load(&session->maps_by_dsp_id, a->dsp_id);0
a reply's sequence number is its call's;reply/wrong-sequence-high;qda_call.c;call->ctx != reply.ctx;0
calls in flight are limited;limits/option;qda_invoke.c;session->in_flight < session->limit;session->in_flight < QDA_MAX_IN_FLIGHT
the DSP ends delayed mappings only;map/fdlist-other-types;qda_map.c;!map || map->type != DRM_QDA_MAP_FD_DELAYED;!map
a private mapping is refused;gem/mmap-bad;qda_gem.c;!(vma->vm_flags & VM_MAYSHARE);0
a session has no more memory than its limit;memory/limit;qda_mem.c;qda_check_memory(session->mem_limit, session->mapped, size);0
calls of the DRM core are filtered;corecalls/refused-gem-flink;qda_ioctl.c;qda_ioctl_allowed(cmd);0
what the DSP ends while it is unmapped has ended;map/fdlist-unmapping;qda_map.c;map->finished || (!error && !status);!error && !status
what the DSP ends while it is mapped has ended;map/fdlist-mapping;qda_map.c;error || status || map->finished;error || status
a context bank is translated;boot/passthrough;qda_cb.c;!qda_bank_is_translated(bank);0
unread events of the status are bounded;status/bound;qda_status.c;qda_status_unread(file) < DRM_QDA_MAX_STATUS_EVENTS;1
END
}

# A copy of the driver, with its KUnit tests and with a parameter "out" that says which
# check is taken out: one to build and to load for all of them.
build_driver() {
	local work=$build/mutants n=0 what name file check instead text new stamp

	mkdir -p "$work"
	stamp=$(stamp_of "$1" kernel include/uapi tests/vm/driver.sh)
	if is_built "$work" "$stamp"; then
		cp "$work/list" "$work/qda.ko" "$out/driver/"
		return
	fi
	rm -f "$work/built" "$work/list"
	(cd "$top" && rsync -rcR --include='*/' --include='*.[ch]' --include=Kbuild \
		--include=Makefile --exclude='*' kernel/Kbuild kernel/compat kernel/qda \
		include/uapi "$work/")
	while IFS=';' read -r what name file check instead; do
		n=$((n + 1))
		# with its last newlines
		text=$(cat "$work/kernel/qda/$file" && echo x)
		new=${text/"$check"/"(qda_out == $n ? ($instead) : ($check))"}
		if [ "$new" = "$text" ]; then
			not_ok "mutants: $file has no such check any more ($what)"
			stamp=''
			continue
		fi
		printf 'extern int qda_out;%s' "${new%x}" >"$work/kernel/qda/$file"
		echo "$n;${name%/*};${name#*/};$what" >>"$work/list"
	done < <(list_checks)
	echo 'int qda_out; module_param_named(out, qda_out, int, 0600);' \
		>>"$work/kernel/qda/qda_drv.c"
	if ! nice -n 19 make -C "$1" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -s \
		-j "${QDA_VM_JOBS:-$(nproc 2>/dev/null || echo 2)}" M="$work/kernel" \
		QDA_KUNIT=y modules >"$work/build.log" 2>&1; then
		not_ok 'mutants: the driver without its checks does not build'
		grep -m10 error "$work/build.log" || tail -5 "$work/build.log"
	else
		aarch64-linux-gnu-strip --strip-debug -o "$work/qda.ko" \
			"$work/kernel/qda/qda.ko"
		cp "$work/list" "$work/qda.ko" "$out/driver/"
		[ -z "$stamp" ] || set_built "$work" "$stamp"
	fi
}

mkdir -p "$out/driver"
rm -f "$out"/driver/*
kernel=$("$here/build-kernel.sh" plain)
"$here/cross.sh" "$build" >/dev/null
case ${parts[*]} in
*kunit* | *mutants* | *iommu*) build_driver "$kernel" ;;
esac
case ${parts[*]} in
*fastrpc*) aarch64-linux-gnu-gcc -O2 -Wall -static -o "$out/driver/fastrpc-check" \
	"$here/fastrpc-check.c" ;;
esac
sed -n 's/^[[:space:]]*\.name = "\(qda_[a-z]*\)",$/\1/p' \
	"$top"/kernel/qda/qda_*_kunit.c >"$out/driver/suites"
cp "$here/driver-guest.sh" "$here/guest.sh" "$out/"
# boot COMMAND-LINE PART...
boot() {
	local append=$1
	shift

	# a driver without a check may well be what the kernel complains about
	QDA_VM_APPEND="${QDA_VM_APPEND:-} $append" "$here/run.sh" --any-log --cpus 1 \
		--out "$out" --show "$build" --timeout 3600 -- \
		"sh /share/driver-guest.sh $build $*" || failed=1
	cp "$out/kernel.log" "$out/driver/$1.log"
}
for part in "${parts[@]}"; do
	[ "$part" = iommu ] || first+=("$part")
done
[ ${#first[@]} -eq 0 ] || boot '' "${first[@]}"
case " ${parts[*]} " in
*' iommu '*)
	boot iommu.passthrough=1 passthrough
	boot iommu.strict=0 lazy
	;;
esac
exit $failed
