#!/bin/bash
# SPDX-License-Identifier: MIT
# Modules that the client has and the DSP loads by calling back: from everywhere that is
# allowed, with what they need; and what is said of those that cannot be loaded.
. "$(dirname "$0")/lib.sh"
use_device
cd "$tmp" || exit 99

built=${CLI_MODULES:?}
shells=${DSP_LIBRARY_PATH:?}
# meson names the directories of what was built; the DSP's linker is not to look there
libraries=
while IFS= read -rd: one; do
	[[ $one == "$built"* ]] || libraries+=${libraries:+:}$one
done <<<"${LD_LIBRARY_PATH-}:"
export LD_LIBRARY_PATH=$libraries

# refused MESSAGE...: the sentence, which has no warning beside it
refused()
{
	is 4; says "$@"
}

# module DIRECTORY FILE [NAME]
module()
{
	mkdir -p "$1"
	cp "$built/$2" "$1/${3:-$2}"
}

# --- with a library that it needs -------------------------------------------------
module both libneeds_skel.so; module both libqda_dep.so
module bare libneedsbare_skel.so; module bare libqda_dep_bare.so
run call --library-path both needs 2 out.i32; is 0; prints "out[0] i32 = 42"
run call --library-path "$tmp/none:both" needs 2 out.i32; is 0; prints "out[0] i32 = 42"
run call --library-path "$tmp/none;bare" needsbare 2 out.i32; is 0
prints "out[0] i32 = 42"
DSP_LIBRARY_PATH="$tmp/both;$shells" run call needs 2 out.i32; is 0
prints "out[0] i32 = 42"
# twice in one PD, and with another module that needs it
cp both/libneeds_skel.so both/libagain_skel.so
run call --library-path both needs 2 out.i32 --then needs:2 out.i32 --then \
	"file:///libagain_skel.so?needs_skel_handle_invoke&_modver=1.0:2" out.i32
is 0; has "out[0] i32 = 42"
# beside a module that is named by its path
run call both/libneeds_skel.so 2 out.i32; is 0; prints "out[0] i32 = 42"
run call "$tmp/bare/libneedsbare_skel.so" 2 out.i32; is 0; prints "out[0] i32 = 42"
ln -s both/libneeds_skel.so linked_skel.so
run call ./linked_skel.so 2 out.i32; is 0; prints "out[0] i32 = 42"
# the DSP's own directory comes first
mkdir both/cdsp
cp "$built/libneedsbare_skel.so" both/cdsp/libneeds_skel.so
run call --library-path both needs 2 out.i32
refused "libneeds_skel.so: libqda_dep_bare.so: cannot open"
rm -r both/cdsp

# --- what cannot be loaded ----------------------------------------------------------
# each place that was tried, of the module and of what it needs
run call --library-path both nosuch 2
refused "no such module" "tried $tmp/both/cdsp/libnosuch_skel.so, $tmp/both/libnosuch_skel.so" \
	"$shells/libnosuch_skel.so"
module alone libneeds_skel.so
run call --library-path alone needs 2 out.i32
refused "libneeds_skel.so: libqda_dep.so: cannot open shared object file" \
	"tried $tmp/alone/cdsp/libqda_dep.so, $tmp/alone/libqda_dep.so"
run call alone/libneeds_skel.so 2 out.i32; refused "libqda_dep.so: cannot open"
run --json call alone/libneeds_skel.so 2 out.i32; is 4
json "'libqda_dep.so' in d['error']['message'] and d['error']['exit_status'] == 4"
# a library that is none of its own: the symbol is missing
module empty libneeds_skel.so; cp "$built/libqda_dep_bare.so" empty/libqda_dep.so
run call --library-path empty needs 2 out.i32; is 0
cp both/libneeds_skel.so empty/libqda_dep.so
run call --library-path empty needs 2 out.i32; refused "libqda_dep.so"
# no module: without the symbol that the URI names
module wrong libqda_dep.so libwrong_skel.so
run call --library-path wrong wrong 2
refused "libwrong_skel.so: has no symbol wrong_skel_handle_invoke"

# truncated, at every kind of place
size=$(wc -c <both/libneeds_skel.so)
mkdir cut
for at in 1 40 63 64 200 1000 $((size / 2)); do
	head -c "$at" both/libneeds_skel.so >cut/libneeds_skel.so
	run call --library-path "cut;both" needs 2 out.i32
	[ "$at" -lt 64 ] && refused "libneeds_skel.so: is no ELF file" ||
		refused "libneeds_skel.so: " "truncated"
done
: >cut/libneeds_skel.so
run call --library-path "cut;both" needs 2 out.i32; refused "libneeds_skel.so: is empty"
head -c 3000 both/libqda_dep.so >cut/libqda_dep.so
cp both/libneeds_skel.so cut/libneeds_skel.so
run call --library-path cut needs 2 out.i32
refused "libqda_dep.so: " "truncated" "needed by libneeds_skel.so"
echo 'no object at all, but long enough for a header of one: sixty-four bytes' \
	>cut/libneeds_skel.so
run call --library-path cut needs 2 out.i32; refused "libneeds_skel.so: " "ELF"

