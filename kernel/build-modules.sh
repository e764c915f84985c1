#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What meson calls.
#
# usage: build-modules.sh check KDIR ARCH
#	prints the kernel's release, or "no: " and why the modules cannot be built for it
# usage: build-modules.sh build KDIR ARCH CROSS SOURCE SCRATCH MODULE OUTPUT DEPFILE
#	builds kernel/ of SOURCE out of tree in SCRATCH; OUTPUT is a copy of MODULE
set -eu

no() { echo "no: $*"; exit 0; }

check() {
	kdir=$1 arch=$2
	[ -d "$kdir" ] || no "there is no directory $kdir"
	[ -f "$kdir/include/config/auto.conf" ] ||
		no "$kdir is not the build directory of a kernel (no include/config/auto.conf)"
	[ -f "$kdir/Module.symvers" ] || no "the kernel in $kdir has not been built (no Module.symvers)"
	release=$(cat "$kdir/include/config/kernel.release")
	for option in MODULES DRM_ACCEL OF RPMSG; do
		grep -q "^CONFIG_$option=[ym]" "$kdir/include/config/auto.conf" ||
			no "Linux $release has no CONFIG_$option"
	done
	case $arch in
	arm64) want=ARM64 ;;
	x86) want=X86 ;;
	arm) want=ARM ;;
	riscv) want=RISCV ;;
	*) want='' ;;
	esac
	[ -z "$want" ] || grep -q "^CONFIG_$want=y" "$kdir/include/config/auto.conf" ||
		no "Linux $release is not for $arch"
	older=$(printf '%s\n' 6.12 "$release" | sort -V | head -n1)
	[ "$older" = 6.12 ] || no "Linux $release is older than 6.12"
	echo "$release"
}

build() {
	kdir=$1 arch=$2 cross=$3 source=$4 scratch=$5 module=$6 output=$7 depfile=$8
	mkdir -p "$scratch"
	files=$(cd "$source" && find kernel/Kbuild kernel/compat kernel/qda kernel/qda_sim \
		include/uapi -type f \( -name '*.[ch]' -o -name Kbuild -o -name Makefile \) \
		! -name '*.mod.c' ! -name '.*')
	# objects are made beside the sources, so these are a copy
	for file in $files; do
		if ! cmp -s "$source/$file" "$scratch/$file"; then
			mkdir -p "$scratch/${file%/*}"
			cp "$source/$file" "$scratch/$file"
		fi
	done
	{
		printf '%s:' "$output"
		for file in $files; do
			printf ' %s' "$source/$file"
		done
		echo
	} >"$depfile"
	case $module in
	qda_sim.ko) folder=kernel/qda_sim made=kernel/qda_sim/qda_sim.ko ;;
	*) folder=kernel made=kernel/qda/$module ;;
	esac
	# make's own variables of a meson that a make has started are none of the kernel's
	unset MAKEFLAGS MAKELEVEL CFLAGS LDFLAGS
	make -s -C "$kdir" ARCH="$arch" CROSS_COMPILE="$cross" M="$scratch/$folder" modules
	cp "$scratch/$made" "$output"
}

command=$1
shift
"$command" "$@"
