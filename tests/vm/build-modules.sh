#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: build-modules.sh KERNEL BUILD
# Build the driver, the virtual transport and the modules of the tests for the kernel in
# KERNEL, below BUILD, and print where they are. Where the kernel's configuration has the
# driver, it is built from the kernel's tree, with its KUnit tests; elsewhere out of tree,
# with kernel/compat.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
# shellcheck source=tests/vm/stamp.bash
. "$here/stamp.bash"
kernel=$1
work=$2/modules-$(basename "$kernel")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm

mkdir -p "$work"
log=$work/build.log
exec 8>"$work.lock"
flock 8
stamp=$(stamp_of "$kernel" kernel include/uapi tests/kernel tests/vm/build-modules.sh)
if is_built "$work" "$stamp"; then
	echo "$work"
	exit 0
fi
rm -f "$work/built"
# the sources' directory gets objects, so it is a copy
copy() {
	(cd "$top" && rsync -rcR --exclude='.*' --exclude='*.mod.c' --include='*/' \
		--include='*.[ch]' --include=Kbuild --include=Makefile --include=Kconfig \
		--exclude='*' "$@" "$work/")
}
copy kernel include/uapi tests/kernel
make=(nice -n 19 make -C "$kernel" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -s
      -j "${QDA_VM_JOBS:-$(nproc 2>/dev/null || echo 2)}")
fail() {
	echo "build-modules: $1 does not build; $log" >&2
	grep -m10 -B2 -A8 'error' "$log" >&2 || tail -20 "$log" >&2
	exit 1
}
: >"$log"
if grep -q '^CONFIG_DRM_ACCEL_QDA=m' "$kernel/.config"; then
	# the tree is everybody's who has the same patches
	exec 7>"$cache/lock-debug"
	flock 7
	read -r _ tree < <("$here/driver-tree.sh")
	mkdir -p "$work/in-tree"
	# not as a single target of the tree, which forgets what other modules export
	"${make[@]}" M="$tree/drivers/accel/qda" MO="$work/in-tree" modules >>"$log" 2>&1 ||
		fail drivers/accel/qda
	exec 7>&-
else
	# as the debug kernel's own driver has them
	[[ $kernel != *-debug-* ]] || make+=(QDA_KUNIT=y)
	"${make[@]}" M="$work/kernel" modules >>"$log" 2>&1 || fail kernel
fi
for module in "$work/kernel/qda_sim" "$work"/tests/kernel/modules/*/; do
	[ -f "$module/Makefile" ] || continue
	"${make[@]}" M="${module%/}" modules >>"$log" 2>&1 || fail "${module#"$work"/}"
done
set_built "$work" "$stamp"
echo "$work"
