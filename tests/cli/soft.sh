#!/bin/bash
# SPDX-License-Identifier: MIT
# qda-run on a device: every subcommand, every kind of argument, every kind of
# bad input.
. "$(dirname "$0")/lib.sh"
use_device
udmabuf=()
[ -n "$soft" ] || udmabuf=(--udmabuf)
cd "$tmp" || exit 99

le32()
{
	local n

	for n in "$@"; do
		printf "\\x$(printf %02x $((n & 255)))\\x$(printf %02x $((n >> 8 & 255)))"
		printf "\\x$(printf %02x $((n >> 16 & 255)))\\x$(printf %02x $((n >> 24 & 255)))"
	done
}

# --- looking ---------------------------------------------------------------
if [ -n "$soft" ]; then
	run list --soft; is 0; has "soft:cdsp"; has "NAME"
	run list --soft --json; is 0
	json "any(x['path'] == 'soft:cdsp' for x in d['devices'])"
else
	run list --kernel; is 0; has "/dev/accel/accel"; has "NAME"
	run list --kernel --json; is 0
	json "any(x['name'] == 'cdsp' and not x['soft'] for x in d['devices'])"
fi
run info; is 0; has "cdsp"; has "context banks"; has "Hexagon v73"
run info --json; is 0
json "d['name'] == 'cdsp' and d['soft'] == bool('$soft') and d['limits']['banks_total'] == 8"
json "d['features']['unsigned_pd'] and d['attributes']['arch_ver'] & 255 == 0x73"
if [ -n "$soft" ]; then
	run --device soft:adsp,banks=3,priv=0,gen=v66 info --json; is 0
	json "d['name'] == 'adsp' and d['limits']['banks_total'] == 3"
	json "not d['features']['privileged'] and d['attributes']['arch_ver'] & 255 == 0x66"
fi
# a machine may have something to warn of
run doctor; is 0; [ -z "$soft" ] || has "All is well."; has "(DSP_LIBRARY_PATH)"; has "unsigned: works"
has "fastrpc_shell_unsigned_3"; has "ok           listener      the DSP made "
run doctor --json; is 0; json "d['ok'] and d['checks'][-1]['result'] == 'ok'"
json "all(c['result'] == 'ok' and 'cure' not in c for c in d['checks'] if c['name'] == 'PDs')"
QDA_DEVICE="" run --device soft:cdsp list --kernel; is 2

# --- calls that work ---------------------------------------------------------
run call calculator 2 seq.i32:1,2,3 out.i64; is 0; prints "out[0] i64 = 6"
run call calculator 3 seq.i32:5,-7,0x10 out.i32; is 0; prints "out[0] i32 = 16"
run call libcalculator_skel.so 2 seq.i32: out.i64; is 0; prints "out[0] i64 = 0"
run call "file:///libcalculator_skel.so?calculator_skel_handle_invoke&_modver=1.0" \
	2 seq.i32:-1,-2 out.i64
is 0; prints "out[0] i64 = -3"
run call calculator 2 seq.i32:1,2 out.i64 --json; is 0
json "d['status'] == 0 and d['outputs'] == [{'type': 'i64', 'value': 3}]"
run --json call --repeat 50 --time bench 2; is 0
json "d['time_ns']['calls'] == 50 and d['time_ns']['call_min'] > 0 and not d['outputs']"
run call --time bench 2; is 0; has "time: session"
# several in one PD, of one module and of others; options may stand anywhere
run call calculator 2 seq.i32:1,2 out.i64 --then 3 seq.i32:4,5 out.i32 --then bench:2 \
	--time --then "file:///libcalculator_skel.so?calculator_skel_handle_invoke:2" \
	seq.i32:7 out.i64
is 0; has "calculator:2
out[0] i64 = 3
calculator:3
out[0] i32 = 5
bench:2
file:///libcalculator_skel.so?calculator_skel_handle_invoke:2
out[0] i64 = 7
time: session "
run --json call calculator 2 seq.i32:1,2 out.i64 --then 3 seq.i32:4,5 out.i32; is 0
json "[c['outputs'][0]['value'] for c in d['calls']] == [3, 5]"
json "all(c['module'] == 'calculator' and c['status'] == 0 for c in d['calls'])"
run call --timeout 10000 bench 16 inout.i64:1 i64:2 --then 16 inout.i64:3 i64:4; is 0
has "out[0] i64 = 7"
# the first that fails is the last, and its file is not the only one
run call calculator 2 seq.i32:1 out.i64@first --then 9 --then 2 seq.i32:2 out.i64; is 1
says "method 9"; prints ""
[ ! -e first ] && pass || fail "an output file was made"
run call calculator 2 seq.i32:1 out.i64@first --then 2 seq.i32:2 out.i64@no/such/dir
is 7; [ ! -e first ] && pass || fail "an output file was made"
run call calculator 2 seq.i32:1 out.i64@first --then 2 seq.i32:2 out.i64@second; is 0
[ "$(wc -c <first)$(wc -c <second)" = 88 ] && pass || fail "two files"
run call bench 14 u8:1 i16:-2 i32:3 i64:-4 f32:1.5 f64:-2.25 \
	out.f64 out.f32 out.i64 out.i32 out.i16 out.u8
