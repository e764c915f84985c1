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
apt=$cache/apt-source
options=()

say() { printf '%s\n' "$*" >&2; }
die() { say "kernel-source: $*"; exit 1; }

# The machine's own list, with another suite: the package is not in every one.
use_suite() {
	local suite=$1 root=$apt/$1

	options=()
	[ -n "$suite" ] || return 0
	mkdir -p "$root"/{lists,cache/archives}/partial "$root/parts"
	# of each Debian stanza the address and the key, once
	awk -v suite="$suite" 'BEGIN { RS = ""; FS = "\n" }
		/\nURIs:/ || /^URIs:/ {
			uri = key = ""
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^URIs:/) uri = $i
				if ($i ~ /^Signed-By:/) key = $i
			}
			if (uri !~ /\/debian\/?$/ || seen[uri]++) next
			print "Types: deb\n" uri "\nSuites: " suite "\nComponents: main"
			print key "\n"
		}' /etc/apt/sources.list.d/*.sources >"$root/parts/machine.sources" \
		2>/dev/null || true
	awk -v suite="$suite" '$1 == "deb" && /\/debian\/? / {
			for (i = 2; i <= NF; i++)
				if ($i ~ /:\/\//) break
			if (seen[$i]++) next
			line = "deb"
			for (j = 2; j <= i; j++) line = line " " $j
			print line " " suite " main"
		}' /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		>"$root/parts/machine.list" 2>/dev/null || true
	options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$root/parts"
		 -o "Dir::State::lists=$root/lists" -o "Dir::Cache=$root/cache"
		 -o APT::Sandbox::User=root)
	apt-get "${options[@]}" update >&2
}

# shellcheck source=/dev/null
suites() { . /etc/os-release; echo "${VERSION_CODENAME:-}-backports trixie unstable"; }

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
				apt-cache "${options[@]}" search --names-only \
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
			apt-cache "${options[@]}" show "$package" >/dev/null 2>&1 || continue
			(cd "$download" && apt-get "${options[@]}" download "$package" >&2) && break
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
