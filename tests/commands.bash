# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# ./run test; sourced by it.
# shellcheck disable=SC2154 # its variables

# result pass|fail|skip NAME [REASON]: for what is not a test of meson's
result() { printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$results"; }

# run_tests PROFILE DIR ARGS...: meson test; its results go to $logs/PROFILE.json
run_tests() {
	local profile=$1 dir=$2 log
	shift 2

	head1 "tests: $profile"
	rm -f "$dir/meson-logs/run-$profile"*.json
	# most of them wait most of their time
	attend meson test -C "$dir" --no-rebuild --print-errorlogs \
		--num-processes "$((jobs + 1))" --logbase "run-$profile" "$@" || true
	# meson adds the names of its test setup and wrapper
	for log in "$dir/meson-logs/run-$profile"*.json; do
		if [ -s "$log" ]; then
			cp "$log" "$logs/$profile.json"
			return 0
		fi
	done
	result fail "$profile" 'meson test did not run'
}

# What sanitizers found in processes whose exit status no test sees
collect_reports() {
	local profile=$1 dir=$2 report

	for report in "$dir"/report.*; do
		[ -e "$report" ] || continue
		warn "$profile: $report"
		head -n 40 "$report" >&2
		result fail "$profile report" "$report"
	done
}

test_plain() {
	if ! build_plain; then
		result fail plain 'the build failed'
		return 0
	fi
	if [ "$(has libcmocka-dev)" = false ]; then
		result skip 'all suites' 'needs libcmocka-dev'
		return 0
	fi
	# what the guest's results are compared with
	QDA_UAPI_RESULTS=$logs/uapi-soft run_tests plain build "$@"
}

# A second build of the same suites under sanitizers: test_sanitized NAME CFLAGS...
test_sanitized() {
	local name=$1 sanitize=$2 dir=build-$1 suites=("${@:3}") probe=()

	mkdir -p "$logs"
	if ! printf 'int main(void) { return 0; }\n' |
		gcc "-fsanitize=$sanitize" -xc - -o "$logs/probe-$name" 2>/dev/null; then
		result skip "$name" "gcc has no -fsanitize=$sanitize here"
		return 0
	fi
	# some kernels place mappings where old sanitizer runtimes cannot have them
	if ! "$logs/probe-$name" 2>/dev/null; then
		if setarch -R "$logs/probe-$name" 2>/dev/null; then
			probe=(--wrapper 'setarch -R')
		else
			result skip "$name" "programs built with -fsanitize=$sanitize do not start here"
			return 0
		fi
	fi

	need_to_build libcmocka-dev
	if ! configure "$dir" --native-file build-dev.ini "-Db_sanitize=$sanitize" \
		-Ddocs=false "-Dexamples=$(has libpng-dev)" || ! compile "$dir"; then
		result fail "$name" 'the build failed'
		return 0
	fi
	rm -f "$dir"/report.*
	ASAN_OPTIONS=${ASAN_OPTIONS:-log_path=$top/$dir/report} \
	UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1:log_path=$top/$dir/report} \
	TSAN_OPTIONS=${TSAN_OPTIONS:-die_after_fork=0:exitcode=66:second_deadlock_stack=1:log_path=$top/$dir/report} \
		run_tests "$name" "$dir" --timeout-multiplier 3 "${probe[@]}" "${suites[@]}"
	collect_reports "$name" "$dir"
}

test_asan() { test_sanitized asan address,undefined; }

test_tsan() {
	test_sanitized tsan thread --suite unit --suite soft-unit --suite uapi --suite soft
}

test_fuzz() {
	if [ "$(has clang)" = false ] || [ "$(has libclang-rt-dev)" = false ]; then
		result skip fuzz 'needs clang and libclang-rt-dev'
		return 0
	fi
	if ! configure build-fuzz --native-file tests/fuzz/clang.ini -Dfuzz=true \
		-Dtools=false -Dexamples=false -Ddocs=false ||
		! compile build-fuzz fuzz-targets; then
		result fail fuzz 'the build failed'
		return 0
	fi
	run_tests fuzz build-fuzz --suite fuzz
}

cmd_test() {
	local arg suites=() variants=() code=0

	rm -rf "$logs"
	mkdir -p "$logs"
	: >"$results"
	# shellcheck disable=SC2086
	ensure $pkgs_test
	case " ${*:-vm vm-debug} " in
	*' vm '* | *' vm-debug '*)
		# shellcheck disable=SC2086
		ensure $pkgs_vm $pkgs_compat
		# the one that takes longest is wanted first
		case " ${*:-vm-debug} " in *' vm-debug '*) variants+=(debug) ;; esac
		case " ${*:-vm} " in *' vm '*) variants+=(plain) ;; esac
		[ -n "$(vm_missing)" ] || vm_start_building "${variants[@]}"
		if [ $# -eq 0 ]; then
			# machines of one processor, and of two for what needs them
			test_beside vm-debug test_guest vm-debug --cpus 1 "${vm_matrix[@]}"
			test_beside vm test_guest vm --cpus 1
			test_beside vm-debug-races test_guest vm-debug-races --cpus 2 \
				--no-kmemleak "${vm_matrix[@]}"
		elif [ "${#variants[@]}" = 2 ]; then
			test_beside vm-debug test_guest vm-debug
		fi
		;;
	esac

	if [ $# -eq 0 ]; then
		# hostile is under ASan, and the million calls are those of ./run test proof
		QDA_SOAK_CALLS=${QDA_SOAK_CALLS:-200000} \
			test_plain --no-suite abi --no-suite lint --no-suite hostile
		test_beside vm-races test_guest vm-races --cpus 2
		test_beside vm-driver test_vm_driver
		test_asan
		test_tsan
		test_fuzz
		[ ! -e "$logs/plain.json" ] ||
			run_tests checks build --suite abi --suite lint
	else
		for arg in "$@"; do
			case $arg in
			asan | tsan | fuzz | vm | vm-debug) ;;
			*)
				[ -f "tests/$arg/meson.build" ] ||
					die "no suite called '$arg' (./run help lists them)"
				suites+=(--suite "$arg")
				;;
			esac
		done
		[ "${#suites[@]}" -eq 0 ] || test_plain "${suites[@]}"
		for arg in "$@"; do
			case $arg in
			asan | tsan | fuzz) "test_$arg" ;;
			esac
		done
	fi
	if [[ ${variants[*]} = *plain* ]] && [ -z "${vm_beside[vm]:-}" ]; then
		test_guest vm
		test_vm_driver
	fi
	if [[ ${variants[*]} = *debug* ]] && [ -z "${vm_beside[vm-debug]:-}" ]; then
		test_guest vm-debug
	fi
	for arg in vm-driver vm vm-races vm-debug vm-debug-races; do
		[ -z "${vm_beside[$arg]:-}" ] || test_joined "$arg"
	done
	for arg in vm vm-debug; do
		vm_compare $arg
	done
	head1 result
	shopt -s nullglob
	python3 tests/tally.py "$results" "$logs"/*.json || code=$?
	return "$code"
}
