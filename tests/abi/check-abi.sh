#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compare the library's binary interface with the one checked in as libqda.abi beside this.
# usage: check-abi.sh SOURCE_ROOT LIBQDA.SO [--update]
set -u
top=$1 library=$2
baseline=$top/tests/abi/libqda.abi

if ! command -v abidiff >/dev/null; then
	echo "skip: needs abigail-tools (abidw, abidiff)"
	exit 77
fi
if [ "$(uname -m)" != x86_64 ]; then
	echo "skip: the checked-in baseline is for x86_64"
	exit 77
fi
if [ "${3:-}" = --update ]; then
	mkdir -p "$top/abi"
	abidw --headers-dir "$top/include/qda" --drop-private-types \
		--no-corpus-path --no-comp-dir-path --no-show-locs \
		--out-file "$baseline" "$library" || exit 1
	# where it was built is nobody's business
	exec sed -i "s#path='[^']*/lib/#path='lib/#" "$baseline"
fi
if [ ! -s "$baseline" ]; then
	echo "no baseline: make one with $0 $top $library --update"
	exit 1
fi
code=0
abidiff --headers-dir2 "$top/include/qda" --drop-private-types --no-show-locs \
	"$baseline" "$library" || code=$?
# bits: 1 error, 2 usage, 4 changed, 8 incompatibly
if [ $((code & 3)) -ne 0 ]; then
	echo "abidiff itself failed ($code)"
elif [ $((code & 8)) -ne 0 ]; then
	echo "the binary interface changed incompatibly: undo that, or raise the soname"
elif [ "$code" -ne 0 ]; then
	echo "the binary interface grew: check it, then run $0 with --update and commit"
else
	echo "the binary interface is the recorded one"
fi
exit "$code"
