#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build this checkout for arm64 and print the directory of the build.
#
# usage: cross.sh [BUILD DIRECTORY [armhf]]
#
# Default: build-vm in the checkout. armhf: the programs of tests that also run with
# pointers of 32 bits, in a directory of their own below BUILD DIRECTORY. Libraries come
# from sysroot.sh.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
build=${1:-$top/build-vm}
arch=${2:-arm64}
link_args='' options=() targets=()
case $arch in
arm64) tuple=aarch64-linux-gnu family=aarch64 cpu=aarch64 ;;
armhf) tuple=arm-linux-gnueabihf family=arm cpu=armv7hf build=$build/armhf ;;
*) echo "cross.sh: $arch: not arm64 or armhf" >&2; exit 2 ;;
esac

sysroot=$("$here/sysroot.sh" "$arch")
if [ "$arch" = armhf ]; then
	# the guest has no such libraries, it sees these
	link_args=$(printf ", '-Wl,%s'" "--dynamic-linker,$sysroot/lib/ld-linux-armhf.so.3" \
		"-rpath,$sysroot/usr/lib/$tuple" "-rpath,$sysroot/lib/$tuple")
	options=(-Dtools=false -Dexamples=false)
fi
log=$build/cross.log
mkdir -p "$build"
exec 9>"$build/lock"
flock 9
cat >"$build/cross.ini.new" <<INI
[binaries]
c = '$tuple-gcc'
ar = '$tuple-ar'
strip = '$tuple-strip'
pkg-config = 'pkg-config'
pkgconfig = 'pkg-config'

[properties]
sys_root = '$sysroot'
pkg_config_libdir = '$sysroot/usr/lib/$tuple/pkgconfig:$sysroot/usr/share/pkgconfig'

[built-in options]
# what a session reads of its shell is copied by emulated processors
debug = false
c_args = ['-isystem', '$sysroot/usr/include', '-isystem', '$sysroot/usr/include/$tuple']
c_link_args = ['-L$sysroot/usr/lib/$tuple', '-Wl,-rpath-link,$sysroot/usr/lib/$tuple', '-Wl,-rpath-link,$sysroot/lib/$tuple'$link_args]

[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$cpu'
endian = 'little'
INI
# meson reads it once: another sysroot wants another build
if ! cmp -s "$build/cross.ini.new" "$build/cross.ini"; then
	rm -rf "$build/build.ninja" "$build/meson-private" "$build/meson-info"
	mv "$build/cross.ini.new" "$build/cross.ini"
fi
if [ ! -f "$build/build.ninja" ]; then
	meson setup "$build" "$top" --cross-file "$build/cross.ini" \
		--prefix /usr --libdir lib -Ddocs=false -Ddkms=false "${options[@]}" >"$log" 2>&1 ||
		{ tail -20 "$log" >&2; exit 1; }
fi
if [ "$arch" = armhf ]; then
	mapfile -t targets < <(ninja -C "$build" -t targets all |
		sed -n 's/^\(tests\/uapi\/uapi-[a-z]*\|tests\/kernel\/core-sweep\): .*/\1/p')
fi
nice -n 19 ninja -C "$build" "${targets[@]}" >"$log" 2>&1 ||
	{ grep -m5 -A5 'error\|FAILED' "$log" >&2; exit 1; }
echo "$build"
