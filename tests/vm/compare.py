#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what tests/uapi has seen on the soft device with what it saw in the guest.

usage: compare.py [--differences FILE] [--skips FILE] [--variant KERNEL] [--partial]
                  SOFT GUEST

SOFT and GUEST are files that QDA_UAPI_RESULTS named: lines "GROUP/CASE: RESULT", in
order, the last of a case its outcome. A case is the same when all its lines are. What
may differ is in tests/uapi/differences.txt, one line per case:

    GROUP/CASE | SOFT | GUEST | REASON

SOFT and GUEST are the first results that differ, "-" where there is none. A skip in
the guest is a difference, unless skips.txt lists it for that kernel (plain, debug)
alone. A line that no difference needs is an error. --partial: GUEST has some of the
cases only. Prints "ok" or "not ok" per case that differs and a count; status 1 if
any is not ok.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
DIFFERENCES = os.path.join(os.path.dirname(HERE), 'uapi', 'differences.txt')
SKIPS = os.path.join(HERE, 'skips.txt')
OUTCOMES = ('passed', 'skipped', 'failed')


def read_results(path):
    """{case: [result]}; a group that ran again replaces what it had."""
    cases = {}
    with open(path, encoding='utf-8', errors='replace') as file:
        for number, line in enumerate(file, 1):
            case, colon, result = line.rstrip('\n').partition(': ')
            if not colon or '/' not in case:
                sys.exit(f'{path}:{number}: "{line.strip()}": not GROUP/CASE: RESULT')
            if cases.get(case) and cases[case][-1] in OUTCOMES:
                del cases[case]
            cases.setdefault(case, []).append(result)
    if not cases:
        sys.exit(f'{path}: there are no results in it')
    return cases


def read_differences(path):
    """{case: (soft, guest, reason)}"""
    known = {}
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith('#'):
                continue
            fields = [field.strip() for field in line.split('|')]
            if len(fields) != 4 or not all(fields):
                sys.exit(f'{path}:{number}: not GROUP/CASE | SOFT | GUEST | REASON')
            if fields[0] in known:
                sys.exit(f'{path}:{number}: {fields[0]} is there twice')
            known[fields[0]] = tuple(fields[1:])
    return known


def read_skips(path, variant):
    """{case: reason} of what may skip on that kernel only: "uapi:GROUP CASE KERNEL: WHY"."""
    skips = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            what, _, reason = line.strip().partition(': ')
            words = what.split()
            if words[2:] == [variant] and words[0].startswith('uapi:'):
                skips[f'{words[0].removeprefix("uapi:")}/{words[1]}'] = reason
    return skips


def first_difference(soft, guest):
    """(soft, guest) where they part, None."""
    for at in range(max(len(soft), len(guest))):
        pair = tuple(side[at] if at < len(side) else '-' for side in (soft, guest))
        if pair[0] != pair[1]:
            return pair
    return None


def judge(case, soft, guest, known):
    """Why it is not ok; '' if it is."""
    for name, side in (('soft device', soft), ('guest', guest)):
        if not side:
            return f'the {name} has no such case'
        if side[-1] == 'failed':
            return f'failed on the {name}' if name == 'soft device' else 'failed in the guest'
        if side[-1] not in OUTCOMES:
            return f'did not end on the {name}' if name == 'soft device' else \
                'did not end in the guest'
    pair = first_difference(soft, guest)
    if pair is None:
        return 'its line in differences.txt is stale' if case in known else ''
    if case not in known:
        return f'"{pair[0]}" on the soft device, "{pair[1]}" in the guest'
    if known[case][:2] != pair:
        return (f'"{pair[0]}" on the soft device, "{pair[1]}" in the guest; '
                f'differences.txt says "{known[case][0]}", "{known[case][1]}"')
    return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--differences', default=DIFFERENCES)
    parser.add_argument('--skips', default=SKIPS)
    parser.add_argument('--variant', choices=['plain', 'debug'], default='plain')
    parser.add_argument('--partial', action='store_true')
    parser.add_argument('soft')
    parser.add_argument('guest')
    args = parser.parse_args()

    soft, guest = read_results(args.soft), read_results(args.guest)
    known = read_differences(args.differences)
    skips = read_skips(args.skips, args.variant)
    bad = same = 0
    for case in list(soft) + [case for case in guest if case not in soft]:
        if args.partial and case not in guest:
            continue
        if case in skips and guest.get(case) == ['skipped']:
            print(f'ok: {case}: skipped: {skips[case]}')
            continue
        why = judge(case, soft.get(case), guest.get(case), known)
        if why:
            bad += 1
            print(f'not ok: {case}: {why}')
        elif case in known:
            print(f'ok: {case}: {known[case][2]}')
        else:
            same += 1
    for case in known:
        if case not in soft and case not in guest:
            bad += 1
            print(f'not ok: {case}: differences.txt names no case')
    print(f'{same} cases are the same, {len(known)} may differ, {bad} not ok')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
