#!/bin/bash
# SPDX-License-Identifier: MIT
# Who may what: a device whose opener is not privileged, users of a real one, and what
# the examples' broker hands to them.
. "$(dirname "$0")/lib.sh"
use_device
cd "$tmp" || exit 99
sum=(calculator 2 "seq.i32:1,2" out.i64)
# by number; the first two are in the group
alice=31001 bob=31002 carol=31003 render=31044

# what privilege is needed for works with it
allowed()
{
	run call --signed "${sum[@]}"; is 0; prints "out[0] i64 = 3"
	run call --pd root "${sum[@]}"; is 0; prints "out[0] i64 = 3"
	run info --json; is 0; json "d['features']['privileged']"
}

# the same without
refused()
{
	local pd

	run call --signed "${sum[@]}"
	is 4; says "a signed PD" "not permitted without privilege"
	run call --pd root "${sum[@]}"
	is 4; says "attaching to the root PD" "not permitted without privilege"
	run call --pd sensors "${sum[@]}"
	is 4; says "attaching to the sensors PD" "not permitted without privilege"
	for pd in audiopd securepd oispd nonsense; do
		run call --pd $pd "${sum[@]}"
		is 4; says "attaching to static PD $pd" "not permitted without privilege"
	done
	run --json call --signed "${sum[@]}"; is 4; json "d['error']['exit_status'] == 4"
	# what needs none
	run call "${sum[@]}"; is 0; prints "out[0] i64 = 3"
	run call --unsigned "${sum[@]}"; is 0; prints "out[0] i64 = 3"
	run info --json; is 0; json "not d['features']['privileged']"
	# other users of a machine may not have its DMA heaps, which is a warning
	run doctor; is 0; has "ok           call "; has "signed: needs privilege"
	[ -z "$soft" ] || has "All is well."
}

# --- the broker ----------------------------------------------------------------
broker_pid=
# broker ARGUMENT...: started, and listening
broker()
{
	local i

	: >broker.err
	QDA_CLI_TEST=$mark env --default-signal=INT "$tmp/bin/broker" "$@" \
		>broker.out 2>broker.err </dev/null &
	broker_pid=$!
	for ((i = 0; i < 600; i++)); do
		# the socket is there before anybody listens on it
		if [ -S "${*: -1}" ]; then
			timeout -k 5 60 "$tmp/bin/broker-client" "${*: -1}" '' >probe 2>&1
			[[ $(<probe) == *"onnection refused"* ]] || return
		fi
		sleep 0.05
	done
	fail "the broker does not listen: $(<broker.err)"
}

# broker_fails ARGUMENT...
broker_fails()
{
	last="broker $*"
	timeout -k 5 60 "$tmp/bin/broker" "$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null
	rc=$?
	collected
}

# asks WHO REQUEST...: a client as this user with group render, or as oneself
asks()
{
	local who=()

	[ "$1" = self ] || who=("$AS_USER" "$1" "${group:-$render}")
	shift
	last="broker-client $*"
	QDA_CLI_TEST=$mark timeout -k 5 60 "${who[@]}" "$tmp/bin/broker-client" "$tmp/sock" \
		"$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null
	rc=$?
	collected
}

# one sentence, and this is in it
denied()
{
	local text

	if [ "$rc" != 1 ] || [ "$(wc -l <"$tmp/.err")" != 1 ]; then
		fail "not status 1 and one line"
		return
	fi
	for text in "$@"; do
		says "$text"
	done
}

served()
{
	if [ "$rc" = 0 ] && [ "$out" = "19 + 23 = 42, says the $1" ] && [ -z "$err" ]; then
		pass
	else
		fail "the $1 does not say 42"
	fi
}

# ends with a signal, and takes its socket with it
broker_ends()
{
	last="kill -$1 broker"
	kill "-$1" "$broker_pid"
	wait "$broker_pid"
	rc=$?
	[ "$rc" = 0 ] && [ ! -e sock ] && pass || fail "status $rc, $(ls sock)"
}

# for everybody, whatever the build's folder is like
mkdir bin
chmod 755 . bin
cp "$QDA_RUN" ${BROKER:+"$BROKER" "$BROKER_CLIENT"} bin

