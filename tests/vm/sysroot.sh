#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetch the arm64 packages the guest is made of, and print the directory they are
# unpacked in. Nothing of it is installed on this machine.
#
# usage: sysroot.sh [armhf]	armhf: what the 32 bit programs need instead
set -euo pipefail

packages=(busybox-static libc6 libgcc-s1 libdrm-dev libudev-dev libpng-dev zlib1g-dev
	  libcmocka-dev bash coreutils python3)
arch=${1:-arm64}
[ "$arch" != armhf ] || packages=(libc6 libgcc-s1 libdrm-dev libudev-dev libcmocka-dev)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm

say() { printf '%s\n' "$*" >&2; }

# shellcheck source=/dev/null
. /etc/os-release
hash=$(printf '%s\n' 2 "$VERSION_CODENAME" "${packages[@]}" | sha256sum | cut -c1-12)
out=$cache/sysroot-$arch-$hash
if [ ! -f "$out/done" ]; then
	apt=$cache/apt-$arch
	log=$cache/sysroot.log
	mkdir -p "$cache"
	exec 9>"$cache/lock-sysroot"
	flock 9
	options=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
		 -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status"
		 -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root
		 -o APT::Install-Recommends=false -o Debug::NoLocking=1)
	# A mirror may have a list that does not match its signed index, of a rarely asked for
	# architecture above all: update then fails, and what the other lists have will do.
	fetch() {
		mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$out"
		: >"$apt/status"
		apt-get "${options[@]}" update >"$log" 2>&1 || true
		apt-get "${options[@]}" -y -d install "${packages[@]}" >>"$log" 2>&1
	}
	say "fetching $arch packages"
	if ! fetch; then
		# lists of another time name packages that are gone
		rm -rf "$apt"
		fetch || { tail -5 "$log" >&2; exit 1; }
	fi
	for deb in "$apt"/cache/archives/*.deb; do
		# the cross compiler brings its own
		case ${deb##*/} in libc6-dev_*|linux-libc-dev_*) continue ;; esac
		dpkg-deb -x "$deb" "$out"
	done
	# absolute links would lead to this machine's files
	find "$out" -type l -lname '/*' | while read -r link; do
		ln -sfn "$(realpath -m --relative-to "$(dirname "$link")" \
			"$out$(readlink "$link")")" "$link"
	done
	touch "$out/done"
fi
echo "$out"
