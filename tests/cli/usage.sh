#!/bin/bash
# SPDX-License-Identifier: MIT
# What qda-run says about its command line; needs no device.
. "$(dirname "$0")/lib.sh"

run --help; is 0; has "Exit status:"
for command in list info call bench doctor explain; do
	run "$command" --help; is 0; has "usage: qda-run $command"; has "Exit status"
	[ "$(grep -c "Exit status" <<<"$out")" = 1 ] && pass || fail "not one exit status"
done
run help; is 0
run --version; is 0; has "libqda "
run --version --json; is 0; json "'library' in d"

run; is 2; says "a command is needed"
run nonsense; is 2; says "unknown command 'nonsense'"
run --nonsense; is 2; says "unknown option --nonsense"
run call --nonsense; is 2; says "unknown option --nonsense" "qda-run call --help"
run -x; is 2; says "-x"
run --device; is 2; says "--device needs a value"
run --log loud list; is 2; says "none, err, warning, info, debug"
run list extra; is 2; says "extra"
run list --device cdsp; is 2; says "qda-run info"
run info extra; is 2
run doctor extra; is 2
run bench extra; is 2
run bench --only nothing; is 2; says "--only nothing" "ratios"
run call; is 2; says "a module is needed"
run call ""; is 2
run call calculator; is 2; says "a method number"
run call calculator sum; is 2; says "'sum' is not a method number"
run call calculator -1; is 2
run call calculator 4294967296; is 2
run call --repeat 0 calculator 2; is 2; says "--repeat 0"
run call --repeat x calculator 2; is 2
run call --timeout 0 calculator 2; is 2
run call --signed --unsigned calculator 2; is 2; says "--signed or --unsigned"
run call --pd root --shell "$QDA_RUN" calculator 2; is 2
run call --shell "$tmp/none" calculator 2; is 5; says "$tmp/none"
run call --shell "$tmp" calculator 2; is 5; says "$tmp: it is not a regular file"
run call --signed --test-signature "$tmp/none" calculator 2; is 5; says "$tmp/none"
run call --test-signature "$QDA_RUN" calculator 2; is 2; says "--signed"
run call --unsigned --test-signature "$QDA_RUN" calculator 2; is 2; says "--signed"
for option in --init-mem=2M --attr=dump --test-signature="$QDA_RUN" --unsigned; do
	run call --pd root "$option" calculator 2; is 2; says "--pd joins a PD"
done
run call --thread-priority 256 calculator 2; is 2; says "from 1 to 255"
run call --thread-priority 0 calculator 2; is 2
run call --thread-stack 4K calculator 2; is 2; says "from 16384 to 8388608"
run call --thread-stack 9M calculator 2; is 2
run call --init-mem 1 calculator 2; is 2; says "--init-mem 1"
run call --memory-limit 0 calculator 2; is 2
run call --attr nonsense calculator 2; is 2; says "--attr nonsense" "adaptive-qos"
run call --read-dir "" calculator 2; is 2; says "--read-dir needs a directory"
run call --write-dir "/a;/b" calculator 2; is 2; says "an option of its own"
run --trace=all list; is 2; says "takes no value"
run --dsp-log=loud list; is 2; says "low, medium, high, error, fatal"

# further calls
run call calculator 2 --then; is 2; says "must follow --then"
run call --then 2; is 2; says "a module is needed"
run call calculator --then 2; is 2; says "a method number"
run call calculator a:2; is 2; says "'a:2' is not a method number"
run call calculator 2 --then sum; is 2; says "'sum' is not a method number"
run call calculator 2 --then :2; is 2; says "name is empty"
run call calculator 2 --then calculator:; is 2; says "'' is not a method number"
run call calculator 2 --then 3 u8:300; is 2; says "u8:300"
run call --repeat 2 calculator 2 --then 3; is 2; says "--repeat goes with one call"

# an error is JSON wherever --json stands, and still a sentence
run --json nonsense; is 2; json "d['error']['exit_status'] == 2"
run nonsense --json; is 2; json "'nonsense' in d['error']['message']"
run call calculator 2 u8:300 --json; is 2; json "'u8:300' in d['error']['message']"
run call calculator 2 $'i8:"\x01\xff\\' --json; is 2; json "'message' in d['error']"