is 0
prints "out[0] f64 = -1.25
out[1] f32 = 2.5
out[2] i64 = -3
out[3] i32 = 4
out[4] i16 = -1
out[5] u8 = 2"
run call bench 14 u8:255 i16:32767 i32:2147483647 i64:9223372036854775807 f32:0.1 \
	f64:0.1 out.f64 out.f32 out.i64 out.i32 out.i16 out.u8 --json
is 0
json "[x['value'] for x in d['outputs']] == [1.1, 1.1, -2**63, -2**31, -32768, 0]"
run call bench 15 str:hello out.str:6; is 0; prints 'out[0] str = "HELLO"'
run call bench 15 $'str:a"\e\\\xc3\xa4' out.str:32 --json; is 0
json 'd["outputs"][0]["value"] == "A\"\x1b\\\u00e4"'
# nothing of a method's that a terminal acts upon
run call bench 15 $'str:\xc2\x9b2J\xe2\x80\xae\xc3\xa9' out.str:16; is 0
prints 'out[0] str = "\xc2\x9b2J\xe2\x80\xae'$'\xc3\xa9"'
run call bench 15 str:@@at out.str:8; is 0; prints 'out[0] str = "@AT"'
printf 'from a file' >text
run call bench 15 str:@text out.str:12; is 0; prints 'out[0] str = "FROM A FILE"'
run call bench 16 inout.i64:40 i64:2; is 0; prints "out[0] i64 = 42"
run call --repeat 3 bench 16 inout.i64:0 i64:5; is 0; has "out[0] i64 = 15"
run call bench 18 seq.i16:1,-2 seq.i16:10,20 out.seq.i32:2; is 0
prints "out[0] seq.i32 = 11,18"
run call bench 5 u32:7 out.seq.u8:4; is 0; prints "out[0] seq.u8 = 7,8,9,10"
run call bench 5 u32:0 out.seq.u8:200; is 0; has "... (200 in all"
run call bench 3 raw:00 out.raw:1; is 1
run call bench 2; is 0; prints ""
# sink with its scalar block written by hand: the checksum is that of the sequence
run call bench 4 u32:3 raw:010203 out.u32; is 0; by_hand=$out
run call bench 4 seq.u8:1,2,3 out.u32; is 0; prints "$by_hand"
run call bench 4 hex:03000000 raw:010203 out.hex:4; is 0
has "out[0] hex = "

# --- files -------------------------------------------------------------------
le32 1 2 3 4 >numbers
run call calculator 2 seq.i32:@numbers out.i64; is 0; prints "out[0] i64 = 10"
run call calculator 2 seq.i32:@numbers,offset=4,length=8 out.i64; is 0
prints "out[0] i64 = 5"
run call calculator 2 buf.i32:@numbers out.i64; is 0; prints "out[0] i64 = 10"
run call calculator 2 buf.i32:@numbers,offset=8 out.i64; is 0; prints "out[0] i64 = 7"
: >empty
run call calculator 2 seq.i32:@empty out.i64; is 0; prints "out[0] i64 = 0"
last="pipe | qda-run call calculator 2 seq.i32:@/dev/stdin out.i64"
out=$(le32 5 6 | QDA_CLI_TEST=$mark "${qda[@]}" call calculator 2 seq.i32:@/dev/stdin out.i64 \
	2>"$tmp/.err"); rc=$?
is 0; prints "out[0] i64 = 11"
out=$(le32 5 6 | QDA_CLI_TEST=$mark "${qda[@]}" call calculator 2 buf.i32:@/dev/stdin,offset=4 \
	out.i64 2>"$tmp/.err"); rc=$?
is 0; prints "out[0] i64 = 6"

