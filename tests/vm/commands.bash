# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The commands of ./run that have to do with the guest; sourced by it.
# shellcheck disable=SC2154 # its variables

pkgs_vm='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm
	device-tree-compiler make flex bison bc cpio kmod rsync xz-utils patch libssl-dev
	libelf-dev python3'
# programs of 32 bits, which only the tests want
pkgs_compat='gcc-arm-linux-gnueabihf libc6-dev-armhf-cross'
# ./run test alone asks of the debug kernel what is about bad input, faults and races;
# ./run test vm-debug asks everything. kmemleak looks on at the machine of one processor
# only, as it makes a third more work
vm_matrix=(uapi 'kernel:fuzz*' kernel:faults kernel:replies kernel:sessions kernel:simloss
	kernel:unload 'kernel:export*' kernel:corecalls)
vm_builder=''
declare -A vm_beside=()
vm_build=${QDA_VM_BUILD:-$top/build-vm}

vm_have() {
	case $1 in
	gcc-aarch64-linux-gnu) command -v aarch64-linux-gnu-gcc ;;
	libc6-dev-arm64-cross) [ -e /usr/aarch64-linux-gnu/include/stdio.h ] ;;
	gcc-arm-linux-gnueabihf) command -v arm-linux-gnueabihf-gcc ;;
	libc6-dev-armhf-cross) [ -e /usr/arm-linux-gnueabihf/include/stdio.h ] ;;
	qemu-system-arm) command -v qemu-system-aarch64 ;;
	device-tree-compiler) command -v dtc && command -v fdtget ;;
	make | flex | bison | bc | cpio | rsync | patch | sparse | perl) command -v "$1" ;;
	kmod) command -v depmod || [ -x /sbin/depmod ] ;;
	xz-utils) command -v xz ;;
	coccinelle) command -v spatch ;;
	dkms) command -v dkms || [ -x /usr/sbin/dkms ] ;;
	libssl-dev) printf '#include <openssl/evp.h>\n' | gcc -fsyntax-only -xc - ;;
	libelf-dev) printf '#include <gelf.h>\n' | gcc -fsyntax-only -xc - ;;
	*) false ;;
	esac
}

# what is missing for a guest on this machine, in words; nothing: it can be built
vm_missing() {
	local p missing=()

	# shellcheck disable=SC2086
	for p in $pkgs_build $pkgs_vm libcmocka-dev; do
		have_package "$p" || missing+=("$p")
	done
	if [ "${#missing[@]}" -gt 0 ]; then
		say "needs ${missing[*]} (Debian package names)"
	elif ! command -v apt-get >/dev/null; then
		say "needs Debian's packages, and there is no apt-get"
	fi
}

vm_log() { printf '%s/kernel-%s.log' "$logs" "$1"; }

# Build what the guest is made of beside everything else, as nobody is in a hurry. In a
# session of its own, so that ending it ends the compilers too.
vm_start_building() {
	local variant

	mkdir -p "$logs"
	for variant in "$@"; do
		: >"$(vm_log "$variant")"
	done
	# shellcheck disable=SC2016
	setsid nice -n 19 bash -c 'logs=$1; shift
		for variant; do
			tests/vm/build-kernel.sh "$variant" >"$logs/kernel-$variant.path" \
				2>>"$logs/kernel-$variant.log"
			echo $? >"$logs/kernel-$variant.status"
		done' vm-builder "$logs" "$@" </dev/null >/dev/null 2>&1 &
	vm_builder=$!
}

vm_stop() {
	local group

	for group in $vm_builder "${vm_beside[@]}"; do
		kill -TERM -- "-$group" 2>/dev/null || true
	done
	vm_builder='' vm_beside=()
}

