#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boot the guest and run a command in it; exits with the command's status.
#
# usage: run.sh [OPTION]... [--] COMMAND...
#        run.sh [OPTION]... --shell
#
#   --debug         the kernel with KASAN, lockdep and the rest
#   --no-kmemleak   of which this is a third of the time
#   --no-project    only the modules, nothing of the library
#   --show DIR      show DIR in the guest, read only, at its path; several times
#   --top           --show with this checkout
#   --out DIR       keep what the guest writes to /share, the kernel's log too
#   --timeout S     give up after S seconds (default 600)
#   --memory MIB    (default 1024, debug 2048)
#   --cpus N        (default 2)
#   --shell         an interactive shell instead of a command
#   --icount        the guest's clock counts its instructions, a nanosecond each
#   --any-log       do not fail for what the kernel logged
#
# QDA_VM_APPEND in the environment: more for the kernel's command line.
#
# COMMAND is a line of shell. Status 125: the guest did not get to its end. 124:
# timeout. 123: the command's status was 0, but the kernel logged a warning.
# shellcheck disable=SC2054 # the commas are QEMU's
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
# one function, so that bash has read all of it before the guest runs
main() {
	variant=plain append='' project=1 shown=() out='' limit=600 memory='' cpus=2 shell='' any_log='' clock=()
	accel=tcg,thread=multi

	say() { printf '%s\n' "$*" >&2; }

	while [ $# -gt 0 ]; do
		case $1 in
		--debug) variant=debug ;;
		--no-kmemleak) append=kmemleak=off ;;
		--no-project) project='' ;;
		--top) shown+=("$top") ;;
		--show) shown+=("$2"); shift ;;
		--out) out=$2; shift ;;
		--timeout) limit=$2; shift ;;
		--memory) memory=$2; shift ;;
		--cpus) cpus=$2; shift ;;
		--shell) shell=1 ;;
		--any-log) any_log=1 ;;
		--icount) accel=tcg,thread=single; clock=(-icount shift=0,sleep=off) ;;
		--) shift; break ;;
		-*) say "run.sh: $1?"; exit 2 ;;
		*) break ;;
		esac
		shift
	done
	[ -n "$shell" ] || [ $# -gt 0 ] || { say 'run.sh: no command'; exit 2; }
	[ -n "$memory" ] || { [ $variant = debug ] && memory=2048 || memory=1024; }

	build=${QDA_VM_BUILD:-$top/build-vm}
	kernel=$("$here/build-kernel.sh" $variant)
	if [ -n "$project" ]; then
		"$here/cross.sh" "$build" >/dev/null
	fi
	mkdir -p "$build"
	modules=$("$here/build-modules.sh" "$kernel" "$build")

	scratch=$(mktemp -d)
	qemu_pid=''
	# shellcheck disable=SC2317
	cleanup() {
		[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || true
		rm -r "$scratch"
	}
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	"$here/mkinitramfs.sh" "$scratch/initramfs" "$kernel" "$modules" ${project:+"$build"}
	share=${out:-$scratch/share}
	mkdir -p "$share"
	rm -f "$share/status" "$share/booted" "$share/kmemleak" "$share/interactive" "$share/shown"
	qemu=(qemu-system-aarch64 -M virt,iommu=smmuv3 -accel "$accel" "${clock[@]}" -cpu cortex-a72
	      -smp "$cpus" -m "$memory" -nographic -nodefaults -no-reboot)
	"$here/mkdtb.sh" "$scratch/vm.dtb" "${qemu[@]}"
	qemu+=(-dtb "$scratch/vm.dtb" -kernel "$kernel/Image" -initrd "$scratch/initramfs"
	       # norandmaps: code at an address of its own for each process is translated anew for each.
	       # mitigations: nobody is spied upon here, and each system call pays for them
	       -append "console=ttyAMA0 quiet loglevel=4 panic=-1 norandmaps mitigations=off $append ${QDA_VM_APPEND:-}"
	       -serial "file:$share/kernel.log"
	       -fsdev "local,id=share,path=$share,security_model=none"
	       -device virtio-9p-device,fsdev=share,mount_tag=share
	       -device virtio-serial-device
	       -device virtio-rng-device)
	for i in "${!shown[@]}"; do
		echo "shown$i ${shown[i]}" >>"$share/shown"
		qemu+=(-fsdev "local,id=shown$i,path=${shown[i]},security_model=none,readonly=on"
		       -device "virtio-9p-device,fsdev=shown$i,mount_tag=shown$i")
	done
	if [ -n "$shell" ]; then
		cp "$here/guest.sh" "$share/"
		{
			stty size 2>/dev/null | sed -n 's/^\([1-9][0-9]*\) \([1-9][0-9]*\)$/stty rows \1 cols \2/p' || true
			[ -z "$project" ] || echo 'sh /share/guest.sh firmware'
			echo 'exec sh -i'
		} >"$share/command"
		echo "$share" >"$share/interactive"
		qemu+=(-chardev stdio,id=con,mux=off,signal=off -device virtconsole,chardev=con)
		"${qemu[@]}" || true
	else
		printf '%s\n' "$*" >"$share/command"
		qemu+=(-chardev "file,id=con,path=$share/console" -device virtconsole,chardev=con)
		: >"$share/console"
		"${qemu[@]}" </dev/null &
		qemu_pid=$!
		tail -q --pid=$qemu_pid -s 0.2 -f "$share/console" &
		tail_pid=$!
		waited=0
		while kill -0 $qemu_pid 2>/dev/null; do
			sleep 0.2
			waited=$((waited + 1))
			if [ $waited -ge $((limit * 5)) ]; then
				say "run.sh: not finished after $limit s"
				tail -20 "$share/kernel.log" >&2
				exit 124
			fi
		done
		qemu_pid=''
		# with all that was printed last
		wait $tail_pid || true
	fi

	if [ ! -f "$share/status" ]; then
		say 'run.sh: the guest ended early; the last it said:'
		tail -30 "$share/kernel.log" >&2
		exit 125
	fi
	status=$(cat "$share/status")
	bad='WARNING:|BUG:|Oops|KASAN|UBSAN|DMA-API:|INFO: (task|rcu|possible|trying)|Call trace|[Uu]nable to handle|refcount_t|Bad page|SMMU.*event|possible (circular|recursive)|suspicious RCU|page allocation failure'
	if [ -z "$any_log" ] && grep -aEm5 "$bad" "$share/kernel.log" >&2; then
		say "run.sh: the kernel's log has reports (--out DIR keeps it)"
		[ "$status" -ne 0 ] || status=123
	fi
	if [ -z "$any_log" ] && [ -s "$share/kmemleak" ]; then
		head -40 "$share/kmemleak" >&2
		[ "$status" -ne 0 ] || status=123
	fi
	exit "$status"
}

main "$@"
