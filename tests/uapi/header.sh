#!/bin/sh
# SPDX-License-Identifier: MIT
# The uapi header compiles by itself as every C a client may be written in, 64 and
# 32 bit, and its structs are the same in both.
# usage: header.sh SOURCE-ROOT TEST-ABI.C
set -eu

root=$1
abi=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cc=${CC:-cc}
cxx=${CXX:-c++}
# not our header's pedantry but libdrm's would speak up
drm=$(pkg-config --cflags-only-I libdrm | sed 's/-I/-isystem /g')
flags="-I$root/include/uapi $drm"
# -Wpadded: no implicit padding anywhere in our structs
strict="-fsyntax-only -Wall -Wextra -Werror -pedantic-errors"

echo '#include <drm/qda_accel.h>' >"$dir/h.c"
cp "$dir/h.c" "$dir/h.cpp"
cat >>"$dir/h.c" <<'END'
int use(void);
int use(void)
{
	struct drm_qda_remote_invoke invoke = { 0 };

	return (int)(DRM_IOCTL_QDA_REMOTE_INVOKE + invoke.ticket +
		     DRM_QDA_SCALARS_NUM_ARGS(DRM_QDA_SCALARS(1, 2, 3, 4, 5)));
}
END

for bits in 64 32; do
	if ! echo 'int main(void) { return 0; }' |
	   $cc -m$bits -x c - -o "$dir/probe" 2>/dev/null; then
		echo "skipped: this compiler makes no $bits bit programs" >&2
		continue
	fi
	for std in c99 c11; do
		# shellcheck disable=SC2086
		$cc -m$bits -std=$std $strict $flags "$dir/h.c"
		echo "ok: $std, $bits bit"
	done
	if command -v "$cxx" >/dev/null; then
		for std in c++11 c++17; do
			# shellcheck disable=SC2086
			$cxx -m$bits -std=$std $strict $flags "$dir/h.cpp"
			echo "ok: $std, $bits bit"
		done
	else
		echo "skipped: no C++ compiler" >&2
	fi
	# shellcheck disable=SC2086
	$cc -m$bits -std=gnu11 -Wpadded -fsyntax-only $flags "$dir/h.c" 2>"$dir/padded"
	if grep -q qda_accel.h "$dir/padded"; then
		cat "$dir/padded" >&2
		exit 1
	fi
	# offsets: only the compiler is needed, not a 32 bit cmocka
	# shellcheck disable=SC2086
	sed -n 's/^\tSIZE(\([a-z_]*\), \([0-9]*\)),$/_Static_assert(sizeof(struct \1) == \2 \&\& \2 % 8 == 0, "\1");/p
		s/^\tFIELD(\([a-z_]*\), \([a-z_]*\), \([0-9]*\), [0-9]*),$/_Static_assert(__builtin_offsetof(struct \1, \2) == \3, "\1.\2");/p' \
		"$abi" >"$dir/asserts"
	test "$(wc -l <"$dir/asserts")" -gt 60
	cat "$dir/h.c" "$dir/asserts" >"$dir/abi.c"
	# shellcheck disable=SC2086
	$cc -m$bits -std=gnu11 -fsyntax-only $flags "$dir/abi.c"
	echo "ok: offsets, $bits bit"
done
