#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build this checkout for arm64 and print the directory of the build.
#
# usage: cross.sh [BUILD DIRECTORY]
#
# Default: build-vm in the checkout. Libraries come from sysroot.sh.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
build=${1:-$top/build-vm}

sysroot=$("$here/sysroot.sh")
log=$build/cross.log
mkdir -p "$build"
cat >"$build/cross.ini.new" <<INI
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkg-config = 'pkg-config'
pkgconfig = 'pkg-config'

[properties]
sys_root = '$sysroot'
pkg_config_libdir = '$sysroot/usr/lib/aarch64-linux-gnu/pkgconfig:$sysroot/usr/share/pkgconfig'

[built-in options]
c_args = ['-isystem', '$sysroot/usr/include', '-isystem', '$sysroot/usr/include/aarch64-linux-gnu']
c_link_args = ['-L$sysroot/usr/lib/aarch64-linux-gnu', '-Wl,-rpath-link,$sysroot/usr/lib/aarch64-linux-gnu', '-Wl,-rpath-link,$sysroot/lib/aarch64-linux-gnu']

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
INI
# meson reads it once: another sysroot wants another build
if ! cmp -s "$build/cross.ini.new" "$build/cross.ini"; then
	rm -rf "$build/build.ninja" "$build/meson-private" "$build/meson-info"
	mv "$build/cross.ini.new" "$build/cross.ini"
fi
if [ ! -f "$build/build.ninja" ]; then
	meson setup "$build" "$top" --cross-file "$build/cross.ini" \
		--prefix /usr --libdir lib -Ddocs=false -Ddkms=false >"$log" 2>&1 ||
		{ tail -20 "$log" >&2; exit 1; }
fi
nice -n 19 ninja -C "$build" >"$log" 2>&1 || { grep -m5 -A5 'error\|FAILED' "$log" >&2; exit 1; }
echo "$build"
