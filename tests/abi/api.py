# SPDX-License-Identifier: MIT
"""The public interface as its headers declare it."""
import glob
import os
import re
from collections import namedtuple

Function = namedtuple('Function', 'name returns comment where')

COMMENT = re.compile(r'/\*.*?\*/', re.S)


def headers(top):
    return sorted(glob.glob(os.path.join(top, 'include/qda/*.h')))


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group(0))


def functions(top):
    """Every function the public headers declare, with the comment right above it."""
    found = []
    for path in headers(top):
        with open(path, encoding='utf-8') as f:
            text = f.read()
        code = COMMENT.sub(blank, text)
        # preprocessor lines with their continuations
        code = re.sub(r'(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$', blank, code)
        code = re.sub(r'extern "C" \{', blank, code)
        # initialisers and bodies of structs and enums
        code = re.sub(r'\{[^{}]*\}', blank, code)
        pattern = re.compile(
            r'(?m)^(?!typedef\b)([A-Za-z_][\w \t]*?[\s*]+)(qda_\w+)\s*\(([^;{}]*)\)\s*;')
        for m in pattern.finditer(code):
            before = text[:m.start()].rstrip()
            comment = ''
            if before.endswith('*/'):
                start = before.rfind('/**')
                if start >= 0 and '*/' not in before[start:-2]:
                    comment = before[start:]
            line = text.count('\n', 0, m.start()) + 1
            found.append(Function(m.group(2), ' '.join(m.group(1).split()), comment,
                                  f'{os.path.relpath(path, top)}:{line}'))
    return found
