#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the README promises of the kernel modules: meson builds them with the rest for the
# kernel of -Dkdir, says what it built or why not, and installs them where depmod finds
# them; what it installs for DKMS builds with DKMS. The kernel is the guest's plain one,
# where it has been built; the machine's own may have none of the options.
#
# usage: check-modules.sh
# shellcheck disable=SC2317 # functions are called by check
set -uo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0 n=0
PATH=$PATH:/usr/sbin:/sbin

check() { # NAME COMMAND...
	local name=$1
	shift
	n=$((n + 1))
	"$@" >"$scratch/said" 2>&1 && return
	echo "modules: $name: failed"
	tail -n 20 "$scratch/said" | sed 's/^/  /'
	bad=$((bad + 1))
}

kernel=$(find "$cache" -maxdepth 2 -path '*/kernel-*-plain-*/done' -printf '%T@ %h\n' 2>/dev/null |
	sort -n | tail -1)
kernel=${kernel#* }
if [ -z "$kernel" ]; then
	echo 'modules: not built, there is no plain kernel in the cache (./run vm builds it)'
	exit 0
fi
for tool in dkms depmod meson aarch64-linux-gnu-gcc; do
	command -v $tool >/dev/null || { echo "modules: $tool is missing"; exit 1; }
done
release=$(cat "$kernel/include/config/kernel.release")
# the libraries to build the rest with are those of the guest's programs
cross=$("$top/tests/vm/cross.sh" "${QDA_VM_BUILD:-$top/build-vm}")/cross.ini ||
	{ echo 'modules: nothing can be built for arm64'; exit 1; }
build=$scratch/build dest=$scratch/root
modules=$dest/lib/modules/$release

# --- meson -------------------------------------------------------------------

setup() { # OPTION...
	nice -n 19 meson setup "$build" "$top" "$@"
}

first_setup() {
	setup --cross-file "$cross" --prefix /usr --libdir lib -Dkdir="$kernel" -Dtools=false \
		-Dsoft=false -Dtests=false -Dexamples=false -Ddocs=false &&
		grep -qx " *kernel modules *: qda qda_sim, for Linux $release" "$scratch/said"
}

compile() {
	nice -n 19 meson compile -C "$build" && [ -e "$build/kernel/qda.ko" ] &&
		[ -e "$build/lib/libqda.so" ] && [ "$(ninja -C "$build" | tail -1)" = 'ninja: no work to do.' ]
}

install_it() { DESTDIR=$dest meson install -C "$build" --no-rebuild --quiet; }

# beside the kernel's own, with every symbol found
depmod_finds() {
	local module

	cp -a "$kernel/modroot/lib/modules/." "$dest/lib/modules/"
	depmod -b "$dest" -e -F "$kernel/System.map" "$release" || return
	# it only warns; grep without -q would not read what it writes to
	! grep -q 'needs unknown symbol' "$scratch/said" || return
	for module in qda qda_sim; do
		grep -q "^updates/$module.ko:" "$modules/modules.dep" || return
		modprobe -d "$dest" -S "$release" --show-depends "$module" || return
		[[ $(modinfo -F vermagic "$modules/updates/$module.ko") = "$release "* ]] || return
	done
}

# the driver is loaded when a DSP's channel comes up
alias_known() { grep -qxF 'alias of:N*T*Cqcom,fastrpc qda' "$modules/modules.alias"; }

# refused WORDS DIRECTORY: -Dkdir=DIRECTORY ends the configuration with these words
refused() {
	! setup --reconfigure "-Dkdir=$2" && grep -q "ERROR: .*-Dkdir: $1\$" "$scratch/said"
}

# not_for WORDS DIRECTORY: the same without meson
not_for() {
	[ "$("$top/kernel/build-modules.sh" check "$2" arm64 | tee "$scratch/said")" = "no: $1" ]
}

# summary WORDS OPTION...
summary() {
	local words=$1
	shift
	setup --reconfigure "$@" && grep -qF ": $words" "$scratch/said"
}

# fake RELEASE OPTION...: what is looked at of a kernel's build directory
fake() {
	local dir=$scratch/fake-${*// /-}

	mkdir -p "$dir/include/config"
	touch "$dir/Module.symvers"
	echo "$1" >"$dir/include/config/kernel.release"
	shift
	printf 'CONFIG_%s=y\n' "$@" >"$dir/include/config/auto.conf"
	echo "$dir"
}

# below a prefix of one's own nothing goes anywhere else
own_prefix() {
	setup --reconfigure -Dprefix=/opt/qda "-Dkdir=$kernel" || return
	meson introspect --installed "$build" >"$scratch/installed"
	grep -q "\"/opt/qda/lib/modules/$release/updates/qda.ko\"" "$scratch/installed" &&
		! grep -o '": "[^"]*"' "$scratch/installed" | grep -v '": "/opt/qda/'
}

# the newest release, too, has to do without the driver in its tree
newest_builds() {
	local newest

	newest=$(find "$cache" -maxdepth 2 -path '*/kernel-*-debug-*/done' -printf '%h\n' |
		sort -V | tail -1)
	[ -n "$newest" ] || return 0
	mkdir "$scratch/newest"
	nice -n 19 "$top/kernel/build-modules.sh" build "$newest" arm64 aarch64-linux-gnu- "$top" \
		"$scratch/newest" qda.ko "$scratch/newest/qda.ko" "$scratch/newest/qda.d" || return
	! grep -qi 'warning:' "$scratch/said" || return
	[[ $(modinfo -F vermagic "$scratch/newest/qda.ko") = \
		"$(cat "$newest/include/config/kernel.release") "* ]]
}

# --- DKMS ----------------------------------------------------------------------

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$top/kernel/dkms.conf")

# with trees of its own, as for a kernel that this machine does not run
dkms_build() { # RELEASE
	ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- PATH=$scratch/bin:$PATH \
		nice -n 19 dkms build --dkmstree "$scratch/dkms" --sourcetree "$dest/usr/src" \
		--kernelsourcedir "$kernel" -k "$1" -a arm64 -m libqda-qda -v "$version"
}

dkms_builds() {
	local at=$scratch/dkms/libqda-qda/$version/$release/arm64

	# the README's command
	grep -qF "\`dkms install libqda-qda/$version\`" "$top/README.md" || return
	dkms_build "$release" ||
		{ cat "$scratch/dkms/libqda-qda/$version/build/make.log"; return 1; }
	! grep -qi 'deprecated\|bad exit status\|warning:' "$scratch/said" "$at/log/make.log" || return
	[[ $(modinfo -F vermagic "$at"/module/qda.ko*) = "$release "* ]]
}

dkms_installs() {
	# not where meson has installed the same module
	mkdir -p "$scratch/dkms-root/$release"
	ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- PATH=$scratch/bin:$PATH \
		dkms install --dkmstree "$scratch/dkms" --sourcetree "$dest/usr/src" \
		--installtree "$scratch/dkms-root" --kernelsourcedir "$kernel" --no-depmod \
		-k "$release" -a arm64 -m libqda-qda -v "$version" || return
	[ -n "$(find "$scratch/dkms-root/$release/updates/dkms" -name 'qda.ko*')" ]
}

dkms_refuses() { # RELEASE
	! dkms_build "$1" && grep -q BUILD_EXCLUSIVE "$scratch/said"
}

began=$SECONDS

check 'meson setup -Dkdir' first_setup
check 'meson compile' compile
check 'meson install' install_it
check 'depmod' depmod_finds
check 'the alias of the driver' alias_known
check 'a prefix of its own' own_prefix
check 'the newest kernel' newest_builds
check 'no directory' refused "there is no directory $scratch/none" "$scratch/none"
check 'not a build directory' not_for \
	"$top is not the build directory of a kernel (no include/config/auto.conf)" "$top"
check 'not for arm64' not_for 'Linux 6.12.1 is not for arm64' \
	"$(fake 6.12.1 MODULES DRM_ACCEL OF RPMSG X86)"
check 'too old' not_for 'Linux 6.11.9 is older than 6.12' \
	"$(fake 6.11.9 MODULES DRM_ACCEL OF RPMSG ARM64)"
check 'without an option' not_for 'Linux 6.12.1 has no CONFIG_RPMSG' \
	"$(fake 6.12.1 MODULES DRM_ACCEL OF ARM64)"
headers=$(fake 6.12.1 MODULES DRM_ACCEL OF RPMSG ARM64 HEADERS)
check 'headers only' summary 'qda, for Linux 6.12.1 (not qda_sim: ' "-Dkdir=$headers"
check 'without -Dkdir' summary 'no: cross-built, and no -Dkdir' -Dkdir=
# it calls strip by that name
mkdir -p "$scratch/bin" "$scratch/dkms"
ln -s "$(command -v aarch64-linux-gnu-strip)" "$scratch/bin/strip"
check 'dkms build' dkms_builds
check 'dkms install' dkms_installs
check 'DKMS with an older kernel' dkms_refuses 6.11.9-qda
echo "modules: $n looked at, $bad problems ($((SECONDS - began)) s)"
[ "$bad" -eq 0 ]
