#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What .editorconfig says, and the length of files. clang-format has the last word
on the rest but is only asked for a count: its versions differ."""
import os
import re
import shutil
import subprocess

import tree

TEXT = ('.c', '.h', '.cpp', '.py', '.sh', '.md', '.build', '.txt', '.ini', '.map')
MAX_COLUMNS, MAX_LINES = 104, 900


def columns(line):
    return len(line.expandtabs(8))


def main():
    problems, seen, c_files = [], 0, []
    for name in tree.files():
        if not name.endswith(TEXT) or name.startswith('LICENSES/'):
            continue
        seen += 1
        text = tree.read(name)
        if text and not text.endswith('\n'):
            problems.append(f'{name}: no newline at the end')
        code = name.endswith(('.c', '.h', '.cpp'))
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            where = f'{name}:{number}'
            if '\r' in line or re.search(r'[ \t]$', line):
                problems.append(f'{where}: space at the end of the line')
            if code and columns(line) > MAX_COLUMNS and '"' not in line:
                problems.append(f'{where}: {columns(line)} columns')
            if code and re.match(r' {8}', line):
                problems.append(f'{where}: indented with spaces')
        if code:
            c_files.append(os.path.join(tree.root(), name))
            if len(lines) > MAX_LINES:
                problems.append(f'{name}: {len(lines)} lines')

    if shutil.which('clang-format'):
        out = subprocess.run(['clang-format', '--dry-run', *c_files],
                             capture_output=True, text=True, check=False).stderr
        differ = {line.split(':')[0] for line in out.splitlines() if 'warning:' in line}
        print(f'style: clang-format would change {len(differ)} of {len(c_files)} files')
    tree.finish('style', problems, seen)


main()
