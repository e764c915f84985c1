#!/bin/bash
# SPDX-License-Identifier: MIT
# Where shell images and modules are looked for, with a soft device and its own
# configuration file.
. "$(dirname "$0")/lib.sh"
use_device
cd "$tmp" || exit 99

modules=${DSP_LIBRARY_PATH:?}
unset DSP_LIBRARY_PATH ADSP_LIBRARY_PATH
export QDA_CONFIG=$tmp/qda.conf QDA_LOG=info
sum=(call calculator 2 "seq.i32:1,2,3" out.i64)

# log lines come before the message, so is() is for those that succeed
lacks()
{
	case $err in
	*"$1"*)
		fail "the message says: $1" ;;
	*)
		pass ;;
	esac
}

printf '[default]\npath = /default\n[board "*"]\npath = /board\n[soft]\npath = %s\n' \
	"$modules" >qda.conf
run "${sum[@]}"; is 0; has "out[0] i64 = 6"
says "shell image $modules/fastrpc_shell_unsigned_3"; lacks "/default"; lacks "/board"

# the variable comes first, relative and with either separator
ln -s "$modules" linked
DSP_LIBRARY_PATH="/none;/nothing:linked" run "${sum[@]}"; is 0
says "shell image $tmp/linked/fastrpc_shell_unsigned_3"
ADSP_LIBRARY_PATH=linked run "${sum[@]}"; is 0
says "shell image $tmp/linked/fastrpc_shell_unsigned_3"
DSP_LIBRARY_PATH=/none ADSP_LIBRARY_PATH=linked run "${sum[@]}"; is 0
says "shell image $modules/fastrpc_shell_unsigned_3"

# the subdirectory of the DSP comes first
mkdir -p tree/cdsp
cp "$modules/fastrpc_shell_unsigned_3" tree/cdsp/
DSP_LIBRARY_PATH=$tmp/tree run "${sum[@]}"; is 0
says "shell image $tmp/tree/cdsp/fastrpc_shell_unsigned_3"

# what is wrong is said by file and line; the rest counts
printf 'nonsense\n[soft]\npath = relative\npath = %s\ncolor = red\n' "$modules" >qda.conf
run "${sum[@]}"; is 0
says "$tmp/qda.conf:1: " "$tmp/qda.conf:3: " "$tmp/qda.conf:5: "
QDA_CONFIG=$tmp/none run --log info call nosuch 2
says "configuration $tmp/none: "
QDA_CONFIG=$tmp run call nosuch 2
says "configuration $tmp is not a regular file"

# every place that was tried (where none is installed)
printf '[soft]\npath = /fromconf\n' >qda.conf
DSP_LIBRARY_PATH=/fromenv run call nosuch 2
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
says "no shell image"
says "tried /fromenv/cdsp/fastrpc_shell_unsigned_3, /fromenv/fastrpc_shell_unsigned_3, /fromconf/cdsp/fastrpc_shell_unsigned_3"

# doctor looks in the same places
run doctor
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
has "search path   none of these can be read: /fromconf (configuration: No such"
has "no shell image for cdsp (tried /fromconf/cdsp/fastrpc_shell_unsigned_3, /fromconf/"
printf '[soft]\npath = %s\n' "$modules" >qda.conf
DSP_LIBRARY_PATH="$tmp/tree" run doctor; is 0
has "$tmp/tree (DSP_LIBRARY_PATH), $modules (configuration)"
has "shell         $tmp/tree/cdsp/fastrpc_shell_unsigned_3"
mkdir odd; echo odd >odd/fastrpc_shell_unsigned_3
DSP_LIBRARY_PATH="$tmp/odd" run doctor
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
has "warning      shell         shell image $tmp/odd/fastrpc_shell_unsigned_3: it is not an ELF image"

# what the DSP refuses is described
printf 'random bytes' >random
unset QDA_LOG
run call calculator 2 seq.i32:1 out.i64 --shell random; is 4; says "it is not an ELF image"
head -c 1000 "$modules/fastrpc_shell_unsigned_3" >short
run call calculator 2 seq.i32:1 out.i64 --shell short
is 5; says "short is truncated: 1000 bytes" "Copy it again"
: >none
run call calculator 2 seq.i32:1 out.i64 --shell none; is 5; says "none is empty" "Copy it again"
truncate -s 64M large
run call calculator 2 seq.i32:1 out.i64 --shell large; is 5; says "large has 67108864 bytes"
run call calculator 2 seq.i32:1 out.i64 --shell .; is 5; says "not a regular file"
run call --signed calculator 2 seq.i32:1 out.i64 --test-signature none
is 5; says "test signature none is empty"
run call --json calculator 2 seq.i32:1 out.i64 --shell short; is 5
json "d['error']['exit_status'] == 5"
# one that is found
mkdir damaged; cp short damaged/fastrpc_shell_unsigned_3
DSP_LIBRARY_PATH=$tmp/damaged run "${sum[@]}"; is 5; says "is truncated: 1000 bytes"
DSP_LIBRARY_PATH=$tmp/damaged run doctor; is 5; says "shell: shell image $tmp/damaged/"
has "broken       shell "

clean
report