# vm_kernel VARIANT PROFILE: until its kernel is there
vm_kernel() {
	# shellcheck disable=SC2016
	[ -z "$vm_builder" ] || step "waiting for the $1 kernel of $2" bash -c '
		while [ ! -e "$2/kernel-$1.status" ] && kill -0 "$3"; do sleep 1; done
		cat "$2/kernel-$1.log"
		[ "$(cat "$2/kernel-$1.status")" = 0 ]' wait "$1" "$logs" "$vm_builder" ||
		return 1
	step "building the $1 kernel of $2" tests/vm/build-kernel.sh "$1"
}

# vm_prepare VARIANT: kernel, cross-built checkout
vm_prepare() {
	local missing

	# shellcheck disable=SC2086
	ensure $pkgs_build $pkgs_vm libcmocka-dev libpng-dev
	missing=$(vm_missing)
	[ -z "$missing" ] || die "the guest $missing"
	vm_kernel "$1" guest || die 'there is no kernel for the guest'
	step 'cross-building' tests/vm/cross.sh "$vm_build" || die 'the cross build failed'
}

cmd_vm() {
	local variant=plain options=()

	if [ "${1:-}" = --debug ]; then
		variant=debug
		options=(--debug)
		shift
	fi
	case ${1:-} in -*) die "vm: $1: not --debug or a command (./run help)" ;; esac
	vm_prepare $variant
	[ $# -gt 0 ] || say "booting; the modules are built first if they have changed"
	exec tests/vm/vm "${options[@]}" "$@"
}

