#!/bin/bash
# SPDX-License-Identifier: MIT
# What qda-run info says that a DSP can do, and why not.
. "$(dirname "$0")/lib.sh"
use_device
cd "$tmp" || exit 99

# can KEY [WORDS]: the ability is there, and its reason has the words
can()
{
	json "d['abilities']['$1']['available'] is True"
	[ -z "${2:-}" ] || json "'''$2''' in d['abilities']['$1']['why']"
}

cannot()
{
	json "d['abilities']['$1']['available'] is False"
	json "'''$2''' in d['abilities']['$1']['why']"
}

unknown()
{
	json "d['abilities']['$1']['available'] is None"
	json "'''$2''' in d['abilities']['$1']['why']"
}

# --- any device ------------------------------------------------------------
run info --help; is 0; has "--attrs"
run info; is 0; has "Hexagon v73"; has "abilities"; has "8 MiB: 1 page of 8 MiB"
has "  unsigned user PD         yes      its modules need no signature"
has "  sensors PD               no       only adsp and sdsp have one"
last="width of the output"
[ "$(wc -L <<<"$out")" -le 80 ] && pass || fail "a line is longer than 80 columns"
run info --json; is 0
json "d['architecture'] == 'v73'"
json "len(d['abilities']) == 17"
json "all(set(a) == {'available', 'why'} and a['why'] for a in d['abilities'].values())"
json "d['abilities']['signed_pd']['available'] == d['features']['privileged']"
json "d['abilities']['root_pd']['available'] == d['features']['privileged']"
json "d['abilities']['coherent']['available'] == d['features']['coherent']"
json "d['abilities']['pass_on']['available'] != d['soft']"
json "list(d['attributes'])[2:7] == ['hvx_64b', 'hvx_128b', 'vtcm_page', 'vtcm_count', 'arch_ver']"
json "'attribute_details' not in d and 'perf_v2_dsp' not in d['attributes']"
can session "context banks are free"
can unsigned_pd; can vtcm; can hvx_128b "threads at a time"; can hmx; can async_calls
can import; can status_notification; can attribute_query
cannot hvx_64b "the other length"
cannot sensors_pd "this is cdsp"
cannot static_pd "only adsp"
run info --attrs; is 0; has "  3 hvx_128b                   4          4"
has "  4 vtcm_page                  8388608    8 MiB"; has "arch_ver"; has "v73"
has "    Threads at a time that can use vectors (HVX) of 128 bytes."
has "256 perf_v2_driver             -          of another driver"
run info --attrs --json; is 0
json "[a['id'] for a in d['attribute_details']] == [*range(14), *range(128, 132), *range(256, 260)]"
json "all(a['meaning'] and a['internal'] == (a['id'] >= 128) for a in d['attribute_details'])"
json "d['attribute_details'][6]['text'] == 'v73'"
json "d['attribute_details'][4]['value'] == 8388608 and d['attribute_details'][4]['text'] == '8 MiB'"
json "d['attribute_details'][18]['value'] is None and 'driver' in d['attribute_details'][18]['why']"
run info --attrs extra; is 2
run info --attrs=1; is 2; says "takes no value"

# --- the kinds of PD, as doctor has tried them ------------------------------
# pds TEXT: what it found
pds()
{
	json "[c['detail'] for c in d['checks'] if c['name'] == 'PDs'] == ['$1']"
}

run info --json; is 0
case $out in
*'"privileged": true'*)
	run doctor; is 0; has "ok           PDs           unsigned: works; signed: works; "
	run doctor --json; is 0
	pds "unsigned: works; signed: works; root: works; sensors: this DSP has none; static: this DSP has none" ;;
*)
	run doctor --json; is 0
	json "[c['detail'].count('needs privilege') for c in d['checks'] if c['name'] == 'PDs'] == [2]"
	json "any(c['detail'].startswith('unsigned: works; signed: needs') for c in d['checks'])" ;;
esac

if [ -z "$soft" ]; then
	clean
	report
	exit
fi

# --- other DSPs ------------------------------------------------------------
run --device soft:cdsp,gen=v66 info --json; is 0
can vtcm "256 KiB: 1 page of 256 KiB"
cannot hmx "came with v68, and this is v66"
cannot status_notification "sends none"
run --device soft:cdsp,priv=0 info; is 0; has "signed user PD           no       needs privilege: this soft"
run --device soft:cdsp,priv=0 info --json; is 0
for pd in signed_pd root_pd; do
	cannot "$pd" "needs privilege"
done
cannot privilege "priv=0"
can unsigned_pd
# what privilege would not bring is said first
cannot static_pd "only adsp"
run --device soft:adsp,priv=0 info --json; is 0
cannot static_pd "needs privilege"
cannot sensors_pd "needs privilege"
run --device soft:adsp info --json; is 0
cannot unsigned_pd "this is adsp"
can static_pd "audiopd also"; can sensors_pd; can signed_pd
cannot vtcm "has none"; cannot hvx_128b "compute DSP"; cannot hmx "vector memory"

