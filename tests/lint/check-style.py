#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What .editorconfig says, and the length of lines and files."""
import re

import tree

TEXT = ('.c', '.h', '.cpp', '.py', '.sh', '.md', '.build', '.txt', '.ini', '.map')
MAX_COLUMNS, MAX_COLUMNS_KERNEL, MAX_LINES = 102, 88, 900


def columns(line):
    return len(line.expandtabs(8))


def main():
    problems, seen = [], 0
    for name in tree.files():
        if not name.endswith(TEXT) or name.startswith('LICENSES/'):
            continue
        seen += 1
        text = tree.read(name)
        if text and not text.endswith('\n'):
            problems.append(f'{name}: no newline at the end')
        code = name.endswith(('.c', '.h', '.cpp'))
        limit = MAX_COLUMNS_KERNEL if name.startswith('kernel/') else MAX_COLUMNS
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            where = f'{name}:{number}'
            if '\r' in line or re.search(r'[ \t]$', line):
                problems.append(f'{where}: space at the end of the line')
            if code and columns(line) > limit and '"' not in line:
                problems.append(f'{where}: {columns(line)} columns')
            if code and re.match(r' {8}', line):
                problems.append(f'{where}: indented with spaces')
        if code and len(lines) > MAX_LINES:
            problems.append(f'{name}: {len(lines)} lines')
    tree.finish('style', problems, seen)


main()
