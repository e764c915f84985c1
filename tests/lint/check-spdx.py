#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every file says its licence in its first lines, and it is the one of its place."""
import fnmatch
import re

import tree

LINE = re.compile(r'SPDX-License-Identifier: (.+?)[ \t]*(?:\*/|-->|$)', re.M)

MIT, GPL = 'MIT', 'GPL-2.0-only'
# the first pattern that fits decides
PLACES = [
    ('include/uapi/*', GPL + ' WITH Linux-syscall-note'),
    ('kernel/qda/qda_wire.h', GPL + ' OR MIT'),
    ('kernel/qda/qda_pack.*', GPL + ' OR MIT'),
    ('kernel/qda/qda_check.*', GPL + ' OR MIT'),
    ('kernel/qda_sim/qda_sim.h', GPL + ' OR MIT'),
    ('tests/kernel/modules/*/*.h', GPL + ' OR MIT'),
    ('tests/kernel/modules/*', GPL),
    ('kernel/*', GPL),
    ('*', MIT),
]


def unmarked():
    """Patterns of files that cannot carry a line, with their licence."""
    for line in tree.read('tests/lint/spdx.txt').splitlines():
        if line and not line.startswith('#'):
            yield line.split()[0]


def main():
    problems, seen = [], 0
    exempt = list(unmarked())
    for name in tree.files():
        if any(fnmatch.fnmatch(name, pattern) for pattern in exempt):
            continue
        seen += 1
        head = '\n'.join(tree.read(name).splitlines()[:6])
        found = LINE.search(head)
        want = next(spdx for pattern, spdx in PLACES if fnmatch.fnmatch(name, pattern))
        if not found:
            problems.append(f'{name}: no SPDX-License-Identifier in its first lines')
        elif found.group(1) != want:
            problems.append(f'{name}: is {found.group(1)}, files there are {want}')
    for text in ('MIT', 'GPL-2.0-only', 'Linux-syscall-note'):
        if len(tree.read(f'LICENSES/{text}.txt')) < 400:
            problems.append(f'LICENSES/{text}.txt: not the text of the licence')
    tree.finish('SPDX', problems, seen)


main()
