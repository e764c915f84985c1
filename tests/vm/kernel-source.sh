#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Print "VERSION DIRECTORY" of an unpacked, unchanged kernel source of Debian.
#
# usage: kernel-source.sh SERIES        SERIES: 6.12, or "newest"
#
# Sources are Debian's linux-source-SERIES packages, installed or fetched from the
# machine's own package sources, and are kept in $XDG_CACHE_HOME/qda-vm. "newest" is
# asked for once and remembered there; QDA_VM_NEWEST=SERIES decides it instead.
set -euo pipefail

series=${1:-6.12}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm
download=$cache/download

say() { printf '%s\n' "$*" >&2; }
die() { say "kernel-source: $*"; exit 1; }

# shellcheck source=apt-suite.bash
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/apt-suite.bash"

newest() {
	local suite found

	if [ -n "${QDA_VM_NEWEST:-}" ]; then
		echo "$QDA_VM_NEWEST"
		return
	fi
	if [ ! -s "$cache/newest" ]; then
		say 'looking for the newest kernel that Debian carries'
		found=$(for suite in "" unstable; do
				use_suite "$suite" || continue
				apt-cache "${suite_options[@]}" search --names-only \
					'^linux-source-[0-9]+\.[0-9]+$'
			done | sed -n 's/^linux-source-\([0-9.]*\) .*/\1/p' | sort -V | tail -1)
		[ -n "$found" ] || die 'no package source has any linux-source-N.M'
		echo "$found" >"$cache/newest.new"
		mv "$cache/newest.new" "$cache/newest"
	fi
	cat "$cache/newest"
}

# prints "VERSION TARBALL"
find_tarball() {
	local package=$1 deb version suite name

	if [ -f "/usr/src/$package.tar.xz" ]; then
		version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) || version=
		if [ -n "$version" ]; then
			echo "$version /usr/src/$package.tar.xz"
			return
		fi
	fi
	fetched() { find "$download" -maxdepth 1 -name "${package}_*.deb" | sort -V | tail -1; }
	mkdir -p "$download"
	deb=$(fetched)
	if [ -z "$deb" ]; then
		say "fetching $package"
		for suite in "" $(suites); do
			use_suite "$suite" || continue
			(cd "$download" && fetch_package "$package") && break
		done
		deb=$(fetched)
		[ -n "$deb" ] || die "no package source has $package"
	fi
	version=$(dpkg-deb -f "$deb" Version)
	name=usr/src/$package.tar.xz
	if [ ! -f "$download/$name" ]; then
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$download" "./$name"
	fi
	echo "$version $download/$name"
}

for tool in xz dpkg-deb apt-get; do
	command -v $tool >/dev/null || die "$tool is missing"
done
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ "$series" != newest ] || series=$(newest)
# unpacked once is enough, whatever became of the package
known=$cache/source-of-$series
if [ ! -s "$known" ] || [ ! -f "$cache/source-$(cat "$known")/Makefile" ]; then
	tarball=$(find_tarball "linux-source-$series")
	version=${tarball%% *}
	tarball=${tarball#* }
	source=$cache/source-$version
	if [ ! -f "$source/Makefile" ]; then
		say "unpacking linux-source-$series $version"
		rm -rf "$source.new"
		mkdir -p "$source.new"
		tar -xf "$tarball" -C "$source.new" --strip-components=1
		mv -T "$source.new" "$source"
	fi
	echo "$version" >"$known"
fi
echo "$(cat "$known") $cache/source-$(cat "$known")"
