#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public function says what it does, since when, and how it fails."""
import re
import sys

import api

ERRORS = re.compile(r'-E[A-Z0-9]{2,}')
ELSEWHERE = re.compile(r'(?:[Aa]s|[Ss]ee|can return|returns?) (qda_\w+)\(\)')


def main():
    functions = api.functions(sys.argv[1])
    names = {f.name for f in functions}
    problems = []
    for f in functions:
        if not f.comment:
            problems.append(f'{f.where}: {f.name}: no comment of its own')
            continue
        if not re.search(r'@since \d+\.\d+', f.comment):
            problems.append(f'{f.where}: {f.name}: no @since')
        words = re.sub(r'@since.*|[/*]', ' ', f.comment).split()
        others = ELSEWHERE.findall(f.comment)
        if len(words) < 3 and not others:
            problems.append(f'{f.where}: {f.name}: does not say what it does')
        for other in others:
            if other not in names:
                problems.append(f'{f.where}: {f.name}: refers to {other}, which is not there')
        if f.returns == 'int' and not ERRORS.search(f.comment) and not others:
            problems.append(f'{f.where}: {f.name}: does not name its errors')
    for problem in problems:
        print(problem)
    print(f'{len(functions)} public functions, {len(problems)} problems')
    return 1 if problems or not functions else 0


sys.exit(main())
