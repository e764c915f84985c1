#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The frozen layouts of the public structs hold, for each word size this compiler has.
# usage: check-layout.sh SOURCE_ROOT
set -u
top=$1
bad=0
# 32 bit needs no C library this way: the headers use none
bits=('')
[ "$(uname -m)" != x86_64 ] || bits+=('-m32')
for option in "${bits[@]}"; do
	# shellcheck disable=SC2086
	if gcc -std=c11 -Wall -Wextra $option -ffreestanding -fsyntax-only \
		-I"$top/include" "$top/tests/abi/layout-public.c"; then
		echo "layout-public $option: ok"
	else
		bad=1
	fi
done
exit $bad
