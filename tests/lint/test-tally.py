#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/tally.py counts what it is given: the last line of ./run test depends on it."""
import json
import os
import subprocess
import sys
import tempfile

TALLY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tally.py')

CMOCKA = '''[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
needs a dma-heap
[  SKIPPED ] two
[ RUN      ] three
[  ERROR   ] --- 1 != 2
[  FAILED  ] three
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] three
'''


def tally(tests, results=''):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, 'plain.json')
        with open(log, 'w', encoding='utf-8') as f:
            for test in tests:
                f.write(json.dumps(test) + '\n')
        extra = os.path.join(folder, 'results.txt')
        with open(extra, 'w', encoding='utf-8') as f:
            f.write(results)
        out = subprocess.run([sys.executable, TALLY, extra, log], capture_output=True,
                             text=True, check=False)
        return out.returncode, out.stdout.rstrip().splitlines()[-1], out.stdout


def test(result, stdout='', stderr=''):
    return {'name': 'suite / x', 'result': result, 'stdout': stdout, 'stderr': stderr}


def expect(what, got, want):
    if got != want:
        print(f'{what}: got {got}, want {want}')
        sys.exit(1)


def main():
    code, line, text = tally([test('FAIL', CMOCKA)])
    expect('cmocka', (code, line), (1, '1 passed, 1 failed, 1 skipped'))
    expect('reason', 'two (needs a dma-heap)' in text, True)
    expect('plain', tally([test('OK'), test('OK')])[:2],
           (0, '2 passed, 0 failed, 0 skipped'))
    # a program that dies after its cases, or hangs, is a failure of its own
    expect('crash', tally([test('FAIL', '[       OK ] one\n')])[:2],
           (1, '1 passed, 1 failed, 0 skipped'))
    expect('timeout', tally([test('TIMEOUT')])[:2], (1, '0 passed, 1 failed, 0 skipped'))
    expect('skip', tally([test('OK'), test('SKIP', 'skip: needs g++\n')])[:2],
           (0, '1 passed, 0 failed, 1 skipped'))
    expect('tap', tally([test('FAIL', 'ok - a\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP c\n')])[:2],
           (1, '1 passed, 1 failed, 1 skipped'))
    expect('outside', tally([test('OK')], 'fail\ttsan\tthe build failed\n')[:2],
           (1, '1 passed, 1 failed, 0 skipped'))
    expect('nothing', tally([])[:2], (1, '0 passed, 0 failed, 0 skipped'))
    print('tally counts')


main()
