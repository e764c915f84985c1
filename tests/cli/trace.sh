#!/bin/bash
# SPDX-License-Identifier: MIT
# --trace: the steps of a session in their order, with their numbers. --dsp-log: what DSP
# code says.
. "$(dirname "$0")/lib.sh"
use_device
cd "$tmp" || exit 99

uri='file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0&_idlver=1.2.3&_dom=cdsp'
numbers=seq.i32:$(seq -s, 0 999)

# lines EXPECTED: of $steps, without what differs from run to run
lines()
{
	local got

	got=$(sed -E -e 's/, [0-9]+ bytes,/, N bytes,/' -e 's/filelen = [0-9]+/filelen = N/' \
		-e 's/^(main: the node of cdsp is) .*/\1 NODE/' \
		-e 's/^(main: read) .*\/(fastrpc_shell[^,]*)/\1 \2/' <<<"$steps")
	if [ "$got" = "$1" ]; then
		pass
		return
	fi
	out=$(diff <(echo "$1") <(echo "$got"))
	fail "the steps are others (>) than expected (<)"
}

# traced ARGUMENT...: before, loading and after are what it shows, by the first module's
# open and its end; remote is its handle
traced()
{
	local line part=before

	run --trace "$@"
	before='' loading='' after=''
	while IFS= read -r line; do
		[[ $line != 'qda-softdsp: '* ]] || continue
		case $part:$line in
		'loading:main = remotectl1 open'*)
			part=after
			remote=${line#*remote handle } remote=${remote%%,*} ;;
		esac
		declare -g "$part=${!part}${!part:+$'\n'}$line"
		case $part:$line in
		'before:main → h 8, sc 0x02020200 '*)
			part=loading ;;
		esac
	done <<<"$err"
}

# thread X: of the lines in $after
thread()
{
	steps=$(grep "^$1 " <<<"$after")
}

# --- calculator from zero ----------------------------------------------------------
shell='main: unsigned PD: attributes gain 0x8
main: the node of cdsp is NODE
main: read fastrpc_shell_unsigned_3, N bytes, into a buffer
main → h 1, sc 0x07040000 session create {filelen = N, attrs = 0x8, siglen = 0}
main = session create'
listener='thread L → h 7, sc 0x05000000 adsp_listener1 init2
thread L = adsp_listener1 init2'
next2='thread L → h 7, sc 0x06020200 adsp_listener1 next2 {0, -1, 0, 0}'

traced call "$uri" 2 "$numbers" out.i64 --then 3 "$numbers" out.i32
is_sum()
{
	[ "$rc" = 0 ] && pass || fail "exit status is not 0"
	has "out[0] i64 = 499500"; has "out[0] i32 = 999"
}
is_sum
steps=$before
lines "$shell
$listener
$next2
main → h 8, sc 0x02020200 remotectl1 open {96, 255} $uri"

