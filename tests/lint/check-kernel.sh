#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a kernel maintainer runs before looking: checkpatch --strict, kernel-doc, W=1,
# sparse and the kernel's own Coccinelle scripts, over kernel/ and the modules of the
# tests, the driver as a module and built in; each patch of kernel/series compiles on top
# of those before it; and those for older kernels (kernel/patches/6.12) apply there, and
# what they change compiles. Everything else comes from the newest kernel source
# (tests/vm/kernel-source.sh). A finding fails, unless a line of kernel.txt has the reason
# why it stays; so does a tool that is missing.
#
# usage: check-kernel.sh [checkpatch|doc|compile|series|older|coccinelle]...
set -uo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qda-vm
checks=("$@")
[ $# -gt 0 ] || checks=(checkpatch doc compile series older coccinelle)
jobs=${QDA_VM_JOBS:-$(nproc 2>/dev/null || echo 2)}
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
bad=0

cd "$top" || exit 1
read -r version source < <("$top/tests/vm/kernel-source.sh" newest)
if [ -z "${source:-}" ]; then
	echo 'kernel lint: there is no kernel source to check with'
	exit 1
fi
mapfile -t code < <(find kernel tests/kernel/modules include/uapi/drm -name '*.[ch]' \
	! -name '*.mod.c' ! -name '.*' | sort)

need() {
	command -v "$1" >/dev/null && return 0
	echo "kernel lint: $1 is missing (package $2)"
	bad=1
	return 1
}

# finish NAME COUNT: what is in $scratch/NAME and is not allowed
finish() {
	local left allowed

	sed -n "s/^$1	\([^	]*\)	.*/\1/p" "$here/kernel.txt" >"$scratch/allowed"
	left=$(grep -c . "$scratch/$1")
	allowed=0
	if [ -s "$scratch/allowed" ]; then
		allowed=$(grep -cEf "$scratch/allowed" "$scratch/$1")
		grep -vEf "$scratch/allowed" "$scratch/$1"
	else
		cat "$scratch/$1"
	fi
	left=$((left - allowed))
	echo "$1: $2 looked at, $left problems, $allowed explained in kernel.txt" \
		"($((SECONDS - began)) s)"
	[ "$left" -eq 0 ] && [ "$2" -gt 0 ] || bad=1
}

check_checkpatch() {
	local options=(--no-tree --strict --terse --no-summary --quiet --show-types)
	local patches=(kernel/patches/*.patch kernel/patches/*/*.patch)

	need perl perl || return
	perl "$source/scripts/checkpatch.pl" "${options[@]}" --file "${code[@]}" \
		>"$scratch/checkpatch" 2>&1
	# from elsewhere and as a stream: what is in a git tree it takes for a source file,
	# and commit ids for those of that tree
	for patch in "${patches[@]}"; do
		(cd "$scratch" && perl "$source/scripts/checkpatch.pl" "${options[@]}" -) <"$patch" 2>&1 |
			sed "s,^-:,$patch:," >>"$scratch/checkpatch"
	done
	finish checkpatch $((${#code[@]} + ${#patches[@]}))
}

check_doc() {
	local tool=("$source/scripts/kernel-doc")

	[ -f "${tool[0]}" ] || tool=("$source/tools/docs/kernel-doc")
	"${tool[@]}" -none -Wall "${code[@]}" >"$scratch/doc" 2>&1
	finish doc ${#code[@]}
}

# A configured kernel is enough to compile against; it need not be built.
prepared() {
	local config=$top/tests/vm/config tree=$1 version=$2

	out=$cache/lint-$version-$(cat "$config"/*.config kernel/qda/Kconfig \
		kernel/patches/*.patch | sha256sum | cut -c1-8)
	make=(nice -n 19 make -s -C "$tree" O="$out" ARCH=arm64
	      CROSS_COMPILE=aarch64-linux-gnu- -j "$jobs")
	[ ! -f "$out/prepared" ] || return 0
	mkdir -p "$out"
	cat "$config/base.config" "$config/qda.config" |
		grep -vxFf <(grep -v '^#' "$config/gone.config") >"$out/wanted.config"
	{ "${make[@]}" KCONFIG_ALLCONFIG="$out/wanted.config" allnoconfig &&
	  "${make[@]}" modules_prepare; } >"$out/log" 2>&1 || { tail -5 "$out/log"; return 1; }
	touch "$out/prepared"
}

# The driver and its KUnit tests without MODULE, configured so; $out is done with
built_in() {
	local in=$scratch/built-in folder=drivers/accel/qda n
	local again=("${make[@]}" O="$in")

	cp -a "$out" "$in"
	rm -f "$in/$folder"/*.[oa] "$in/$folder"/.*.cmd
	# all, as nothing that is built in needs a module
	sed -i 's/=m$/=y/' "$in/.config"
	{ "${again[@]}" olddefconfig && "${again[@]}" "$folder/"; } >>"$scratch/log" 2>&1 ||
		echo "error: $folder does not build as built in" >>"$scratch/log"
	n=$(find "$in/$folder" -name '.qda_*.o.cmd' -exec grep -L -e -DMODULE {} + | wc -l)
	[ "$n" -ge "$(find "$top/kernel/qda" -name '*.c' ! -name '*.mod.c' | wc -l)" ] ||
		echo "error: of $folder only $n objects are made as built in" >>"$scratch/log"
	made=$((made + n))
}

check_compile() {
	local tree module name made sparse

	need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu || return
	sparse=$("$here/sparse.sh" "$source") || { bad=1; return; }
	exec 9>"$cache/lock-debug"
	flock -n 9 || { echo 'waiting for another build in the same tree'; flock 9; }
	read -r _ tree < <("$top/tests/vm/driver-tree.sh")
	tree=$(readlink -f "$tree")
	prepared "$tree" "$version" || { bad=1; return; }
	make+=(W=1 C=2 "CHECK=$sparse")
	# all of it each time: a warning is said only once
	rm -f "$out"/drivers/accel/qda/*.o
	"${make[@]}" drivers/accel/qda/ >"$scratch/log" 2>&1 ||
		echo 'error: drivers/accel/qda does not build' >>"$scratch/log"
	made=$(find "$out/drivers/accel/qda" -name '*.o' | wc -l)
	for module in kernel/qda_sim tests/kernel/modules/*/; do
		name=$(sed -n 's/^obj-m *[:+]= *//p' "${module%/}/Makefile")
		mkdir -p "$scratch/modules/$module"
		cp -r kernel include "$scratch/modules/"
		cp -r "${module%/}/." "$scratch/modules/$module"
		find "$scratch/modules" -name '*.o' -delete
		"${make[@]}" M="$scratch/modules/${module%/}" "$name" >>"$scratch/log" 2>&1 ||
			echo "error: $module does not build" >>"$scratch/log"
		made=$((made + $(find "$scratch/modules/$module" -name '*.o' | wc -l)))
	done
	built_in
	# Kbuild only mentions that it does without sparse; other sources of the kernel that
	# are made on the way are not ours
	grep -aE 'warning:|error:|Error |C=2 specified, but' "$scratch/log" |
		sed "s,$tree/drivers/accel/qda,kernel/qda,; s,$scratch/modules/,,; s,^\(\.\./\)*drivers/accel/qda,kernel/qda," |
		grep -v "^$tree/.*\.c:.* warning:" | sort -u >"$scratch/compile"
	finish compile "$made"
}

# Each patch on top of those before it; what modules need of a kernel has to be built
check_series() {
	local built patches

	need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu || return
	built=$(find "$cache" -maxdepth 2 -path "*/kernel-$version-debug-*/done" -printf '%T@ %h\n' |
		sort -n | tail -1)
	if [ -z "$built" ]; then
		echo 'series: not compiled, there is no debug kernel in the cache'
		return
	fi
	: >"$scratch/series"
	# a line for each that compiles
	kernel/series/make --check "$source" "${built#* }" >"$scratch/log" 2>&1 ||
		grep -v '^building with\|^ *[0-9][0-9]* [^|]' "$scratch/log" >"$scratch/series"
	patches=$(grep -c '^ *[0-9][0-9]* [^|]' "$scratch/log")
	finish series "$patches"
}

# Only what they change is copied, patched, and compiled as if it were a module, beside a
# kernel that stays as it is
check_older() {
	local series release pristine work patch folder objects touched folders made=0

	need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu || return
	need patch patch || return
	: >"$scratch/older"
	exec 8>"$cache/lock-older"
	flock 8
	for series in kernel/patches/*/; do
		series=$(basename "$series")
		work=$scratch/older-$series
		read -r release pristine < <("$top/tests/vm/kernel-source.sh" "$series")
		prepared "${pristine:?no source of Linux $series}" "$release" || { bad=1; continue; }
		mapfile -t touched < <(sed -n 's,^+++ b/\([^	]*\).*,\1,p' \
			kernel/patches/"$series"/*.patch | sort -u)
		mapfile -t folders < <(printf '%s\n' "${touched[@]%/*}" | sort -u)
		for folder in "${folders[@]}"; do
			mkdir -p "$work/$folder"
			cp "$pristine/$folder"/*.[ch] "$work/$folder/"
		done
		for patch in kernel/patches/"$series"/*.patch; do
			patch -d "$work" -p1 -F0 -N <"$patch" >"$scratch/log" 2>&1 ||
				sed "s,^,$patch: $release: ," "$scratch/log" >>"$scratch/older"
		done
		for folder in "${folders[@]}"; do
			mapfile -t objects < <(printf '%s\n' "${touched[@]}" |
				sed -n "s,^$folder/\([^/]*\)\.c$,\1.o,p")
			echo "obj-m := ${objects[*]}" >"$work/$folder/Makefile"
			"${make[@]}" W=1 M="$work/$folder" "${objects[@]}" >"$scratch/log" 2>&1 ||
				echo "error: $folder as patched for $series does not build" >>"$scratch/log"
			grep -aE 'warning:|error:' "$scratch/log" |
				sed "s,$work/,$release: ," >>"$scratch/older"
			made=$((made + $(cd "$work/$folder" && find "${objects[@]}" 2>/dev/null | wc -l)))
		done
	done
	finish older "$made"
}

check_coccinelle() {
	local scripts

	need spatch coccinelle || return
	mapfile -t scripts < <(cd "$source/scripts/coccinelle" &&
		find api free iterators locks misc null tests -name '*.cocci' | sort)
	: >"$scratch/coccinelle"
	# shellcheck disable=SC2016
	printf '%s\n' "${scripts[@]}" | xargs -P "$jobs" -I '{}' sh -c '
		script=$1/scripts/coccinelle/{}
		grep -q "^virtual report" "$script" || exit 0
		options=$(sed -n "s/^[/#/]*[[:space:]]*Options: *//p" "$script" | head -1)
		nice -n 19 spatch --very-quiet --cocci-file "$script" -D report $options \
			--timeout 60 --dir kernel 2>"$2/{}.err" >"$2/{}.out" ||
			sed "s,^,{}: error: ," "$2/{}.err" | tail -2 >>"$2/{}.out"
		' sh "$source" "$scratch/cocci" 2>&1
	find "$scratch/cocci" -name '*.out' -exec cat {} + |
		grep -E '^[^ ]+:[0-9]+(:[-0-9]+)?:|error: ' | sort -u >"$scratch/coccinelle"
	finish coccinelle "$(find "$scratch/cocci" -name '*.out' | wc -l)"
}

for folder in api api/alloc free iterators locks misc null tests; do
	mkdir -p "$scratch/cocci/$folder"
done
for check in "${checks[@]}"; do
	began=$SECONDS
	echo "$check ..."
	"check_$check"
done
exit $bad