# the grammar: word, what the message names
bad()
{
	run call calculator 2 "$1"
	is 2
	says "$2"
}
bad u32 "a value is missing"
bad u32: "is not a whole number"
bad u32:x "'x' is not a whole number"
bad u32:5x "'5x' is not a whole number"
bad "u32: 5" "is not a whole number"
bad u32:1.5 "is not a whole number"
bad u32:0x "is not a whole number"
bad u8:256 "u8 holds 0 to 255"
bad u8:-1 "u8 holds 0 to 255"
bad i8:128 "i8 holds -128 to 127"
bad i8:-129 "i8 holds -128 to 127"
bad u16:65536 "0 to 65535"
bad i16:32768 "-32768 to 32767"
bad u32:4294967296 "0 to 4294967295"
bad i32:2147483648 "-2147483648 to 2147483647"
bad u64:18446744073709551616 "0 to 18446744073709551615"
bad i64:9223372036854775808 "9223372036854775807"
bad i64:-9223372036854775809 "-9223372036854775808"
bad u64:99999999999999999999999999 "out of range"
bad f32:1e39 "out of range for f32"
bad f64:1e309 "out of range for f64"
bad f32:1.5kg "is not a number"
bad f32: "is not a number"
bad bool:yes "is not true, false, 1 or 0"
bad u128:1 "unknown type 'u128'"
bad int:1 "unknown type 'int'"
bad : "unknown type ''"
bad seq:1,2 "seq.i32"
bad seq.u33:1 "unknown element type 'u33'"
bad seq.u8 "a value is missing"
bad seq.u8:1,,2 "element 1 is empty"
bad seq.u8:1,2, "element 2 is empty"
bad seq.u8:1,256 "out of range"
bad seq.u8:@ "a file name must follow"
bad out.u32:5 "takes no value"
bad out.u32@ "a file name must follow"
bad out.seq.u8 "a value is missing"
bad out.seq.u8:0 "must not be 0"
bad out.seq.u8:-1 "not '-1'"
bad out.seq.u8:16x "not '16x'"
bad out.seq.u64:9223372036854775807 "too large"
bad out.seq.u8:16@ "a file name must follow"
bad out.str:0 "must not be 0"
bad hex:1 "pairs of hex digits"
bad hex:zz "not hex digits"
bad hex:010203,align=2 "no multiple of align=2"
bad hex:01,align=3 "align= is 1, 2, 4 or 8"
bad raw:xyzt "hex digits"
bad buf:5 "buf:@FILE"
bad inout.buf:@f "cannot be both"
bad out.handle:3 "cannot be an output"
bad dmabuf:memory "neither a descriptor"
bad handle:3,id=0 "id= is 1"
bad seq.u8:@f,offset=x "offset= needs a number"
bad seq.u8:@f,length=0 "length= must not be 0"
bad seq.u8:@f,offset=1,offset=2 "given twice"
bad inout. "unknown type ''"

# 256 buffers in one call
words=()
for ((i = 0; i < 256; i++)); do
	words+=(raw:00)
done
run call calculator 2 "${words[@]}"; is 2; says "256 input buffers" "255"
words=()
for ((i = 0; i < 256; i++)); do
	words+=(out.raw:1)
done
run call calculator 2 "${words[@]}"; is 2; says "256 output buffers"
words=()
for ((i = 0; i < 16; i++)); do
	words+=(handle:new=1)
done
run call calculator 2 "${words[@]}"; is 2; says "16 handle arguments"

# a full disk is not a success
last="qda-run --help >/dev/full"
"$QDA_RUN" --help >/dev/full 2>"$tmp/.err"; rc=$?
out=; err=$(cat "$tmp/.err")
is 7; says "standard output"

# no device: what to do
if [ ! -e /dev/accel ]; then
	run info; is 3; says "soft:cdsp"
	run doctor; is 3; says "no DSP found" "soft:cdsp"
	run doctor --json; is 3; json "not d['ok'] and d['checks'][0]['name'] == 'library'"
	json "d['error']['exit_status'] == 3"
fi
run info --device cdsp9; is 3; says "cdsp9"
run info --device /dev/null; is 3; says "/dev/null"
run info --device /nowhere; is 3; says "/nowhere"
clean
report