head -c 100000 /dev/urandom >random
run call bench 3 seq.u8:@random out.seq.u8:100000@copy; is 0
has "out[0] seq.u8 > copy (100000 bytes)"
cmp -s random copy && pass || fail "copied echo differs"
run call bench 3 buf:@random out.buf:100000@copy2; is 0
cmp -s random copy2 && pass || fail "zero-copy echo differs"
run call bench 3 buf:@random 'out.buf:100000>copy3' --json; is 0
json "d['outputs'][0] == {'type': 'buf.u8', 'file': 'copy3', 'bytes': 100000}"
cmp -s random copy3 && pass || fail "echo differs"
run call calculator 2 seq.i32:1,2 out.i64@sum; is 0
[ "$(od -An -t d8 sum | tr -d ' ')" = 3 ] && pass || fail "sum in a file"
echo kept >link-target; ln -s link-target link
run call calculator 2 seq.i32:1 out.i64@link; is 0
[ -L link ] && [ "$(wc -c <link-target)" = 8 ] && pass || fail "a link is followed"
run call calculator 2 seq.i32:1 out.i64@/dev/null; is 0
[ -c /dev/null ] && pass || fail "/dev/null is still a device"
(umask 077; run call calculator 2 seq.i32:1 out.i64@private; is 0)
[ "$(stat -c %a private)" = 600 ] && pass || fail "umask is kept"

# --- memory of somebody else -----------------------------------------------------
# on a real device its files are dma-bufs of udmabuf's
memfd()
{
	last="with-memfd $*"
	QDA_CLI_TEST=$mark timeout "${QDA_CLI_SECONDS:-60}" "$WITH_MEMFD" "${udmabuf[@]}" "$@" >"$tmp/.out" 2>"$tmp/.err"
	rc=$?
	collected
}
memfd 8192:1 -- "${qda[@]}" call bench 6 dmabuf:10 out.dmabuf:10; is 0
has "memfd 0: 1 0"
memfd 4096:1 4096:1 -- "${qda[@]}" call bench 3 dmabuf:10 out.dmabuf:11,offset=0; is 0
memfd 4096:1 -- "${qda[@]}" call bench 4 dmabuf:10,offset=256,length=3 out.u32; is 0
run call bench 4 seq.u8:0,1,2 out.u32; expected=$out
memfd 4096:1 -- "${qda[@]}" call bench 4 dmabuf:10,offset=256,length=3 out.u32
has "$expected"
# a dma-buf cannot be opened by a name
if [ -n "$soft" ]; then
	memfd 4096:1 -- "${qda[@]}" call bench 4 dmabuf:/proc/self/fd/10,length=3 out.u32
	is 0; has "$expected"
fi
memfd 4096:1 -- "${qda[@]}" call bench 13 u32:4 handle:10,offset=1,length=4; is 1
memfd 4096:1 -- "${qda[@]}" call bench 13 u32:4 handle:10,offset=1,length=8 out.u64; is 0
has "out[0] u64 = 10"
run call bench 13 u32:16 handle:@numbers,id=7 out.u64; is 0; prints "out[0] u64 = 10"
run call bench 13 u32:100 handle:new=4096 out.u64; is 0; prints "out[0] u64 = 0"
if [ -n "$soft" ]; then
	memfd 4096:0 -- "${qda[@]}" call bench 4 dmabuf:10 out.u32; is 5
	says "F_SEAL_SHRINK"
fi
memfd 4096:1 -- "${qda[@]}" call bench 4 dmabuf:10,length=4097 out.u32; is 5
says "truncated"
memfd 4096:1 -- "${qda[@]}" call bench 4 dmabuf:10,offset=4097 out.u32; is 5
run call bench 4 dmabuf:77 out.u32; is 5
run call bench 4 dmabuf:./numbers out.u32; is 5; says "buf:@FILE"
run call bench 4 dmabuf:./none out.u32; is 5; says "./none"

# --- bad input -----------------------------------------------------------------
run call nosuch 2; is 4
says "libnosuch_skel.so"
for dir in $(printf %s "${DSP_LIBRARY_PATH:-}" | tr ':;' '  '); do
	says "$dir"
