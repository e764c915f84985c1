#!/bin/bash
# SPDX-License-Identifier: MIT
# Crashes, kills, timeouts, Ctrl-C, a shared server: nothing hangs, nothing stays.
. "$(dirname "$0")/lib.sh"
use_device
cd "$tmp" || exit 99

# background ARGUMENT...: a call that sleeps; started is its process
background()
{
	last="qda-run $* &"
	QDA_CLI_TEST=$mark env --default-signal=INT "${qda[@]}" "$@" \
		>"$tmp/.out" 2>"$tmp/.err" </dev/null &
	started=$!
}

# Of /proc all is read without processes, of which a slow guest starts few.
# command_of PID: sets command, empty where it has ended
command_of()
{
	local words=()

	{ mapfile -d '' -t words <"/proc/$1/cmdline"; } 2>/dev/null
	command=" ${words[*]} "
}

# The DSP of a call that is on its way: its own on the soft device, else the one that
# serves everybody (QDA_TEST_SERVER is its device)
find_server()
{
	local p

	if [ -n "$soft" ]; then
		server=$(process_named softdsp)
		return
	fi
	for p in /proc/[0-9]*; do
		command_of "${p#/proc/}"
		case $command in
		*"softdsp --device $QDA_TEST_SERVER "*)
			server=${p#/proc/} ;;
		esac
	done
}

# one that was killed comes back, where it is not started for each client
wait_device()
{
	local i

	[ -z "$soft" ] || return
	for ((i = 0; i < 100; i++)); do
		run info
		[ "$rc" != 0 ] || return
		sleep 0.1
	done
}

# wait until a process of that program is there and it can be in its call
process_named()
{
	local i pid

	for ((i = 0; i < 100; i++)); do
		for pid in $(our_processes); do
			command_of "$pid"
			case $command in
			*"$1"*)
				echo "$pid"
				return ;;
			esac
		done
		sleep 0.1
	done
}

collect()
{
	local i

	for ((i = 0; i < 600; i++)); do
		kill -0 "$started" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$started" 2>/dev/null
	wait "$started" 2>/dev/null
	rc=$?
	collected
	# what background_pd waits for is no message
	case $err in
	*"main: "*)
		err=$(printf '%s\n' "$err" | grep -v -e '^main[: ]' -e '^thread ') ;;
	esac
}

# wait until what was started is qda-run, not what starts it, and catches signals
wait_catches()
{
	local i key value

	for ((i = 0; i < 300; i++)); do
		command_of "$started"
		if [[ $command == " ${qda[0]} "* ]]; then
			while read -r key value; do
				[ "$key" = SigCgt: ] && ((0x$value & 1 << 14)) && return
			done <"/proc/$started/status"
		fi
		sleep 0.1
	done
	fail "no signals are caught"
}

# steer COMMAND: tell the shared server to misbehave; rule is the answer's number
steer()
{
	rule=$("$STEER" "$control" "$1")
	rule=${rule%% *}
}

# wait_held RULE N: until the rule keeps N calls; unlike "info", asking the server
# takes no context bank
wait_held()
{
	local i

	for ((i = 0; i < 100; i++)); do
		steer "held $1"
		[ "$rule" = "$2" ] && return
		sleep 0.1
	done
	fail "rule $1 keeps $rule calls, not $2"
}

# until the device has N free banks: that of a client that has ended comes back later
wait_free()
{
	local i

	for ((i = 0; i < 100; i++)); do
		run info --json
		case $out in
		*'"banks_free": '"$1"[!0-9]*)
			return ;;
		esac
		sleep 0.1
	done
	fail "not $1 free banks"
}

children_of()
{
	local p stat parent

	for p in /proc/[0-9]*; do
		{ read -r stat <"$p/stat"; } 2>/dev/null || continue
		# the name in parentheses may contain anything
		read -r _ parent _ <<<"${stat##*) }"
		[ "$parent" = "$1" ] && echo "${p#/proc/}"
	done
}

# background_pd ARGUMENT...: a call of method 11 and its DSP's process for it, pd, once
# the call is made and has had a moment to begin; a shared DSP may have older ones
background_pd()
{
	local i p text old=

	if [ -z "$soft" ]; then
		find_server
		old=$(children_of "$server")
	fi
	background --trace "$@"
	pd=
	for ((i = 0; i < 100; i++)); do
		# again: one of one's own is at first the process that starts it
		find_server
		for p in $(children_of "$server"); do
			[[ $'\n'$old$'\n' != *$'\n'$p$'\n'* ]] || continue
			# a server that was only asked what it is ends with a leak
			# checker for a child
			command_of "$p"
			[[ $command != " qda-pd "* ]] || pd=$p
		done
		[ -n "$pd" ] && break
		sleep 0.1
	done
	[ -n "$pd" ] && pass || fail "the call runs in no process of its own"
	for ((i = 0; i < 300; i++)); do
		{ text=$(<"$tmp/.err"); } 2>/dev/null
		[[ $text != *" method 11 "* ]] || break
		sleep 0.1
	done
	sleep 1
}

