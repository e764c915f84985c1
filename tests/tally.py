#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what meson's test logs say, case by case where a test has cases.

usage: tally.py RESULTS.txt LOG.json...
RESULTS.txt has lines "pass|fail|skip<TAB>name<TAB>reason" of what ran outside meson.
"""
import json
import os
import re
import sys

CMOCKA = re.compile(r'(?m)^\[ +(OK|FAILED|ERROR|SKIPPED) +\] (?!---)(\S+)')
TAP = re.compile(r'(?m)^(not )?ok \d+(?: -)? *([^#\n]*)(# SKIP.*)?$')


def cases(text):
    """{case: 'pass'|'fail'|'skip'} of one test's output."""
    found = {}
    for word, name in CMOCKA.findall(text):
        if name.isdigit():      # "[  FAILED  ] 3 test(s)" sums up
            continue
        new = {'OK': 'pass', 'SKIPPED': 'skip'}.get(word, 'fail')
        if found.get(name) != 'fail':
            found[name] = new
    if not found:
        for bad, name, skip in TAP.findall(text):
            found[name.strip() or str(len(found))] = (
                'fail' if bad else 'skip' if skip else 'pass')
    return found


def reason(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if re.match(r'(?i)skip', line):
            return line
    return lines[-1] if lines else 'no reason given'


def read_log(path, rows):
    profile = os.path.basename(path).removesuffix('.json')
    with open(path, encoding='utf-8', errors='replace') as log:
        for line in log:
            test = json.loads(line)
            text = (test.get('stdout') or '') + '\n' + (test.get('stderr') or '')
            name = f'{profile}: {test["name"]}'
            result = test['result']
            if result in ('SKIP', 'SKIPPED'):
                rows.append(('skip', profile, name, reason(text)))
                continue
            good = result in ('OK', 'EXPECTEDFAIL')
            parts = cases(text)
            for case, what in parts.items():
                rows.append((what, profile, f'{name}: {case}',
                             skip_reason(text, case) if what == 'skip' else ''))
            if not good and test.get('why'):
                rows.append(('fail', profile, name, test['why']))
            elif not good and 'fail' not in parts.values():
                rows.append(('fail', profile, name, result.lower()))
            elif good and not parts:
                rows.append(('pass', profile, name, ''))


def skip_reason(text, case):
    """What a case printed between its start and its skip."""
    match = re.search(r'\[ RUN +\] ' + re.escape(case) + r'\n(.*?)\[ +SKIPPED', text,
                      re.S)
    return reason(match.group(1)) if match else 'no reason given'


def main():
    rows = []
    for path in sys.argv[2:]:
        read_log(path, rows)
    with open(sys.argv[1], encoding='utf-8') as results:
        for line in results:
            what, name, why = line.rstrip('\n').split('\t')
            rows.append((what, 'run', name, why))

    for what, title in (('skip', 'skipped'), ('fail', 'FAILED')):
        chosen = [row for row in rows if row[0] == what]
        if chosen:
            print(f'{title}:')
        for _, _, name, why in chosen:
            print(f'  {name}' + (f' ({why})' if why else ''))

    print()
    for profile in dict.fromkeys(row[1] for row in rows):
        counts = [sum(r[0] == w and r[1] == profile for r in rows)
                  for w in ('pass', 'fail', 'skip')]
        print('  {:<8} {:>6} passed {:>4} failed {:>4} skipped'.format(
            profile, *counts))
    total = {w: sum(r[0] == w for r in rows) for w in ('pass', 'fail', 'skip')}
    print(f'\n{total["pass"]} passed, {total["fail"]} failed, {total["skip"]} skipped')
    return 1 if total['fail'] or not total['pass'] else 0


if __name__ == '__main__':
    sys.exit(main())
