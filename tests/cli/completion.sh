#!/bin/bash
# SPDX-License-Identifier: MIT
# The shells' completions offer what --help lists, and nothing else. Needs no device.
. "$(dirname "$0")/lib.sh"

files=$(dirname "$0")/../../tools/completion
# shellcheck source=../../tools/completion/qda-run.bash
. "$files/qda-run.bash"

# offer WORD...: what bash offers for the last word, one a line
offer()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_qda_run
	printf '%s\n' "${COMPREPLY[@]}"
}

# same WHAT EXPECTED OFFERED: lists of lines in any order
same()
{
	local expected offered

	expected=$(sort <<<"$2")
	offered=$(sort <<<"$3")
	if [ -n "$expected" ] && [ "$expected" = "$offered" ]; then
		pass
		return
	fi
	out=$(diff <(echo "$expected") <(echo "$offered"))
	fail "$1: --help (<) and the completion (>) differ"
}

# options_of TEXT: those in a list of them
options_of()
{
	sed -n 's/^ *\(--[a-z-]*\)[[ ].*/\1/p' <<<"$1"
}

run --help; is 0
commands=$(sed -n 's/^  \([a-z]*\)  *[^ ].*/\1/p' <<<"$out")
same "the commands" "$commands" "$(offer qda-run '' | grep -v '^-')"
same "the program's options" "$(options_of "$out")" "$(offer qda-run --)"

for command in $commands; do
	run "$command" --help; is 0
	same "options of $command" "$(options_of "$out")" "$(offer qda-run "$command" -)"
	# after options of the program with values, too
	same "options of $command" "$(options_of "$out")" \
		"$(offer qda-run --device cdsp --log info --json "$command" -)"
	# zsh is not run: each command with its options has a block of its own
	block=$(sed -n "/^\t\(.*|\)\?$command\(|.*\)\?)\$/,/;;/p" "$files/_qda-run")
	# shellcheck disable=SC2016
	case $block in
	*'${common:#--('*)
		shared='--json --log --help' ;;
	*'$common'*)
		shared='--device --trace --dsp-log --json --log --help' ;;
	*)
		shared='' ;;
	esac
	same "options of $command in zsh" "$(options_of "$out")" "$(
		printf '%s\n' $shared
		grep -o "'\(([^)]*)\)\?\*\?--[a-z-]*\|)--[a-z-]*" <<<"$block" |
			grep -o -e '--[a-z-]*$')"
	last="grep $command $files/_qda-run"
	grep -q "^	'$command:" "$files/_qda-run" && pass || fail "zsh lacks $command"
done

last="completion of values"
same "levels" "$(printf '%s\n' none err warning info debug)" "$(offer qda-run --log '')"
same "a level" info "$(offer qda-run --log i)"
case $(offer qda-run --device soft:c) in
*soft:cdsp*) pass ;;
*) fail "no soft:cdsp for --device" ;;
esac
: >"$tmp/shell"
same "a file" "$tmp/shell" "$(offer qda-run call --shell "$tmp/sh")"
same "a file of an argument" "seq.u8:@$tmp/shell" \
	"$(offer qda-run call image 2 "seq.u8:@$tmp/sh")"
report