cmd_demo_vm() {
	local out=$top/build/demo-vm

	vm_prepare plain
	mkdir -p "$out"
	cp tests/vm/demo-guest.sh tests/vm/guest.sh "$out/"
	attend tests/vm/run.sh --top --show "$vm_build" --out "$out" \
		--timeout 600 -- \
		"sh /share/demo-guest.sh $vm_build" ||
		die "the demo failed in the guest ($out/kernel.log)"
	head1 'Written'
	stat -c '  %s bytes	%n' "$out"/*.png
}

# vm_cross NAME LABEL WHAT [armhf]: what is built for the guest; else the result of NAME
vm_cross() {
	step "$2" tests/vm/cross.sh "$vm_build" "${@:4}" && return
	if grep -q 'Unable to locate\|Failed to fetch\|Could not resolve' "$logs/${2// /-}.log"; then
		result skip "$1" "the $3 packages of the guest cannot be fetched"
	else
		result fail "$1" 'the cross build failed'
	fi
	return 1
}

# the programs of 32 bits, without which one suite is left out
vm_compat() {
	local p missing=()

	# shellcheck disable=SC2086
	ensure $pkgs_compat
	for p in $pkgs_compat; do
		have_package "$p" || missing+=("$p")
	done
	if [ "${#missing[@]}" -gt 0 ]; then
		result skip "$1 compat" "needs ${missing[*]} (Debian package names)"
		return 1
	fi
	vm_cross "$1 compat" 'cross-building for 32 bits' armhf armhf
}

# vm_compare PROFILE: what tests/uapi saw there, on both its machines, and on the soft device
# must be the same
vm_compare() {
	local what some=()

	[ -s "$logs/$1/uapi" ] || return 0
	[ ! -s "$logs/$1-races/uapi" ] || cat "$logs/$1-races/uapi" >>"$logs/$1/uapi"
	if [ ! -s "$logs/uapi-soft" ]; then
		result skip "$1 uapi comparison" \
			'the soft device was not asked: ./run test uapi vm does both'
		return 0
	fi
	for what in uapi compat; do
		[ -s "$logs/$1/$what" ] || continue
		# with pointers of 32 bits not all groups run
		some=()
		[ $what = uapi ] || some=(--partial)
		[ "$1" != vm-debug ] || some+=(--variant debug)
		if step "comparing $1 $what with the soft device" tests/vm/compare.py \
			"${some[@]}" "$logs/uapi-soft" "$logs/$1/$what"; then
			result pass "$1 $what comparison"
		else
			result fail "$1 $what comparison" \
				"$logs/comparing-$1-$what-with-the-soft-device.log"
		fi
	done
}

# vm_driver: what driver.sh shows, a result per line of it
vm_driver() {
	local line code=0 failed=''

	step 'the vm driver by itself' tests/vm/driver.sh "$logs/vm-driver" || code=$?
	while IFS= read -r line; do
		# the guest's console
		line=${line%$'\r'}
		case $line in
		'ok: '*) result pass "vm driver: ${line#ok: }" ;;
		'not ok: '*)
			result fail "vm driver: ${line#not ok: }"
			failed=1
			;;
		esac
	done <"$logs/the-vm-driver-by-itself.log"
	[ "$code" -eq 0 ] || [ -n "$failed" ] ||
		result fail 'vm driver' "driver.sh ended with status $code"
}

# vm_ready PROFILE: kernel and programs of that guest; else the reason is its result
vm_ready() {
	local variant=plain missing

	case $1 in vm-debug*) variant=debug ;; esac
	missing=$(vm_missing)
	if [ -n "$missing" ]; then
		result skip "$1" "the guest $missing"
		return 1
	fi
	# while the kernel is made
	vm_cross "$1" "cross-building for $1" arm64 || return 1
	if ! vm_kernel "$variant" "$1"; then
		if grep -qh 'no apt source has' "$logs"/*kernel*.log; then
			result skip "$1" "$(grep -h 'no apt source has' "$logs"/*kernel*.log | head -1)"
		else
			result fail "$1" 'the kernel could not be built'
		fi
		return 1
	fi
}

# test_suites NAME ARGUMENT...: of suites.py
test_suites() {
	local name=$1 code=0
	shift

	attend tests/vm/suites.py --out "$logs/$name" "$@" || code=$?
	if [ -s "$logs/$name/results.json" ]; then
		cp "$logs/$name/results.json" "$logs/$name.json"
	else
		result fail "$name" "the suites did not run (exit status $code)"
	fi
}

# test_guest NAME [ARGUMENT]...: of suites.py; the names that begin with vm-debug have the
# debug kernel, and those that end with -races what is no matter of 32 bits
test_guest() {
	local options=("${@:2}")

	head1 "tests: $1"
	vm_ready "$1" || return 0
	[[ $1 != vm-debug* ]] || options+=(--debug)
	case $1:$# in
	*-races:*) options+=(--without compat) ;;
	# named suites, of which it is none
	vm-debug:[!1]*) ;;
	*) vm_compat "$1" || options+=(--without compat) ;;
	esac
	test_suites "$1" "${options[@]}"
}

# where there can be no guest, what is said of its suites is enough
test_vm_driver() {
	[ -z "$(vm_missing)" ] || return 0
	if vm_kernel plain driver.sh &&
		step 'cross-building for the vm driver' tests/vm/cross.sh "$vm_build"; then
		vm_driver
	else
		result fail 'vm driver' 'its guest could not be built'
	fi
}

# test_beside NAME COMMAND...: what takes one processor or two for long runs beside other
# tests, in a group of its own, to be ended with all it has started
test_beside() {
	local name=$1
	shift

	set -m
	{
		# what takes longest by itself is not what all wait for at the end
		case $name in
		vm | vm-debug) ;;
		*) renice -n "$(($(nice) + 5))" -p "$BASHPID" >/dev/null || true ;;
		esac
		"$@"
	} >"$logs/$name.out" 2>&1 </dev/null &
	vm_beside[$name]=$!
	set +m
}

# test_joined NAME: what it has printed, and prints until its end
test_joined() {
	tail -n +1 -s 0.2 -f "$logs/$1.out" &
	child=$!
	wait "${vm_beside[$1]}" || result fail "$1" "it ended with status $?"
	unset "vm_beside[$1]"
	sleep 0.5
	kill "$child" 2>/dev/null || true
	child=''
}
