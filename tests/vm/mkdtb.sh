#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: mkdtb.sh OUTPUT QEMU ARGUMENTS...
# The device tree of that machine with the virtual DSPs of dsps.dts.in in it.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
out=$1
shift
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

machine=()
for word; do
	case $word in virt,*) word=$word,dumpdtb=$scratch/base.dtb ;; esac
	machine+=("$word")
done
"${machine[@]}" >/dev/null 2>&1
node=$(fdtget -l "$scratch/base.dtb" / | grep '^smmuv3@')
phandle=$(fdtget "$scratch/base.dtb" "/$node" phandle)
{
	dtc -q -I dtb -O dts "$scratch/base.dtb"
	# @BANKS first last stream [property]@
	awk -v smmu="$phandle" '
		!/^@BANKS / { print; next }
		{
			gsub(/@/, "")
			base = ($4 == "0x100") ? 256 : 512
			for (i = $2; i <= $3; i++) {
				printf "\t\t\tcompute-cb@%d {\n", i
				print "\t\t\t\tcompatible = \"qcom,fastrpc-compute-cb\";"
				printf "\t\t\t\treg = <%d>;\n", i
				printf "\t\t\t\tiommus = <%d %d>;\n", smmu, base + i
				if ($5) printf "\t\t\t\t%s;\n", $5
				print "\t\t\t};"
			}
		}' "$here/dsps.dts.in"
} >"$scratch/vm.dts"
dtc -q -I dts -O dtb -o "$out" "$scratch/vm.dts"