# the library is fetched by calls of the DSP, each served before the listener asks for more:
# its header, and all of it when that is one for this DSP. fetched [MORE]...: and more lines
opens()
{
	printf 'sc 0x13050100 apps_std fopen_with_env {18, 2, %u, 2} ADSP_LIBRARY_PATH ; %s r' \
		$((${#1} + 1)) "$1"
}
closes='sc 0x03010000 apps_std fclose {F}'
fetched()
{
	steps=$(grep -o ' ← .* apps_std .*' <<<"$loading" |
		sed -E -e 's/ ← h [0-9]+, //' -e 's/\{[0-9]+(, 64|, 0, 0)?\}/{F\1}/' \
			-e 's/\{[0-9]+, [0-9]+\}/{F, N}/' | uniq)
	lines "$(printf '%s\n' "$(opens libcalculator_skel.so)" \
		'sc 0x0a010100 apps_std flen {F}' 'sc 0x04010200 apps_std fread {F, 64}' \
		'sc 0x09010000 apps_std fseek {F, 0, 0}' 'sc 0x04010200 apps_std fread {F, N}' \
		"$closes" "$@")"
}
fetched
grep -v '^thread L ' <<<"$loading" && fail "another thread loads, too" || pass
steps=$(sed -E -e 's/.*→ h 7, sc 0x06020200 .*/next/' -e 's/.* ← .*/serve/' -e 's/.* = apps_.*/answer/' \
	-e '/get_in_bufs2/d' -e '/ = adsp_listener1 next2 /d' <<<"$loading" | uniq)
steps=$(paste -sd' ' <<<"$steps")
[[ $steps =~ ^(serve answer next ?)+$ ]] && pass || fail "not in turns: $steps"

[ $((remote)) -gt 20 ] && pass || fail "the remote handle is $remote"
thread main
lines "main = remotectl1 open {remote handle $remote, 0}
main → remote handle $remote, sc 0x02020100 method 2 {1000}
main = method 2 {499500, 0}
main → remote handle $remote, sc 0x03020100 method 3 {1000}
main = method 3 {999}
main → h 4, sc 0x02000000 adsp_current_process1 exit
main = adsp_current_process1 exit"
thread "thread L"
[[ $steps =~ ^'thread L = adsp_listener1 next2: '[^$'\n']+$ ]] && pass ||
	fail "the blocked next2 does not end with an error: $steps"

# the parameters of its threads come between; other handles are closed before the end
traced call --thread-priority 100 --thread-stack 64K calculator 2 "$numbers" out.i64 \
	--then callback:3 i32:2 str:hello --then calculator:3 "$numbers" out.i32
is_sum
steps=$before
lines "$shell
$listener
thread L → h 8, sc 0x05020000 remotectl1 set_param {1, 2}
thread L = remotectl1 set_param
$next2
main → h 8, sc 0x02020200 remotectl1 open {82, 255} file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0&_dom=cdsp"
other=$(sed -n 's/^main → remote handle \(0x[0-9a-f]*\), sc 0x03020000 .*/\1/p' <<<"$after")
thread main
lines "main = remotectl1 open {remote handle $remote, 0}
main → h 8, sc 0x02020200 remotectl1 open {78, 255} file:///libcallback_skel.so?callback_skel_handle_invoke&_modver=1.0&_dom=cdsp
main = remotectl1 open {remote handle $other, 0}
main → remote handle $remote, sc 0x02020100 method 2 {1000}
main = method 2 {499500, 0}
main → remote handle $other, sc 0x03020000 method 3 {2, 6} hello
main = method 3
main → remote handle $remote, sc 0x03020100 method 3 {1000}
main = method 3 {999}
main → h 8, sc 0x03010200 remotectl1 close {remote handle $remote, 255}
main = remotectl1 close {0}
main → h 4, sc 0x02000000 adsp_current_process1 exit
main = adsp_current_process1 exit"

# a signed PD looks for signatures, too, once; there is nothing to complain of without
traced call --signed "$uri" 2 "$numbers" out.i64 --then "$uri:3" "$numbers" out.i32 \
	--then callback:3 i32:2 str:hello
is_sum
fetched "$(opens testsig-0x0.so)" "$(opens testsig.so)"
[[ $after != *testsig* ]] && pass || fail "it looks for them more than once"
[[ $err != *warning:* && $err != *error:* ]] && pass || fail "something is complained of"
# one that it finds it only closes
mkdir signatures; echo signature >signatures/testsig.so
traced call --signed --library-path signatures --dsp-log=low "$uri" 2 "$numbers" out.i64 \
	--then "$uri:3" "$numbers" out.i32
is_sum; says "testsig.so: is there"
fetched "$(opens testsig-0x0.so)" "$(opens testsig.so)" "$closes"

# what fails is shown with its name, both ways
run --trace call nosuch 2
[ "$rc" = 4 ] && pass || fail "exit status is not 4"
says "thread L = apps_std fopen_with_env: AEE_" "main = remotectl1 open"
run --trace call calculator 9
[ "$rc" = 1 ] && pass || fail "exit status is not 1"
says "main = method 9: AEE_" " (0x800004"
run --trace call --pd root calculator 2 seq.i32:1 out.i64
says "main → h 1, sc 0x00010000 attach to the root PD"
# of other threads, by number, and of prepared and asynchronous calls
run --trace call --timeout 10000 calculator 2 seq.i32:1 out.i64; is 0
says "main → remote handle $remote, sc 0x02020100 method 2 {1}"
run --trace info; is 0

# --- log of DSP code -----------------------------------------------------------------
said=(call callback 3 i32:0 str:lowest --then 3 i32:1 str:medium --then 3 i32:2 str:higher
	--then 3 i32:3 str:error --then 3 i32:4 str:fatal)
# dsp_lines: the messages, without what they are about
dsp_lines()
{
	sed -n -E 's/^cdsp: callback_imp\.c:[0-9]+: //p' <<<"$err" | paste -sd' '
}
logs()
{
	[ "$(dsp_lines)" = "$1" ] && pass || fail "the DSP's messages are not: $1"
}

run --dsp-log "${said[@]}"; is 0; logs "lowest medium higher error fatal"
run "${said[@]}" --dsp-log=low; is 0; logs "lowest medium higher error fatal"
run --dsp-log=medium "${said[@]}"; is 0; logs "medium higher error fatal"
run --dsp-log=high "${said[@]}"; is 0; logs "higher error fatal"
run --dsp-log=error "${said[@]}"; is 0; logs "error fatal"
run --dsp-log=fatal "${said[@]}" --json; is 0; logs "fatal"
json "len(d['calls']) == 5"
# without it they are messages of the library, of which warnings and up are shown
run "${said[@]}"; is 0; logs ""
says "qda-run: error: " "callback_imp.c:" ": error" ": fatal"
[[ $err != *higher* ]] && pass || fail "high is no error"
run --log none "${said[@]}"; is 0
[ -z "$err" ] && pass || fail "not silent"
run --log info "${said[@]}"; is 0; says "higher"
# what a method says before it fails is not lost
run --dsp-log call callback 3 i32:2 "str:the last words" --then 3 i32:77 str:x
[ "$rc" = 1 ] && pass || fail "exit status is not 1"
logs "the last words"
# one message of many, and of a DSP that is anybody
run --dsp-log call callback 3 i32:2 $'str:\e[31mred\nline'; is 0
[[ $err != *$'\e'* ]] && pass || fail "control characters reach the terminal"
run --dsp-log=loud info; is 2; says "low, medium, high, error, fatal"

clean
report
