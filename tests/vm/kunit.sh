#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The driver's KUnit tests, in the guest: they run when the module is loaded.
#
# usage: kunit.sh DIR [OPTION OF run.sh]...
#
# DIR/kunit gets what they printed. Fails unless every suite of the driver has passed.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
out=$1
shift
mapfile -t suites < <(sed -n 's/^[[:space:]]*\.name = "\(qda_[a-z]*\)",$/\1/p' \
	"$top"/kernel/qda/qda_*_kunit.c)
[ ${#suites[@]} -gt 0 ] || { echo 'kunit: kernel/qda has no suite'; exit 1; }
mkdir -p "$out"
export QDA_KUNIT=y
code=0
"$here/run.sh" --no-project --out "$out" "$@" -- \
	'modprobe kunit enable=1 && modprobe qda && dmesg | grep "KTAP\|# \|ok [0-9]" >/share/kunit' || code=$?
passed=0
touch "$out/kunit"
for suite in "${suites[@]}"; do
	if grep -Eq "\] ok [0-9]+ $suite\$" "$out/kunit" &&
	   ! grep -q "# $suite: .*fail:[1-9]" "$out/kunit"; then
		passed=$((passed + 1))
	else
		echo "kunit: $suite did not pass"
		grep -a "not ok\|EXPECTATION\|ASSERTION" "$out/kunit" || true
		code=1
	fi
done
grep -o 'qda_test_[a-z_]*$' "$out/kunit" | sort -u | wc -l |
	sed "s/\$/ cases in $passed of ${#suites[@]} suites passed/; s/^/kunit: /"
exit $code
