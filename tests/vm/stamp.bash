# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What a directory of built modules was made of; sourced. make takes seconds to find that
# there is nothing to do, before each boot.

# stamp_of KERNEL PATH...: of that kernel's build and the files in PATHs of the checkout
stamp_of() {
	local top

	top=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
	(cd "$top" && { stat -c %Y "$1/done"; find "${@:2}" -type f -print0 | sort -z |
		xargs -0 sha256sum; } | sha256sum)
}

is_built() { [ "$(cat "$1/built" 2>/dev/null)" = "$2" ]; }
set_built() { printf '%s\n' "$2" >"$1/built"; }