done
run call /nowhere/libx_skel.so 2; is 4; says "/nowhere/libx_skel.so"
run call calculator 2 seq.i32:1 out.i64 --shell random; is 4; says "AEE_EBADELF"
run call --json nosuch 2; is 4; json "d['error']['exit_status'] == 4 and d['error']['status']"
run call calculator 30; is 1; says "AEE_EUNSUPPORTED"
run call calculator 31; is 1
run call calculator 4000000000; is 1
run call calculator 2; is 1; says "AEE_EBADPARM"
run call calculator 2 u32:1; is 1
run call calculator 2 seq.i8:1,2,3 out.i64; is 1
run call calculator 2 seq.i32:1,2,3 out.i32; is 1
run call calculator 2 seq.i32:1,2,3 out.i64 out.seq.u8:8; is 1
run call calculator 3 seq.i32: out.i32; is 1
run --json call bench 17 i32:77; is 1; json "d['error']['status'] == 77"
run call calculator 2 seq.i32:@nofile out.i64; is 5; says "nofile"
run call calculator 2 seq.i32:@. out.i64; is 5
run call calculator 2 seq.i32:@text out.i64; is 5; says "text" "truncated"
run call calculator 2 buf.i32:@text out.i64; is 5; says "truncated"
run call calculator 2 buf.i32:@empty out.i64; is 5; says "empty"
run call calculator 2 seq.i32:@numbers,length=20 out.i64; is 5; says "16 bytes" "20"
run call calculator 2 seq.i32:@numbers,offset=17 out.i64; is 5
printf 'a\0b' >nul
run call bench 15 str:@nul out.str:4; is 5; says "byte 1"
if [ "$(id -u)" != 0 ]; then
	touch locked; chmod 0 locked
	run call calculator 2 seq.i32:@locked out.i64; is 5; says "locked"
fi
run call bench 5 u32:0 out.buf:1000G; is 5; says "too large"
run call bench 5 u32:0 out.seq.u8:1000G; is 5; says "too large"
run call bench 13 u32:1 handle:new=5000G out.u64; is 5; says "too large"
truncate -s 1000G huge 2>/dev/null && { run call bench 4 buf:@huge out.u32; is 5
	says "too large"; run call bench 4 seq.u8:@huge out.u32; is 5; }
rm -f huge
words=()
for ((i = 0; i < 255; i++)); do
	words+=(raw:00)
done
run call calculator 2 "${words[@]}"; is 1
run call bench 5 u32:0 out.seq.u8:8@no/such/dir; is 7; says "no/such/dir"
mkdir directory
run call bench 5 u32:0 out.seq.u8:8@directory; is 7; says "directory"
# a call that fails leaves an existing file as it was
echo precious >precious
run call calculator 9 out.i64@precious; is 1
[ "$(cat precious)" = precious ] && pass || fail "an output file was touched"
run call calculator 9 out.i64@fresh; is 1
[ ! -e fresh ] && pass || fail "an output file was made"
# the first file must not appear when the second cannot be written
run call calculator 2 seq.i32:1 out.i64@/dev/full; is 7; says "/dev/full"
# results do not end up in whatever descriptor has the number of a closed stream
last="qda-run call calculator 2 seq.i32:1 out.i64 <&- >&-"
"${qda[@]}" call calculator 2 seq.i32:1 out.i64 2>"$tmp/.err" <&- >&-; rc=$?
: >"$tmp/.out"; collected; is 7; says "cannot write standard output: Bad file descriptor"
run call handle=1 2; is 4
# a name that this program does not serve; what the library warns of has its own line
run call callback 2 str:nobody i32:1 i64:1 out.i64
[ "$rc" = 1 ] && pass || fail "exit status is not 1"
says 'qda-run: warning: cdsp: a reverse call: refused, opening "nobody"' "0x0000003e" \
	"register this name"
run --log debug call calculator 2 seq.i32:1 out.i64; is 0
[[ $err =~ "qda-run: debug: "[a-z-]+\.c:[0-9]+": "[a-z_]+": " ]] && pass ||
	fail "debug messages do not say where they come from"
if [ -n "$soft" ]; then
	run --device soft:cdsp,banks=0 info; is 3; says "soft:cdsp,banks=0"
	run --device soft:xdsp info; is 3; says "soft:xdsp"
	run --device soft:cdsp@$tmp/nobody.sock info; is 3; says "nobody.sock"
	run --device soft:cdsp,priv=0 call --signed calculator 2 seq.i32:1 out.i64; is 4
	run --device soft:cdsp,priv=0 call --pd root handle=2 2; is 4
	QDA_SOFT_LIBRARY=$tmp/none run info; is 3; says "$tmp/none"
	QDA_SOFT_LIBRARY=$tmp/none run doctor; is 3; says "soft device" "QDA_SOFT_LIBRARY"
	QDA_SOFTDSP=$tmp/none run info; is 3
	QDA_SOFTDSP=$tmp/none run doctor; is 3; says "software DSP" "QDA_SOFTDSP"
	QDA_SOFTDSP=/bin/true run info; is 3
fi

clean
report
