#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Groups of tests/uapi as 32 bit processes (armhf) in the arm64 guest.
#
# usage: compat32.sh DIR [OPTION OF run.sh]... [-- GROUP...]
#
# The programs are built as uapi.sh builds its own, and run through it; results per case
# are in DIR/uapi.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
out=$1
shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	options+=("$1")
	shift
done
[ $# -eq 0 ] || shift
groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(core invoke)
gcc=arm-linux-gnueabihf-gcc
command -v $gcc >/dev/null || { echo "compat32: $gcc is missing (package gcc-arm-linux-gnueabihf)"; exit 1; }

sysroot=$("$here/sysroot.sh" armhf)
lib=$sysroot/usr/lib/arm-linux-gnueabihf
mkdir -p "$out/bin32" "$out/lib32"
cp -L "$sysroot"/lib/arm-linux-gnueabihf/{libc.so.6,ld-linux-armhf.so.3,libgcc_s.so.1,libm.so.6} \
	"$out/lib32/"
cp -L "$lib/libcmocka.so.0" "$out/lib32/"
sources=("$top"/tests/uapi/{common,calls,job}.c "$top/lib/sys-kernel.c")
for name in child dmabuf leak server steer time; do
	sources+=("$top/tests/support/$name.c")
done
for group in "${groups[@]}"; do
	nice -n 19 $gcc -std=gnu11 -O1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
		-isystem "$sysroot/usr/include" -isystem "$sysroot/usr/include/libdrm" \
		-I"$top/include/uapi" -I"$top/lib" -I"$top/tests/support" \
		-o "$out/bin32/uapi-$group" "$top/tests/uapi/test-$group.c" "${sources[@]}" \
		-L"$lib" -l:libcmocka.so.0 -lpthread -ldl \
		-Wl,-rpath,/share/lib32 -Wl,--dynamic-linker,/share/lib32/ld-linux-armhf.so.3
done
QDA_UAPI_BIN=$out/bin32 "$here/uapi.sh" "$out" "${options[@]}" -- "${groups[@]}"