broker_commands()
{
	local args

	for args in "" "-u 1" "sock" "-u 1 sock more" "-u -1 sock" "-u x sock" \
		"-u 4294967295 sock" "-g 1x sock" "-x sock" "$(printf -- '-u 1 %.0s' {1..17})sock"; do
		# shellcheck disable=SC2086 # words are what it is about
		broker_fails $args
		[ "$rc" = 2 ] && [ ! -e sock ] && pass || fail "broker $args: not a usage error"
		says "usage: broker"
	done
	: >file
	broker_fails -u 1 file; denied "broker: file: Address already in use"
	[ -f file ] && pass || fail "the file is gone"
	broker_fails -u 1 none/sock; denied "none/sock: No such file or directory"
	broker_fails -u 1 "$(printf '%0120d' 0)"; denied "File name too long"
	asks self; denied "sock: No such file or directory"
	asks self root more; [ "$rc" = 2 ] && pass || fail "two requests are no usage error"
}

broker_requests()
{
	local request

	for request in "" rooot "user" "user-signed " "root /dev/null" "root soft:cdsp" \
		"root ../cdsp" "root cdsp adsp" "audiopd,adsp" "$(printf '%0100d' 0)"; do
		asks self "$request"
		denied "the broker says: ask for user-signed, root, sensors or audiopd"
	done
	asks self "user-signed nodsp"; denied "the broker says: " "nodsp"
	# one who says nothing keeps it for a moment only
	python3 - "$tmp/sock" <<-'PYTHON' &
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(sys.argv[1])
		s.settimeout(60)
		sys.exit(not s.recv(200).startswith(b'ask for'))
	PYTHON
	wait $! && pass || fail "a silent client got another answer"
	# one that leaves without its answer
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.send(b"user-signed nodsp")' "$tmp/sock"
	asks self root\ nodsp; denied "nodsp"
}

# the users of a machine whose nodes belong to a group, as udev makes them
as_users()
{
	chown 0:$render /dev/accel/accel*
	chmod 0660 /dev/accel/accel*
	qda=("$AS_USER" "$alice" "$render" "$tmp/bin/qda-run" --device "$device")
	refused
	qda=("$AS_USER" "$carol" "$carol" "$tmp/bin/qda-run" --device "$device")
	run call "${sum[@]}"; is 3; says "permission denied" "uid $carol" "mode 0660"
	run doctor; is 3; says "may not open a DSP" ":$render 660" "usermod -aG $render $carol"
	chmod 0600 /dev/accel/accel*
	qda=("$AS_USER" "$alice" "$render" "$tmp/bin/qda-run" --device "$device")
	run call "${sum[@]}"; is 3; says "permission denied" "uid $alice" "mode 0600"
	use_device
}

# the nodes are root's alone now, and the broker's clients do without
as_clients()
{
	broker -g $render sock
	[ "$(stat -c '%a %u %g' sock)" = "660 0 $render" ] && pass ||
		fail "the socket is $(ls -l sock)"
	asks $alice; served cdsp
	asks $alice "user-signed"; served cdsp
	asks $bob "user-signed adsp"; served adsp
	asks $bob root; served cdsp
	asks $alice "root adsp"; served adsp
	asks $alice audiopd; served adsp
	# the DSP's own refusal, told by the broker
	asks $alice "audiopd cdsp"; denied "the broker says: cdsp: attaching to static PD audiopd"
	asks $alice "sensors cdsp"; denied "the broker says: cdsp: attaching to the sensors PD"
	group=$carol asks $carol; denied "sock: Permission denied"
	# whatever the socket's mode lets through, the broker asks who it is
	chmod 0666 sock
	group=$carol asks $carol; denied "the broker says: you are not allowed"
	asks self; denied "the broker says: you are not allowed"
	asks $alice; served cdsp
	broker_ends TERM
	broker -u $alice -u $bob sock
	chmod 0666 sock
	group=$carol asks $alice; served cdsp
	group=$carol asks $bob; served cdsp
	asks $carol; denied "you are not allowed"
	broker_ends INT
}

if [ -n "$soft" ]; then
	allowed
	QDA_DEVICE=$device,priv=0 refused
else
	allowed
	# a user reads what the DSP is given, too
	cp -r "$DSP_LIBRARY_PATH" dsp
	chmod -R a+rX dsp
	export DSP_LIBRARY_PATH=$tmp/dsp
	as_users
fi
clean
if [ -n "${BROKER:-}" ]; then
	broker_commands
	broker -u "$(id -u)" sock
	[ "$(stat -c '%a %u' sock)" = "660 $(id -u)" ] && pass || fail "$(ls -l sock)"
	broker_requests
	broker_fails -u 1 sock; denied "sock: Address already in use"
	broker_ends INT
	[ -n "$soft" ] || as_clients
	clean
fi
report
