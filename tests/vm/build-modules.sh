#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: build-modules.sh KERNEL BUILD
# Build kernel/ for the kernel in KERNEL, below BUILD, and print where the modules are.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
kernel=$1
work=$2/modules-$(basename "$kernel")

mkdir -p "$work/kernel" "$work/include"
log=$work/build.log
# the sources' directory gets objects, so it is a copy
copy() { (cd "$top" && find "$@" -name '*.[choSs]' -o -name Kbuild -o -name Makefile \
	-o -name Kconfig | grep -v '\.o$\|\.mod\.c$' | cpio -pdum --quiet "$work"); }
copy kernel include/uapi
make=(nice -n 19 make -C "$kernel" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -s
      -j "${QDA_VM_JOBS:-$(nproc 2>/dev/null || echo 2)}")
fail() { grep -m10 -B2 -A8 'error' "$log" >&2 || tail -20 "$log" >&2; exit 1; }
: >"$log"
if [ -f "$work/kernel/Kbuild" ]; then
	"${make[@]}" M="$work/kernel" modules >>"$log" 2>&1 || fail
fi
"${make[@]}" M="$work/kernel/qda_sim" modules >>"$log" 2>&1 || fail
echo "$work"
