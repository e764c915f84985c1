#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: install.sh depmod RELEASE | dkms SOURCE DIRECTORY
# What "meson install" does besides copying modules. In a package's root depmod is left
# to the package.
set -eu

case $1 in
depmod)
	[ -z "${DESTDIR:-}" ] || exit 0
	depmod "$2" || echo "depmod $2 failed: run it before modprobe qda"
	;;
dkms)
	source=$2 to=${DESTDIR:-}$3
	mkdir -p "$to"
	(cd "$source" && find kernel/Kbuild kernel/compat kernel/qda include/uapi -type f \
		\( -name '*.[ch]' -o -name Kbuild -o -name Kconfig -o -name Makefile \) \
		! -name '*.mod.c' ! -name '.*') |
	while read -r file; do
		install -D -m 644 "$source/$file" "$to/$file"
	done
	install -m 644 "$source/kernel/dkms.conf" "$to/dkms.conf"
	;;
esac
