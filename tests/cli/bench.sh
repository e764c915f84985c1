#!/bin/bash
# SPDX-License-Identifier: MIT
# qda-run bench runs and its tables are whole. No time is asserted.
. "$(dirname "$0")/lib.sh"
use_device
# it takes long under a sanitizer beside others
: "${QDA_CLI_SECONDS:=240}"

# whole sizes and queues are for processors that are not emulated
if [ -n "${QDA_TEST_SLOW:-}" ]; then
	run bench --quick --json --only noop --only threads --only ratios; is 0
	json "'copied' not in d and [x['threads'] for x in d['threads']] == [1, 2, 4, 8]"
	json "len(d['ratios']) == 3 and all(x['alternations'] >= 5 for x in d['ratios'])"
	json "d['noop'][0]['pinned']['min_ns'] <= d['noop'][0]['pinned']['p99_ns']"
	clean
	report
	exit
fi
run bench --quick --json; is 0
json "[x['bytes'] for x in d['copied']] == [0, 1024, 4096, 65536, 2**20, 2**24]"
json "d['zerocopy'][0]['bytes'] == 4096 and d['zerocopy'][-1]['bytes'] == 2**28"
json "all(x['pinned']['first_call_ns'] > 0 for x in d['zerocopy'] if x['pinned'])"
json "[x['threads'] for x in d['threads']] == [1, 2, 4, 8]"
json "max(x['threads'] * x['depth'] for x in d['queue']) == 64 and len(d['queue']) == 21"
json "len(d['ratios']) == 3 and all(x['pinned'] > 0 and x['unpinned'] > 0 for x in d['ratios'])"
json "all(x['alternations'] >= 5 for x in d['ratios'])"
json "d['noop'][0]['pinned']['min_ns'] <= d['noop'][0]['pinned']['median_ns'] <= d['noop'][0]['pinned']['p99_ns']"
run bench --quick --only yardstick --only noop; is 0; has "Yardstick"; has "noop"
clean
report
