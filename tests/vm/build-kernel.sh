#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the guest's kernel and print the directory it is in.
#
# usage: build-kernel.sh [plain|debug]
#
# The source is Debian's linux-source-6.12 package. Result and source are kept in
# $XDG_CACHE_HOME/qda-vm, by version and configuration, and found there again.
# The directory printed can be given to a module build as its kernel directory
# (ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-); the kernel is Image in it.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
variant=${1:-plain}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm
package=linux-source-6.12
jobs=${QDA_VM_JOBS:-$(nproc 2>/dev/null || echo 2)}

say() { printf '%s\n' "$*" >&2; }
die() { say "build-kernel: $*"; exit 1; }

case $variant in
plain) fragments=("$here/config/base.config") ;;
debug) fragments=("$here/config/base.config" "$here/config/debug.config") ;;
*) die "$variant: not one of plain debug" ;;
esac

# --- source ----------------------------------------------------------------------

# The machine's own list, with another suite: the package is not in every one.
apt_download() {
	local root=$1 suite src name

	# shellcheck source=/dev/null
	. /etc/os-release
	for suite in "" "$VERSION_CODENAME-backports" trixie; do
		name=machine
		mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/$name"
		: >"$root/$name.sources"
		: >"$root/$name.list"
		if [ -n "$suite" ]; then
			# of each Debian stanza the address and the key, once
			awk -v suite="$suite" 'BEGIN { RS = ""; FS = "\n" }
				/\nURIs:/ || /^URIs:/ {
					uri = key = ""
					for (i = 1; i <= NF; i++) {
						if ($i ~ /^URIs:/) uri = $i
						if ($i ~ /^Signed-By:/) key = $i
					}
					if (uri !~ /\/debian\/?$/ || seen[uri]++) next
					print "Types: deb\n" uri "\nSuites: " suite \
						"\nComponents: main\n" key "\n"
				}' /etc/apt/sources.list.d/*.sources \
				>"$root/$name.sources" 2>/dev/null || true
			awk -v suite="$suite" '$1 == "deb" && /\/debian\/? / {
					for (i = 2; i <= NF; i++)
						if ($i ~ /:\/\//) break
					if (seen[$i]++) next
					line = "deb"
					for (j = 2; j <= i; j++) line = line " " $j
					print line " " suite " main"
				}' /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
				>"$root/$name.list" 2>/dev/null || true
			mkdir -p "$root/parts"
			cp "$root/$name.sources" "$root/$name.list" "$root/parts/"
			src=(-o Dir::Etc::sourcelist=/dev/null
			     -o "Dir::Etc::sourceparts=$root/parts"
			     -o "Dir::State::lists=$root/lists"
			     -o "Dir::Cache=$root/cache" -o APT::Sandbox::User=root)
			apt-get "${src[@]}" update >&2 || continue
		else
			src=()
		fi
		apt-cache "${src[@]}" show "$package" >/dev/null 2>&1 || continue
		(cd "$root" && apt-get "${src[@]}" download "$package" >&2) || continue
		return 0
	done
	return 1
}

# prints "VERSION TARBALL"
find_tarball() {
	local deb root=$cache/download version

	if [ -f /usr/src/$package.tar.xz ]; then
		version=$(dpkg-query -W -f '${Version}' $package 2>/dev/null) || version=
		if [ -n "$version" ]; then
			echo "$version /usr/src/$package.tar.xz"
			return
		fi
	fi
	deb=$(find "$root" -maxdepth 1 -name "${package}_*.deb" 2>/dev/null | sort -V | tail -1)
	if [ -z "$deb" ]; then
		say "fetching $package"
		mkdir -p "$root"
		apt_download "$root" || die "no apt source has $package"
		deb=$(find "$root" -maxdepth 1 -name "${package}_*.deb" | sort -V | tail -1)
	fi
	version=$(dpkg-deb -f "$deb" Version)
	if [ ! -f "$root/usr/src/$package.tar.xz" ]; then
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$root" "./usr/src/$package.tar.xz"
	fi
	echo "$version $root/usr/src/$package.tar.xz"
}

for tool in aarch64-linux-gnu-gcc make flex bison bc xz; do
	command -v $tool >/dev/null || die "$tool is missing"
done
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
tarball=$(find_tarball)
version=${tarball%% *}
tarball=${tarball#* }
source=$cache/source-$version
if [ ! -f "$source/Makefile" ]; then
	say "unpacking $package $version"
	rm -rf "$source.new"
	mkdir -p "$source.new"
	tar -xf "$tarball" -C "$source.new" --strip-components=1
	mv -T "$source.new" "$source"
fi

exec 9>&-

# --- build -------------------------------------------------------------------------

hash=$( (aarch64-linux-gnu-gcc -dumpfullversion; cat "${fragments[@]}") | sha256sum | cut -c1-12)
out=$cache/kernel-$version-$variant-$hash
exec 9>"$cache/lock-$variant"
flock 9
if [ ! -f "$out/done" ]; then
	make=(nice -n 19 make -C "$source" O="$out" ARCH=arm64
	      CROSS_COMPILE=aarch64-linux-gnu- -j "$jobs" -s
	      KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=qda KBUILD_BUILD_HOST=vm)
	mkdir -p "$out"
	cat "${fragments[@]}" | grep -v '^# SPDX\|^# Over' |
		tac | awk '{ k = $0; sub(/^# /, "", k); sub(/[= ].*/, "", k) } !seen[k]++' |
		tac >"$out/wanted.config"
	say "configuring $variant kernel $version"
	"${make[@]}" KCONFIG_ALLCONFIG="$out/wanted.config" allnoconfig >"$out/build.log" 2>&1 ||
		{ tail -20 "$out/build.log" >&2; die "allnoconfig failed"; }
	# a line that had no effect is an error, not a surprise later
	missing=$(grep -vxFf "$out/.config" "$out/wanted.config" | grep -v ' is not set$' || true)
	[ -z "$missing" ] || die "the configuration lost: $missing"
	say "building it ($jobs jobs); $out/build.log"
	"${make[@]}" Image modules >>"$out/build.log" 2>&1 ||
		{ tail -20 "$out/build.log" >&2; die "the build failed"; }
	"${make[@]}" INSTALL_MOD_PATH="$out/modroot" INSTALL_MOD_STRIP=1 modules_install \
		>>"$out/build.log" 2>&1 || die "modules_install failed"
	cp "$out/arch/arm64/boot/Image" "$out/Image"
	touch "$out/done"
fi
echo "$out"
