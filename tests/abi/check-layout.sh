#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The frozen layouts hold, for each word size this compiler has.
# usage: check-layout.sh SOURCE_ROOT
set -u
top=$1
bad=0
# 32 bit needs no C library this way: the headers use none
bits=('')
[ "$(uname -m)" != x86_64 ] || bits+=('-m32')
for source in layout-public layout-uapi; do
	for option in "${bits[@]}"; do
		# <asm/types.h> is in the multiarch directory only
		# shellcheck disable=SC2046,SC2086
		if gcc -std=c11 -Wall -Wextra $option -ffreestanding -fsyntax-only \
			-idirafter "/usr/include/$(gcc -print-multiarch)" \
			-I"$top/include" -I"$top/include/uapi" $(pkg-config --cflags libdrm) \
			"$top/tests/abi/$source.c"; then
			echo "$source $option: ok"
		else
			bad=1
		fi
	done
done
exit $bad
