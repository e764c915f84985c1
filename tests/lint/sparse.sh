#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Print the command of a sparse that the kernel in SOURCE accepts: the installed one, or
# Debian unstable's from the cache, with the C library it was built with. (Linux 7.2 wants
# __typeof_unqual__, which the sparse of Debian 12 and 13 does not know; Kbuild then goes
# on without it.)
#
# usage: sparse.sh SOURCE
set -euo pipefail

source=$1
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm
unpacked=$cache/sparse
# shellcheck source=../vm/apt-suite.bash
. "$here/../vm/apt-suite.bash"

say() { printf '%s\n' "$*" >&2; }
# kernels before 7.2 do not ask; those that do take a sparse for good that does not start
accepted() {
	"$@" --version >/dev/null 2>&1 &&
		{ [ ! -f "$source/scripts/checker-valid.sh" ] ||
		  [ "$(sh "$source/scripts/checker-valid.sh" "$@" 2>/dev/null)" = 1 ]; }
}

fetched() {
	local loader libc

	accepted "$unpacked/usr/bin/sparse" && { echo "$unpacked/usr/bin/sparse"; return; }
	loader=$(find "$unpacked" -name 'ld-linux*' -type f 2>/dev/null | head -1)
	libc=$(find "$unpacked" -name libc.so.6 2>/dev/null | head -1)
	[ -n "$loader" ] && [ -n "$libc" ] || return 1
	set -- "$loader" --library-path "${libc%/*}" "$unpacked/usr/bin/sparse"
	accepted "$@" && echo "$*"
}

accepted sparse && { echo sparse; exit; }
exec 9>"$cache/lock"
flock 9
if ! fetched; then
	say 'fetching a newer sparse'
	rm -rf "$unpacked" "$unpacked.new"
	mkdir -p "$unpacked.new"
	use_suite unstable
	(cd "$unpacked.new" && fetch_package sparse && fetch_package libc6)
	for deb in "$unpacked.new"/*.deb; do
		dpkg-deb -x "$deb" "$unpacked.new"
	done
	mv -T "$unpacked.new" "$unpacked"
	fetched || { say "Linux wants a newer sparse than this machine and Debian unstable have"
		     exit 1; }
fi
