#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the headers declare, the sources mark, the map lists and the library exports
is one and the same set.

usage: check-symbols.py SOURCE_ROOT LIBQDA.SO
"""
import glob
import os
import re
import subprocess
import sys

import api


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def marked(top):
    """Functions defined with QDA_EXPORT."""
    found = []
    for path in glob.glob(os.path.join(top, 'lib/*.c')):
        found += re.findall(r'(?m)^QDA_EXPORT\s+[\w\s*]*?\b(qda_\w+)\s*\(',
                            api.COMMENT.sub('', read(path)))
    return found


def mapped(top):
    """{symbol: version} of the linker map."""
    text = re.sub(r'(?m)^\s*#.*$', '', api.COMMENT.sub('', read(
        os.path.join(top, 'lib/libqda.map'))))
    found = {}
    for node, body in re.findall(r'([\w.]+)\s*\{(.*?)\}', text, re.S):
        public = re.search(r'global:(.*?)(?:local:|$)', body, re.S)
        for name in re.findall(r'[\w*]+', public.group(1) if public else ''):
            found[name] = node
    return found


def exported(library):
    """{symbol: version} of the built library."""
    out = subprocess.run(['nm', '-D', '--defined-only', '--with-symbol-versions', library],
                         check=True, capture_output=True, text=True).stdout
    found = {}
    for line in out.splitlines():
        kind, name = line.split()[-2:]
        if kind != 'A':         # the version nodes themselves
            name, _, version = name.partition('@')
            found[name] = version.lstrip('@')
    return found


def main():
    top, library = sys.argv[1:]
    declared = [f.name for f in api.functions(top)]
    versions, built = mapped(top), exported(library)
    sets = {
        'include/qda': set(declared),
        'QDA_EXPORT': set(marked(top)),
        'libqda.map': set(versions),
        'libqda.so': set(built),
    }
    problems = []
    for name in sorted(set.union(*sets.values())):
        absent = [place for place, names in sets.items() if name not in names]
        if absent:
            problems.append(f'{name}: not in {", ".join(absent)}')
        elif versions[name] != built[name]:
            problems.append(f'{name}: version {built[name]}')
    for name in sorted(n for n in set(declared) if declared.count(n) > 1):
        problems.append(f'{name}: declared twice')

    out = subprocess.run(['readelf', '-d', library], check=True, capture_output=True,
                         text=True).stdout
    if 'SONAME' not in out or '[libqda.so.0]' not in out:
        problems.append('the soname is not libqda.so.0')
    for problem in problems:
        print(problem)
    print(f'{len(declared)} functions, {len(problems)} problems')
    return 1 if problems or not declared else 0


sys.exit(main())