# patch FILE OFFSET BYTES: of the header, which is that of a built module
patch()
{
	cp both/libneeds_skel.so "$1"
	printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# for another machine: Hexagon, Arm; for 32 bits; with the bytes the other way round
mkdir foreign
patch foreign/libneeds_skel.so 18 '\xa4\x00'
run call --library-path "foreign;both" needs 2 out.i32
refused "libneeds_skel.so: " "is for another machine (ELF machine 164 "
patch foreign/libneeds_skel.so 18 '\x28\x00'
run call --library-path "foreign;both" needs 2 out.i32; refused "(ELF machine 40 "
patch foreign/libneeds_skel.so 4 '\x01'
run call --library-path "foreign;both" needs 2 out.i32; refused "libneeds_skel.so: "
patch foreign/libneeds_skel.so 5 '\x02'
run call --library-path "foreign;both" needs 2 out.i32; refused "libneeds_skel.so: "
patch foreign/libneeds_skel.so 16 '\x02\x00'
run call --library-path "foreign;both" needs 2 out.i32; refused "libneeds_skel.so: "

# of what is not for this DSP, no more than a header is read, and it is closed
for file in foreign cut; do
	truncate -s 60M $file/libneeds_skel.so
	patch foreign/first 18 '\xa4\x00'; echo no object >cut/first
	dd if=$file/first of=$file/libneeds_skel.so conv=notrunc status=none
	run --trace call --library-path $file needs 2 out.i32
	[ "$rc" = 4 ] && pass || fail "exit status is not 4"
	says "loading file:///libneeds_skel.so?" ": libneeds_skel.so: is "
	steps=$(grep -o ' ← .* apps_std f[a-z]* {.*' <<<"$err" |
		sed -e 's/.* apps_std //' -e 's/{[0-9]*/{F/' | paste -sd' ')
	[ "$steps" = 'flen {F} fread {F, 64} fclose {F}' ] && pass ||
		fail "it is read by $steps"
done

# --- what the DSP may read -------------------------------------------------------------
# a name of its own for a directory, and nothing outside of it
mkdir given
cp "$built/libqda_dep.so" given/libqda_dep.so
cp both/libneeds_skel.so given/libneeds_skel.so
name='file:////own/name/libneeds_skel.so?needs_skel_handle_invoke&_modver=1.0'
run call --read-dir "/own/name=$tmp/given" --library-path given "$name" 2 out.i32; is 0
prints "out[0] i32 = 42"
run call --read-dir /tmp --write-dir "/own/name=$tmp/given" --library-path given "$name" \
	2 out.i32
is 0; prints "out[0] i32 = 42"
run call --library-path given "$name" 2 out.i32; refused "directory /own/name: "
run call /nowhere/libneeds_skel.so 2; refused "directory /nowhere: "
# a link that leads out is none
mkdir links
ln -s ../given/libneeds_skel.so links/libneeds_skel.so
run call --library-path links needs 2 out.i32
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
says "qda-run: warning: " "refused" "symbolic link" "qda-run: cdsp: loading"
run call --library-path "links;given" needs 2 out.i32; is 0; says "symbolic link"
mkfifo links/libpipe_skel.so
run call --library-path links pipe 2
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
says "refused" "libpipe_skel.so"
mkdir links/libdir_skel.so
run call --library-path links dir 2
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
says "libdir_skel.so"
run call --read-dir "$tmp/none" needs 2; refused "option read_dirs: directory $tmp/none"
run call --write-dir "relative=$tmp" needs 2; refused "option write_dirs: \"relative\", as the DSP is to name $tmp"
# nothing for reading only inside what it may change, also by other names; or not there yet
mkdir given/ro
run call --read-dir "/ro=given/ro" --write-dir "/rw=$tmp/given" needs 2
refused "the DSP may change $tmp/given, and with it given/ro (application) inside, which is for reading only" \
	"give both the same rights, or a directory elsewhere"
run call --library-path "given;$tmp/given/none" --write-dir "$tmp/given" needs 2
refused "may change $tmp/given, and with it $tmp/given/none (application, not there yet) inside"
run call --library-path given --read-dir "$tmp" --write-dir "$tmp/given" \
	--write-dir "$tmp/given/ro" needs 2 out.i32
is 0; prints "out[0] i32 = 42"

# --- the other options of the session -------------------------------------------------
sum=(calculator 2 "seq.i32:1,2,3" out.i64)
run call --thread-priority 255 --thread-stack 8M --init-mem 4M --attr dump \
	--attr adaptive-qos --memory-limit 64M "${sum[@]}"
is 0; prints "out[0] i64 = 6"
run --trace call --attr dump --attr adaptive-qos "${sum[@]}"
says "attrs = 0x98"
run call --memory-limit 1 "${sum[@]}"; is 4; says "more memory than its limit"
run call --memory-limit 24M bench 5 u32:1 out.buf:32M@/dev/null
is 7; says "a buffer of 32 MiB" "more memory than its limit"
run call --init-mem 1000G "${sum[@]}"; is 4; says "init"
run call --signed --test-signature both/libqda_dep.so "${sum[@]}"; is 0
prints "out[0] i64 = 6"

clean
report