run call bench 8; is 6; says "method 8 of bench" "0x80000430"
run --json call bench 8; is 6; json "d['error']['exit_status'] == 6"
run call bench 9 seq.u8:1 i64:100000000 out.u8; is 6
run call --timeout 200 bench 11 u32:30000000; is 7; says "did not answer within 200 ms"
run call --timeout 20000 bench 11 u32:1000; is 0
clean

# Ctrl-C
background call --repeat 5000000 calculator 2 seq.i32:1,2 out.i64@never
wait_catches
sleep 1
kill -INT "$started"; collect
is 130; says "interrupted"
[ ! -e never ] && pass || fail "an output file was made"
clean
background bench --only queue
wait_catches
sleep 1
kill -TERM "$started"; collect
is 130
clean

# the PD is killed during a call
background_pd call bench 11 u32:30000000
kill -KILL "$pd"; collect
is 6; says "0x80000434"
clean

# the DSP is killed during a call
background_pd call bench 11 u32:30000000
kill -KILL "$server"; collect
is 6
wait_device
clean

# a stopped PD does not answer; what is stopped is ended too
background_pd call --timeout 3000 --repeat 100000 bench 11 u32:10000
kill -STOP "$pd"; collect
is 7; says "did not answer within 3000 ms"
clean

# a shared server with two banks; a real device has what it has
control=${QDA_UAPI_CONTROL:-$tmp/control.sock}
shared=
if [ -n "$soft" ]; then
	QDA_CLI_TEST=$mark "$QDA_SOFTDSP" --domain cdsp --banks 2 --listen "$tmp/dsp.sock" \
		--control "$tmp/control.sock" >"$tmp/server.log" 2>&1 &
	shared=$!
	for ((i = 0; i < 100; i++)); do
		[ -S "$tmp/dsp.sock" ] && break
		sleep 0.1
	done
	export QDA_DEVICE=soft:cdsp@$tmp/dsp.sock
fi
run info --json; is 0
banks=$(printf '%s' "$out" | sed -n 's/.*"banks_total": *\([0-9]*\).*/\1/p')
json "d['limits']['banks_free'] == d['limits']['banks_total'] == $banks"
[ "$banks" = 2 ] || [ -z "$soft" ] && pass || fail "not two banks"
run call calculator 2 seq.i32:1,2 out.i64; is 0; prints "out[0] i64 = 3"
[ -z "$soft" ] || wait_free "$banks"
run doctor; is 0
# a kind of PD that is refused
steer "fail op=attach status=0x80000414 n=1"
run doctor; is 0; has "signed: works; root: refused (AEE_EUNSUPPORTED)"
has "warning      PDs "; has "root: cdsp: attaching to the root PD: "

# the end of the PD is never answered: one Ctrl-C or the timeout ends it
steer "hold handle=4 method=2 n=0"; held=$rule
background call calculator 2 seq.i32:1,2 out.i64
wait_held "$held" 1
kill -INT "$started"; collect
is 130; says "interrupted while closing"; prints "out[0] i64 = 3"
run call --timeout 4000 calculator 2 seq.i32:1,2 out.i64
is 7; says "ending the PD was not answered in time"; prints "out[0] i64 = 3"
steer "cancel $held"
[ -z "$soft" ] || wait_free "$banks"

# Ctrl-C breaks nothing
for option in "" --json; do
	steer "hold handle=8 method=2 n=0"; held=$rule
	background doctor ${option:+"$option"}
	wait_held "$held" 1
	kill -INT "$started"; collect
	is 130; says "qda-run: interrupted while checking: module"
	[[ $out$err != *roken* && $err != *qda_call_wait* ]] && pass ||
		fail "something is said to be broken"
	if [ -n "$option" ]; then
		json "not d['ok'] and d['error']['exit_status'] == 130"
		json "[c['detail'] for c in d['checks'] if c['name'] == 'module'] == ['interrupted']"
		json "d['checks'][-1]['result'] == 'not checked'"
	fi
	steer "cancel $held"
	[ -z "$soft" ] || wait_free "$banks"
done

steer "pause method=11 n=0"; paused=$rule
holders=()
for ((b = 0; b < banks; b++)); do
	background call bench 11 u32:60000000
	holders+=("$started")
done
wait_held "$paused" "$banks"
run call calculator 2 seq.i32:1,2 out.i64; is 4; says "bank"
run doctor; is 4; says "context bank"
kill -KILL "${holders[0]}"; wait "${holders[0]}" 2>/dev/null
# the bank of a killed client comes back
wait_free 1
run call calculator 2 seq.i32:1,2 out.i64; is 0
if [ -n "$soft" ]; then
	started=${holders[1]}
	kill -KILL "$shared"; wait "$shared" 2>/dev/null
	collect; is 6
	run info; is 3; says "dsp.sock"
else
	steer "cancel $paused"
	kill -KILL "${holders[@]:1}"
	wait 2>/dev/null
fi
clean
report
