#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the guest's kernel and print the directory it is in.
#
# usage: build-kernel.sh [plain|debug|debug-6.12]
#
#   plain       Linux 6.12 as Debian has it; the driver is a module out of tree
#   debug       the newest release that Debian carries, with KASAN, UBSAN, lockdep,
#               kmemleak, ..., kernel/patches, and the driver in drivers/accel/qda
#   debug-6.12  plain with the debugging of debug
#
# Source and result are kept in $XDG_CACHE_HOME/qda-vm, by version, configuration and
# what is built in, and found there again; a change of the driver rebuilds no kernel
# (build-modules.sh builds it). The directory printed can be given to a module build
# as its kernel directory (ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-); the kernel is
# Image in it.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
variant=${1:-plain}
# QDA_VM_DEBUG=debug-6.12: whoever asks for the debug kernel gets that one
[ "$variant" != debug ] || variant=${QDA_VM_DEBUG:-debug}
label=${variant%-*}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm
jobs=${QDA_VM_JOBS:-$(nproc 2>/dev/null || echo 2)}

say() { printf '%s\n' "$*" >&2; }
die() { say "build-kernel: $*"; exit 1; }

for tool in aarch64-linux-gnu-gcc make flex bison bc xz rsync; do
	command -v $tool >/dev/null || die "$tool is missing"
done
mkdir -p "$cache"
exec 8>"$cache/lock-$variant"
flock 8
config=$here/config
gone=/dev/null
built_in=() flags=() patches=''
case $variant in
plain)
	fragments=("$config/base.config")
	found=$("$here/kernel-source.sh" 6.12)
	;;
debug-6.12)
	fragments=("$config/base.config" "$config/debug.config")
	found=$("$here/kernel-source.sh" 6.12)
	;;
debug)
	fragments=("$config/base.config" "$config/debug.config" "$config/qda.config")
	gone=$config/gone.config
	found=$("$here/driver-tree.sh")
	# the name of the tree stands for the patches
	patches=${found##*-}
	built_in=("$top/kernel/qda/Kconfig" "$top/kernel/qda/qda_compute_bus.c")
	;;
*) die "$variant: not one of plain debug debug-6.12" ;;
esac
[ "$label" != debug ] ||
	# lockdep's hooks walk the stack at each change of the interrupt mask, for tracers
	# that are not there, and the emulated processor does it for a tenth of its time
	flags=('CFLAGS_trace_preemptirq.o=-Dreturn_address=__builtin_frame_address -Wno-frame-address')
version=${found%% *}
source=${found#* }

# what is asked for, but for what this release has no more
wanted() { cat "${fragments[@]}" | grep -vxFf <(grep -v '^#' "$gone"); }
hash=$( (aarch64-linux-gnu-gcc -dumpfullversion; wanted
	cat /dev/null "${built_in[@]}"; [ -z "$patches" ] || echo "$patches"
	[ ${#flags[@]} -eq 0 ] || echo "${flags[@]}") |
	sha256sum | cut -c1-12)
out=$cache/kernel-$version-$label-$hash
if [ ! -f "$out/done" ]; then
	make=(nice -n 19 make -C "$source" O="$out" ARCH=arm64
	      CROSS_COMPILE=aarch64-linux-gnu- -j "$jobs" -s
	      KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=qda KBUILD_BUILD_HOST=vm "${flags[@]}")
	mkdir -p "$out"
	wanted | grep -v '^# SPDX\|^# Over' |
		tac | awk '{ k = $0; sub(/^# /, "", k); sub(/[= ].*/, "", k) } !seen[k]++' |
		tac >"$out/wanted.config"
	say "configuring $variant kernel $version"
	"${make[@]}" KCONFIG_ALLCONFIG="$out/wanted.config" allnoconfig >"$out/build.log" 2>&1 ||
		{ tail -20 "$out/build.log" >&2; die "allnoconfig failed"; }
	# a line that had no effect is an error, not a surprise later
	missing=$(grep -vxFf "$out/.config" "$out/wanted.config" | grep -v ' is not set$' || true)
	[ -z "$missing" ] || die "the configuration lost: $missing"
	say "building it ($jobs jobs); $out/build.log"
	"${make[@]}" Image modules >>"$out/build.log" 2>&1 ||
		{ tail -20 "$out/build.log" >&2; die "the build failed"; }
	"${make[@]}" INSTALL_MOD_PATH="$out/modroot" INSTALL_MOD_STRIP=1 modules_install \
		>>"$out/build.log" 2>&1 || die "modules_install failed"
	# the driver changes and the kernel does not: build-modules.sh has it
	rm -rf "$out"/modroot/lib/modules/*/kernel/drivers/accel/qda
	cp "$out/arch/arm64/boot/Image" "$out/Image"
	touch "$out/done"
fi
echo "$out"
