# SPDX-License-Identifier: MIT
# bash completion for qda-run(1)

_qda_run()
{
	local cur prev words cword split word command="" i
	local common="--device --trace --dsp-log --json --log --help"
	local soft="soft:adsp soft:cdsp soft:cdsp1 soft:gdsp0 soft:gdsp1 soft:mdsp soft:sdsp"
	local types="i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 bool"
	local IFS=$' \t\n'

	# without the ':' a soft device or an argument is several words
	if declare -F _init_completion >/dev/null; then
		_init_completion -n : || return
	else
		cur=${COMP_WORDS[COMP_CWORD]}
		prev=${COMP_WORDS[COMP_CWORD-1]}
		words=("${COMP_WORDS[@]}")
		cword=$COMP_CWORD
	fi
	COMPREPLY=()

	for ((i = 1; i < cword; i++)); do
		word=${words[i]}
		case $word in
		--device|--log)
			((i++)) ;;
		list|info|call|bench|doctor|explain)
			command=$word
			break ;;
		esac
	done

	case $prev in
	--device)
		COMPREPLY=($(compgen -W "adsp cdsp cdsp1 gdsp0 gdsp1 mdsp sdsp $soft" \
			-- "$cur") $(compgen -G "/dev/accel/accel*" -- "$cur"))
		declare -F __ltrim_colon_completions >/dev/null &&
			__ltrim_colon_completions "$cur"
		return ;;
	--log)
		COMPREPLY=($(compgen -W "none err warning info debug" -- "$cur"))
		return ;;
	--attr)
		COMPREPLY=($(compgen -W \
			"debug ptrace adaptive-qos system dump system-unsigned" -- "$cur"))
		return ;;
	--only)
		COMPREPLY=($(compgen -W "yardstick noop copied zerocopy threads queue ratios" \
			-- "$cur"))
		return ;;
	--library-path|--read-dir|--write-dir)
		COMPREPLY=($(compgen -d -- "$cur"))
		return ;;
	--shell|--test-signature)
		COMPREPLY=($(compgen -f -- "$cur"))
		return ;;
	--pd)
		COMPREPLY=($(compgen -W "root sensors audiopd" -- "$cur"))
		return ;;
	--repeat|--timeout|--init-mem|--memory-limit|--thread-priority|--thread-stack)
		return ;;
	esac

	if [[ -z $command ]]; then
		COMPREPLY=($(compgen -W \
			"list info call bench doctor explain --version $common" -- "$cur"))
		return
	fi
	if [[ $cur == --dsp-log=* ]]; then
		COMPREPLY=($(compgen -P --dsp-log= -W "low medium high error fatal" \
			-- "${cur#*=}"))
		return
	fi
	if [[ $cur == -* ]]; then
		case $command in
		list)
			common="--json --log --help --kernel --soft" ;;
		info)
			common+=" --attrs" ;;
		explain)
			common="--json --log --help" ;;
		call)
			common+=" --then --repeat --time --timeout --library-path --read-dir
				--write-dir --signed --unsigned --shell --test-signature
				--init-mem --memory-limit --attr --pd --thread-priority
				--thread-stack" ;;
		bench)
			common+=" --quick --only" ;;
		esac
		COMPREPLY=($(compgen -W "$common" -- "$cur"))
		return
	fi
	[[ $command == call ]] || return
	if [[ $cur == *:@* || $cur == out.*@* || $cur == inout.*@* ]]; then
		local head=${cur%@*}@
		COMPREPLY=($(compgen -P "$head" -f -- "${cur##*@}"))
	else
		COMPREPLY=($(compgen -W "calculator callback image bench $types
			$(printf 'seq.%s ' $types) $(printf 'out.%s ' $types)
			$(printf 'out.seq.%s ' $types) $(printf 'inout.%s ' $types)
			str raw hex buf dmabuf handle out.str out.raw out.hex out.buf
			out.dmabuf" -- "$cur"))
		[[ ${#COMPREPLY[@]} -eq 1 && $COMPREPLY != out.[iufb]* ]] &&
			compopt -o nospace 2>/dev/null
	fi
	declare -F __ltrim_colon_completions >/dev/null &&
		__ltrim_colon_completions "$cur"
}

complete -F _qda_run qda-run
