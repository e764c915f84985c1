#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Install into an empty tree and look at it as a packager and as an outside program.
# usage: check-install.sh SOURCE_ROOT BUILD_ROOT PREFIX LIBDIR INCLUDEDIR
# shellcheck disable=SC2317 # functions are called by check
set -u
top=$1 build=$2 prefix=$3 libdir=$3/$4 includedir=$3/$5
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dest=$scratch/root
mkdir "$dest"
bad=0 n=0

check() { # NAME COMMAND...
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '%s\n' "$out" | head -n 20 | sed 's/^/# /'
		bad=1
	fi
}

installed() { # every file a user or a package expects
	local file code=0

	for file in "$libdir/libqda.so" "$libdir/libqda.so.0" \
		"$libdir/pkgconfig/libqda.pc" "$libdir/qda/libqda-soft.so" \
		"$libdir/qda/softdsp/libcalculator_skel.so" \
		"$libdir/qda/softdsp/libimage_skel.so" \
		"$libdir/qda/softdsp/libcallback_skel.so" \
		"$libdir/qda/softdsp/fastrpc_shell_3" \
		"$libdir/qda/softdsp/fastrpc_shell_unsigned_3" \
		"$prefix/share/qda/conf.d/50-boards.conf" \
		"$prefix/bin/qda-softdsp" "$prefix/bin/qda-run" \
		"$includedir/qda/qda.h" "$includedir/qda-dsp/remote.h" "$prefix/share/man/man1/qda-run.1"; do
		[ -e "$dest$file" ] || { echo "$file is not installed"; code=1; }
	done
	# the uapi header belongs to the kernel's headers; DKMS builds the driver with its own
	[ -z "$(find "$dest" -path "$dest/usr/src" -prune -o -name qda_accel.h -print)" ] ||
		{ echo "uapi header installed"; code=1; }
	[ -z "$(find "$dest" -name '*.a')" ] || { echo "static library installed"; code=1; }
	return "$code"
}

binaries() {
	find "$dest" -type f -exec sh -c \
		'head -c4 "$1" | grep -q "^.ELF"' _ {} \; -print
}

no_rpath() {
	local file code=0

	while read -r file; do
		if readelf -d "$file" | grep -E 'R(UN)?PATH'; then
			echo "${file#"$dest"}"
			code=1
		fi
	done < <(binaries)
	return "$code"
}

no_build_paths() {
	local file code=0

	# as packages ship them: debug information names the build directory
	while read -r file; do
		objcopy --strip-all "$file" "$scratch/stripped"
		if grep -qaF -e "$build" -e "$top/" "$scratch/stripped"; then
			echo "${file#"$dest"} contains a path of the build"
			code=1
		fi
	done < <(binaries)
	if grep -rIlF -e "$build" -e "$dest" "$dest"; then
		code=1
	fi
	return "$code"
}

# Compile a source in $scratch against the installed tree, and run it.
build_and_run() { # COMPILER FILE
	local flags

	flags=$(PKG_CONFIG_PATH=$dest$libdir/pkgconfig pkg-config \
		--define-variable=prefix="$dest$prefix" --cflags --libs libqda) || return 1
	# shellcheck disable=SC2086
	"$1" -Wall -Wextra -Werror -pedantic -o "$scratch/$2.out" "$scratch/$2" $flags ||
		return 1
	env -u QDA_DEVICE LD_LIBRARY_PATH="$dest$libdir" \
		QDA_SOFT_LIBRARY="$dest$libdir/qda/libqda-soft.so" \
		QDA_SOFTDSP="$dest$prefix/bin/qda-softdsp" \
		DSP_LIBRARY_PATH="$dest$libdir/qda/softdsp" timeout 60 "$scratch/$2.out"
}

consumer() { # COMPILER FILE
	cp "$top/tests/abi/consumer.c" "$scratch/$2"
	build_and_run "$1" "$2"
}

# the first C block of the README, as somebody would paste it
readme() {
	{
		printf '#include <stdio.h>\n#include <qda/qda.h>\nint main(void)\n{\n'
		# shellcheck disable=SC2016 # a sed script
		sed -n '/^```c$/,/^```$/{/^```/!p}' "$top/README.md"
		printf 'return 0;\n}\n'
	} >"$scratch/readme.c"
	[ "$(build_and_run gcc readme.c)" = 6 ]
}

version() {
	[ "$(PKG_CONFIG_PATH=$dest$libdir/pkgconfig pkg-config --modversion libqda)" = \
		"$(sed -n "s/.*version: '\([0-9.]*\)',/\1/p;/version:/q" "$top/meson.build")" ]
}

man_pages() {
	local page text code=0

	if ! command -v man >/dev/null; then
		echo "needs man-db"
		return 1
	fi
	while read -r page; do
		text=$(LC_ALL=C.UTF-8 MANWIDTH=80 man -l --warnings=w "$page" 2>&1 >/dev/null)
		if [ -n "$text" ]; then
			echo "${page##*/}: $text"
			code=1
		fi
		[ "$(LC_ALL=C.UTF-8 man -l "$page" 2>/dev/null | wc -l)" -gt 10 ] ||
			{ echo "${page##*/}: renders to nothing"; code=1; }
	done < <(find "$dest$prefix/share/man" -type f)
	return "$code"
}

DESTDIR=$dest meson install -C "$build" --no-rebuild --quiet >"$scratch/log" 2>&1 || {
	cat "$scratch/log"
	exit 1
}
check "everything is installed" installed
check "no RPATH" no_rpath
check "no build paths" no_build_paths
check "pkg-config knows the version" version
check "an outside C program" consumer gcc c99.c
check "an outside C++ program" consumer g++ cxx.cc
check "the example of the README" readme
check "man pages render" man_pages
exit $bad
