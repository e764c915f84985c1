#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: driver-tree.sh [SERIES]
# Print "VERSION DIRECTORY" of a kernel source with kernel/patches applied and this
# checkout's driver in drivers/accel/qda, exactly as it is. One directory per set of
# patches; the driver in it is brought up to date each time, and only files that
# differ are touched. Whoever builds in it holds DIRECTORY.lock.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
command -v rsync >/dev/null || { echo 'driver-tree: rsync is missing' >&2; exit 1; }

read -r version pristine < <("$here/kernel-source.sh" "${1:-newest}")
patches=("$top"/kernel/patches/*.patch)
# what they change; their words may get better
hash=$(sed -sn '/^--- /,$p' "${patches[@]}" | sha256sum | cut -c1-8)
tree=$pristine-qda-$hash
if [ ! -f "$tree/Makefile" ]; then
	rm -rf "$tree.new"
	# links: patch replaces files, it does not write into them
	cp -al "$pristine" "$tree.new"
	for patch in "${patches[@]}"; do
		if ! said=$(patch -d "$tree.new" -p1 -F0 -N -s <"$patch" 2>&1); then
			echo "driver-tree: ${patch##*/} does not apply to $version: $said" >&2
			exit 1
		fi
	done
	mv -T "$tree.new" "$tree"
fi
sync=(rsync -rc --delete --exclude='.*' --exclude='*.mod.c' --include='*.[ch]'
      --include=Kconfig --include=Makefile --exclude='*')
"${sync[@]}" "$top/kernel/qda/" "$tree/drivers/accel/qda/"
rsync -c "$top/include/uapi/drm/qda_accel.h" "$tree/include/uapi/drm/"
echo "$version $tree"
