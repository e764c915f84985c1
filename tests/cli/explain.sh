#!/bin/bash
# SPDX-License-Identifier: MIT
# qda-run explain; needs no device.
. "$(dirname "$0")/lib.sh"

run explain --help; is 0; has "usage: qda-run explain"
run explain; is 2; says "a code or a name"
run explain 1 2; is 2; says "'2' is another"
run explain -- -1 -2; is 2; says "'-2' is another"
run explain --device cdsp 1; is 2; says "--device"
run explain --nonsense; is 2; says "unknown option --nonsense"
for word in '' ' ' x AEE_ AEE_NONSENSE nonsense 0x 0xg 1.5 -- - 1x \
	4294967296 0x100000000 -2147483649 99999999999999999999999 $'\x01\xff'; do
	[ "$word" = -- ] && continue
	run explain "$word"; is 2; says "is neither a number of 32 bits nor a name"
done

# one status in all the ways that logs write it
for word in 0x4e 0X4E 4e 0x8000044e 8000044e 0x8000044E 2147484750 -2147482546 \
	AEE_EBADPERMS aee_ebadperms EBADPERMS; do
	run explain "$word"; is 0; has "DSP status AEE_EBADPERMS (0x4e, 0x8000044e)"
	has "bad permissions"; has "library path"
done
run explain --json -2147482546; is 0
json "d['query'] == '-2147482546' and len(d['meanings']) == 1"
json "d['meanings'][0]['kind'] == 'status' and d['meanings'][0]['name'] == 'AEE_EBADPERMS'"
json "d['meanings'][0]['codes'] == [0x4e, 0x8000044e]"
json "'permissions' in d['meanings'][0]['text'] and d['meanings'][0]['advice']"
# the number that a board's user took for another one
run explain 80000600; is 0; has "AEE_ERPC (0x200, 0x80000600)"

# the DSP's, and what an application answers to a name that it has not
for word in 0x3e 0x8000043e; do
	run explain --json "$word"; is 0
	json "'DSP_LIBRARY_PATH' in d['meanings'][0]['advice']"
	json "'qda_reverse_new()' in d['meanings'][0]['advice']"
done

# errno values: negative, as 32 bits, by name
for word in -22 0xffffffea 4294967274 EINVAL einval; do
	run explain --json "$word"; is 0
	json "[(m['kind'], m['name'], m['codes']) for m in d['meanings']] == [('errno', 'EINVAL', [22])]"
done
run explain -- -22; is 0; has "errno EINVAL (22)"
run --json explain EOPNOTSUPP; is 0; json "d['meanings'][0]['codes'] == [95]"

# what has two meanings has both
run explain --json 22; is 0
json "[m['name'] for m in d['meanings']] == ['AEE_ERESOURCENOTFOUND', 'EINVAL']"
run explain --json 0x16; is 0
json "[m['name'] for m in d['meanings']] == ['AEE_ERESOURCENOTFOUND']"
run explain --json EALREADY; is 0
json "[m['name'] for m in d['meanings']] == ['AEE_EALREADY', 'EALREADY']"
run explain --json 104; is 0
json "[m['name'] for m in d['meanings']] == ['AEE_ECONNRESET', 'AEE_ENORPCMEMORY', 'ECONNRESET']"
run explain --json -1; is 0
json "[m['name'] for m in d['meanings']] == ['AEE_EUNKNOWN', 'EPERM']"
run explain 0; is 0; has "AEE_SUCCESS"

# a module may return what it likes
run explain --json 0x12345; is 0
json "d['meanings'] == [{'kind': 'status', 'name': None, 'codes': [0x12345], 'text': d['meanings'][0]['text'], 'advice': ''}]"
run explain 99999; is 0; has "without a name (0x1869f)"; has "the method's own"
report
