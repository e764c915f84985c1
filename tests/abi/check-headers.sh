#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each public header, and the uapi header, compiles alone, in every language and
# word size a client may use. usage: check-headers.sh SOURCE_ROOT
set -u
top=$1
bad=0 n=0
drm=$(pkg-config --cflags libdrm)
# <asm/types.h>, which the 32 bit search path has only with multilib packages
multiarch=/usr/include/$(gcc -print-multiarch)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

try() { # COMPILER LANGUAGE STANDARD BITS HEADER
	local file=$scratch/t.c extra=()

	[ "$2" = c ] || file=$scratch/t.cc
	# 32 bit needs no C library this way: the headers use none
	[ "$4" = 64 ] || extra=(-m32 -ffreestanding -idirafter "$multiarch")
	printf '#include <%s>\n#include <%s>\nint unused;\n' "$5" "$5" >"$file"
	n=$((n + 1))
	# shellcheck disable=SC2086
	"$1" -x "$2" "-std=$3" "${extra[@]}" -pedantic-errors -Wall -Wextra -Wundef \
		-Werror -fsyntax-only -I"$top/include" -I"$top/include/uapi" \
		${drm//-I/-isystem } "$file" && return
	echo "$5: $1 -std=$3, $4 bit: does not compile alone"
	bad=$((bad + 1))
}

if ! command -v g++ >/dev/null; then
	echo "skip: needs g++"
	exit 77
fi
for header in "$top"/include/qda/*.h uapi; do
	case $header in
	uapi) name=drm/qda_accel.h ;;
	*) name=qda/${header##*/} ;;
	esac
	for bits in 64 32; do
		if [ $bits = 32 ] && [ "$(uname -m)" != x86_64 ]; then
			continue
		fi
		for std in c99 c11; do
			try gcc c $std $bits "$name"
		done
		try g++ c++ c++11 $bits "$name"
		if command -v clang >/dev/null; then
			try clang c c99 $bits "$name"
			try clang c++ c++11 $bits "$name"
		fi
	done
done
echo "$n compilations, $bad failed"
[ "$bad" -eq 0 ]
