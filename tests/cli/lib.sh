# SPDX-License-Identifier: MIT
# What the CLI tests share. QDA_RUN, WITH_MEMFD, STEER: built programs; the variables of
# qda-soft(7) point into the build tree.

if [ ! -x "${QDA_RUN:-}" ]; then
	echo "QDA_RUN must be the path of qda-run"
	exit 99
fi
export LC_ALL=C
# the device: QDA_TEST_DEVICE, a real node, or a soft one of this process
device=${QDA_TEST_DEVICE:-soft:cdsp}
case $device in soft:*) soft=yes ;; *) soft='' ;; esac
qda=("$QDA_RUN")
[ -z "$soft" ] || export QDA_DEVICE=
mark=qda-cli-test-$$-$RANDOM
tmp=$(mktemp -d) || exit 99
failed=0
passed=0
out= err= rc=

finish()
{
	local pid

	for pid in $(our_processes); do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$tmp"
}
trap finish EXIT

# processes that qda-run or a server of ours left, by a variable in their environment
our_processes()
{
	grep -ls "QDA_CLI_TEST=$mark" /proc/[0-9]*/environ | cut -d/ -f3
}

# what follows talks to the device; a real one is named in words, never by QDA_DEVICE
use_device()
{
	if [ -n "$soft" ]; then
		export QDA_DEVICE=$device
	else
		qda=("$QDA_RUN" --device "$device")
	fi
}

pass()
{
	passed=$((passed + 1))
}

fail()
{
	failed=$((failed + 1))
	printf 'FAIL: %s\n' "$1"
	printf '  command: %s\n  exit status: %s\n' "${last:-}" "$rc"
	printf '%s\n' "$out" | head -20 | sed 's/^/  out: /'
	printf '%s\n' "$err" | head -20 | sed 's/^/  err: /'
}

# run ARGUMENT...: sets out, err, rc; a hang is exit status 124
run()
{
	local program=("${qda[@]}")

	case " $* " in *" --device "* | " list "*) program=("$QDA_RUN") ;; esac
	last="qda-run $*"
	QDA_CLI_TEST=$mark timeout -k 5 "${QDA_CLI_SECONDS:-60}" "${program[@]}" "$@" \
		>"$tmp/.out" 2>"$tmp/.err" </dev/null
	rc=$?
	collected
}

# sanitizers remark on a child's small stack; that is no message of ours
collected()
{
	# without processes, of which a slow guest starts few; bash omits and reports NULs
	{
		out=$(<"$tmp/.out")
		err=$(<"$tmp/.err")
	} 2>/dev/null
	case $err in
	*ASan* | *sanitizers*)
		err=$(printf '%s\n' "$err" | grep -v -e 'ASan is ignoring requested' \
			-e '^False positive error reports' -e 'google/sanitizers/issues/189')
		;;
	esac
}

# is STATUS: the exit status, and what belongs to it
is()
{
	local line lines=()

	if [ "$rc" != "$1" ]; then
		fail "exit status is not $1"
		return 1
	fi
	if [ "$1" = 0 ]; then
		pass
		return 0
	fi
	# one clear sentence; a private DSP shares our standard error
	while IFS= read -r line; do
		[[ $line == 'qda-softdsp: '* ]] || lines+=("$line")
	done <<<"$err"
	if [ "${#lines[@]}" != 1 ] || [[ ${lines[0]} != 'qda-run: '* ]]; then
		fail "the error is not one line"
		return 1
	fi
	pass
}

prints()
{
	if [ "$out" = "$1" ]; then
		pass
	else
		fail "expected output: $1"
	fi
}

says()
{
	local text

	for text in "$@"; do
		case $err in
		*"$text"*)
			pass ;;
		*)
			fail "the message does not say: $text" ;;
		esac
	done
}

has()
{
	case $out in
	*"$1"*)
		pass ;;
	*)
		fail "the output lacks: $1" ;;
	esac
}

# json EXPRESSION: d is the document; the expression must be true. Asked of all of them
# at the end, because an interpreter takes long to start on some machines.
json()
{
	printf '%s\0' "$last" "$1" "$out" >>"$tmp/.json"
}

judge_json()
{
	[ -e "$tmp/.json" ] || return 0
	python3 - "$tmp/.json" <<'PYTHON'
import json, sys
words = open(sys.argv[1], 'rb').read().split(b'\0')[:-1]
passed = failed = 0
for command, expression, text in zip(*[iter(words)] * 3):
    command, expression = command.decode(errors='replace'), expression.decode()
    try:
        d = json.loads(text.decode())
        why = '' if eval(expression) else 'is not true'
    except Exception as e:
        why = repr(e)
    if why:
        failed += 1
        print(f'FAIL: JSON: {expression}: {why}\n  command: {command}\n  out: {text}')
    else:
        passed += 1
print(f'{passed} JSON checks passed, {failed} failed')
sys.exit(failed > 0 or not passed)
PYTHON
}

# nothing is left: processes, files
clean()
{
	local i left

	for ((i = 0; i < 100; i++)); do
		left=$(our_processes)
		[ -z "$left" ] && break
		sleep 0.2
	done
	if [ -z "$left" ]; then
		pass
	else
		fail "processes are left: $left"
	fi
	left=$(cd "$tmp" && ls -d ./*.?????? 2>/dev/null)
	if [ -z "$left" ]; then
		pass
	else
		fail "files are left: $left"
	fi
}

report()
{
	judge_json || fail "JSON"
	echo "$passed checks passed, $failed failed"
	[ "$failed" = 0 ]
}
