# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced: packages of other Debian suites, fetched by way of the machine's own package
# sources, and never installed. The caller sets $cache, $XDG_CACHE_HOME/qda-vm, and holds
# $cache/lock.

suite_options=()
# shellcheck source=/dev/null
suites() { . /etc/os-release; echo "${VERSION_CODENAME:-}-backports trixie unstable"; }

# use_suite SUITE: $suite_options make apt look at it; "": at what the machine has
use_suite() {
	local suite=$1 root=$cache/apt-source/$1

	suite_options=()
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
	suite_options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$root/parts"
		       -o "Dir::State::lists=$root/lists" -o "Dir::Cache=$root/cache"
		       -o APT::Sandbox::User=root)
	apt-get "${suite_options[@]}" update >&2
}

# fetch_package PACKAGE: into the current directory, from the suite in use
fetch_package() {
	apt-cache "${suite_options[@]}" show "$1" >/dev/null 2>&1 &&
		apt-get "${suite_options[@]}" download "$1" >&2
}
