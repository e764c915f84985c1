#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: run-fuzz.sh clean|planted TARGET CORPUS_DIR
# clean: the target survives QDA_FUZZ_SECONDS (3). planted: it crashes within 120 s, and not on a seed.
set -u
mode=$1 target=$2 corpus=$3
seconds=${QDA_FUZZ_SECONDS:-3}
name=${target##*/}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# the seeds stay as they are: what the fuzzer finds goes to the first directory
mkdir "$scratch/new"
dirs=("$scratch/new")
[ ! -d "$corpus" ] || dirs+=("$corpus")
options=(-seed=1 -print_final_stats=1 -timeout=30 -rss_limit_mb=2048
	-artifact_prefix="$scratch/")

runs() {
	sed -n 's/stat::number_of_executed_units: *//p' "$scratch/log" | grep . || echo 0
}

if [ "$mode" = clean ]; then
	"$target" "${options[@]}" -max_total_time="$seconds" "${dirs[@]}" \
		>"$scratch/log" 2>&1
	code=$?
	# the time went to others: what it takes for as many runs as are asked for below
	if [ $code -eq 0 ] && [ "$(runs)" -lt 1000 ]; then
		"$target" "${options[@]}" -runs=1000 -max_total_time=100 "${dirs[@]}" \
			>"$scratch/log" 2>&1
		code=$?
	fi
	grep -E 'stat::number_of_executed_units|DONE' "$scratch/log"
	if [ $code -ne 0 ]; then
		tail -n 60 "$scratch/log"
		for found in "$scratch"/crash-* "$scratch"/timeout-* "$scratch"/oom-* \
			"$scratch"/leak-*; do
			[ -e "$found" ] || continue
			mkdir -p fuzz-findings
			cp "$found" fuzz-findings/
			echo "input: $PWD/fuzz-findings/${found##*/} (give it to $target)"
		done
		exit 1
	fi
	# a target that rejects everything at once finds nothing
	[ "$(runs)" -ge 1000 ] || { echo "only $(runs) runs"; exit 1; }
	exit 0
fi

if ! "$target" "${options[@]}" -runs=0 "${dirs[@]}" >"$scratch/log" 2>&1; then
	tail -n 20 "$scratch/log"
	echo "$name: a seed has the planted bug already"
	exit 1
fi
start=$SECONDS
"$target" "${options[@]}" -max_total_time=120 "${dirs[@]}" >"$scratch/log" 2>&1
if grep -q 'heap-buffer-overflow' "$scratch/log" && grep -q 'planted bug reached' "$scratch/log"; then
	echo "$name: planted bug found after $((SECONDS - start)) s"
	exit 0
fi
tail -n 20 "$scratch/log"
echo "$name: the planted bug was not found in $((SECONDS - start)) s"
exit 1
