#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: mkinitramfs.sh OUTPUT KERNEL MODULES [BUILD]
# busybox, the arm64 libraries, the kernel's modules, ours, and BUILD as installed.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
out=$1 kernel=$2 modules=$3 build=${4:-}

sysroot=$("$here/sysroot.sh")
root=$(mktemp -d)
trap 'rm -r "$root"' EXIT
# the guest's users go through it
chmod 755 "$root"

mkdir -p "$root"/{bin,sbin,proc,sys,dev,tmp,run,etc,root,share,usr/bin,usr/lib}
ln -s usr/lib "$root/lib"
cp "$sysroot/bin/busybox" "$root/bin/busybox"
for applet in sh mount; do
	ln -s busybox "$root/bin/$applet"
done
cp -a "$sysroot"/lib/* "$root/usr/lib/"
# what programs run with, not what they are linked with
find "$sysroot/usr/lib/aarch64-linux-gnu" -maxdepth 1 \
	\( -name 'libdrm.so.*' -o -name 'libudev.so.*' -o -name 'libpng16.so.*' \
	   -o -name 'libcmocka.so.*' -o -name 'libz.so.*' \) \
	-exec cp -a {} "$root/usr/lib/aarch64-linux-gnu/" \;
cp -a "$kernel"/modroot/lib/modules "$root/usr/lib/"
release=$(cat "$kernel/include/config/kernel.release")
extra=$root/usr/lib/modules/$release/updates
mkdir -p "$extra"
# not while another guest's build makes them, or temporary directories beside them
flock -s "$modules.lock" find "$modules" -name '*.ko' -exec cp {} "$extra/" \;
aarch64-linux-gnu-strip --strip-debug "$extra"/*.ko
rm -f "$root/usr/lib/modules/$release/build"
depmod -b "$root" "$release"
if [ -n "$build" ]; then
	DESTDIR=$root meson install -C "$build" --no-rebuild --quiet >/dev/null
	# where a distribution has what its DSPs load
	ln -s qda/softdsp "$root/usr/lib/dsp"
	install -m755 "$build/tests/support/name-nodes" "$root/usr/bin/"
fi
install -m755 "$here/init" "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >"$out.new"
mv "$out.new" "$out"