run --device soft:adsp doctor --json; is 0
pds "unsigned: not allowed by this DSP; signed: works; root: works; sensors: works; static: not tried, because audiopd never gives back the memory it takes, and only the board knows which others there are"
run --device soft:sdsp doctor; is 0; has "signed: works; root: works; sensors: works; static: this DSP has none"
run --device soft:cdsp,priv=0 doctor --json; is 0; json "d['ok']"
no="needs privilege, which this soft device does not give"
pds "unsigned: works; signed: $no; root: $no; sensors: this DSP has none; static: this DSP has none"
# its only kind takes privilege
run --device soft:adsp,priv=0 doctor; is 4; says "session: adsp: creating a signed PD"
# a bank that is taken is no fault
run --device soft:adsp,banks=1 doctor; is 0; has "All is well."
has "signed: works; root: not tried, no free context bank; sensors: not tried, no free"
# what should work and does not is a warning, which names the file
mkdir shells
head -c 1000 "$DSP_LIBRARY_PATH/fastrpc_shell_3" >shells/fastrpc_shell_3
DSP_LIBRARY_PATH="$tmp/shells:$DSP_LIBRARY_PATH" run doctor; is 0
has "warning      PDs           unsigned: works; signed: not the whole file; root: works; "
has "signed: shell image $tmp/shells/fastrpc_shell_3 is truncated: 1000 bytes"
has "Nothing is broken, but there is 1 warning."
[[ $out != *"All is well"* ]] && pass || fail "all is well"
DSP_LIBRARY_PATH="$tmp/shells:$DSP_LIBRARY_PATH" run doctor --json; is 0; json "d['ok']"
json "[c['name'] for c in d['checks'] if c['result'] == 'warning'] == ['PDs']"

# --- firmware that tells something else -------------------------------------
QDA_CLI_TEST=$mark "$QDA_SOFTDSP" --domain cdsp --banks 1 --listen "$tmp/dsp.sock" \
	--control "$tmp/control.sock" >"$tmp/server.log" 2>&1 &
server=$!
for ((i = 0; i < 100; i++)); do
	[ -S "$tmp/dsp.sock" ] && [ -S "$tmp/control.sock" ] && break
	sleep 0.1
done
export QDA_DEVICE=soft:cdsp@$tmp/dsp.sock

# steer COMMAND...
steer()
{
	local command

	for command; do
		last="steer $command"
		"$STEER" "$tmp/control.sock" "$command" >"$tmp/answer" 2>&1 ||
			fail "$(cat "$tmp/answer")"
	done
}

# an answer that was refused is not asked for again
steer "fail op=query status=0x80000414 n=1"
run info --json; is 0
cannot attribute_query "no attribute query"
for ability in hvx_64b hvx_128b vtcm hmx status_notification; do
	unknown "$ability" "no attribute query"
done
json "d['architecture'] is None"
json "d['attributes']['hvx_128b'] is None and d['attributes']['domain_support'] == 1"
can session; can unsigned_pd; can async_calls
steer "fail op=query status=0x80000414 n=1"
run doctor; is 0; has "warning      DSP           the device answers"; has "there is 1 warning."
steer "fail op=query status=0x8000040e n=1"
run info; is 0; has "processor unknown"; has "(AEE_EBADPARM, 0x8000040e)"
steer "fail op=query status=0x8000040e n=1"
run info --attrs --json; is 0
json "d['attribute_details'][3]['text'] is None and 'AEE_EBADPARM' in d['attribute_details'][3]['why']"

steer "attr 1 0" "attr 2 1" "attr 3 0" "attr 4 4096" "attr 5 16" "attr 6 0x01008c75" \
	"attr 7 0" "attr 8 0" "attr 10 1"
run info --json; is 0
json "d['architecture'] == 'v75'"
cannot unsigned_pd "the firmware says"
can hvx_64b "for 1 thread at"
cannot hvx_128b "the other length"
can vtcm "64 KiB: 16 pages of 4 KiB"
unknown hmx "does not tell"
unknown status_notification "another form"
# more than 32 bits
steer "attr 4 0x80000000" "attr 5 0xffffffff" "attr 6 0"
run info --json; is 0; can vtcm "TiB: 4294967295 pages of 2 GiB"; json "d['architecture'] == '0x0'"
steer "attr 5 0"
run info --json; is 0; cannot vtcm "has none"

# --- no bank to ask with ----------------------------------------------------
last="qda-run call bench 11 &"
QDA_CLI_TEST=$mark "$QDA_RUN" call --timeout 30000 bench 11 u32:20000000 \
	>"$tmp/call.out" 2>&1 </dev/null &
holder=$!
for ((i = 0; i < 100; i++)); do
	steer pds
	case $(<"$tmp/answer") in *running*) break ;; esac
	sleep 0.1
done
run info --json; is 0
cannot session "all 1 context banks"
unknown attribute_query "cannot be asked now"
unknown hvx_128b "all context banks are taken"
json "d['limits']['banks_free'] == 0 and d['attributes']['arch_ver'] is None"
{
	kill -KILL "$holder" "$server"
	wait
} 2>/dev/null
clean
report
