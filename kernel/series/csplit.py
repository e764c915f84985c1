# SPDX-License-Identifier: GPL-2.0-only
"""Top-level items of C source in kernel style: what they are called, where they are."""
import re

NOISE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
HEADING = re.compile(r'/\* (--- .* -+|qda_\w+\.c(, qda_\w+\.c)*) \*/$')


class Item:
    """Lines [start, end) of a file; [body, end) without the comment above."""

    def __init__(self, start, body, end, names):
        self.start, self.body, self.end, self.names = start, body, end, names


def names_of(lines):
    text = NOISE.sub('', '\n'.join(lines))
    head = text.split('{')[0]
    if lines[0].startswith('#'):
        m = re.match(r'#\s*(define|undef)\s+(\w+)', lines[0])
        return [m.group(2)] if m else []
    m = re.match(r'(?:static )?(?:struct|enum|union) (\w+) \{', text)
    if m:
        return [m.group(1)]
    if re.match(r'(struct|enum) \w+;', text):
        return [text.split()[1].rstrip(';')]
    m = re.match(r'[A-Z_]+\((\w+)', head)            # TRACE_EVENT(name, module_init(x)
    if m:
        return [m.group(1)]
    m = re.match(r'typedef\s.*?\(\*(\w+)\)', head, re.S)
    if m:
        return [m.group(1)]
    m = re.match(r'[^=({]*?(\w+)(?:\[[^]]*\])*\s*(?:=|;|$)', head.split('(')[0] + '('
                 if '(' in head.split('=')[0] else head, re.S)
    call = re.search(r'(\w+)\s*\(', head)
    if call and '=' not in head.split('(')[0]:
        return [call.group(1)]
    return [m.group(1)] if m else []


def items(text):
    """All items that are code; comments belong to what follows without a blank line."""
    lines = text.split('\n')
    found, lead, i = [], None, 0
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            lead, i = None, i + 1
            continue
        if line.startswith('/*') or line.startswith('//'):
            first = i
            if line.startswith('/*'):
                while '*/' not in lines[i]:
                    i += 1
            i += 1
            if lead is None:
                lead = first
            if HEADING.match(lines[first]):
                lead = None
            continue
        body = i
        if line.startswith('#'):
            while lines[i].endswith('\\'):
                i += 1
            i += 1
        else:
            depth, comment = 0, False
            while True:
                code = NOISE.sub('', lines[i])
                code, comment = strip_comment(code, comment)
                depth += sum(code.count(c) for c in '({')
                depth -= sum(code.count(c) for c in ')}')
                i += 1
                if depth == 0 and re.search(r'[;}]\s*$', code):
                    break
                # a macro that is a statement of its own
                if depth == 0 and re.match(r'[A-Z_]+\(', lines[body]) and \
                        code.rstrip().endswith(')'):
                    break
        found.append(Item(body if lead is None else lead, body, i,
                          names_of(lines[body:i])))
        lead = None
    return found


def strip_comment(code, inside):
    out = ''
    while code:
        if inside:
            end = code.find('*/')
            if end < 0:
                return out, True
            code, inside = code[end + 2:], False
        else:
            start = code.find('/*')
            if start < 0:
                return out + code, False
            out, code, inside = out + code[:start], code[start + 2:], True
    return out, inside


def find(text, name):
    """The item that defines @name, rather than one that only declares it."""
    lines = text.split('\n')
    hits = [it for it in items(text) if name in it.names]
    whole = [it for it in hits if '{' in '\n'.join(lines[it.body:it.end])
             or lines[it.body].startswith('#')]
    return (whole or hits or [None])[0]


def defined(text):
    """Names of functions and objects that this file defines."""
    lines = text.split('\n')
    names = set()
    for it in items(text):
        code = '\n'.join(lines[it.body:it.end])
        if not lines[it.body].startswith(('#', 'extern')) and \
                ('{' in code or '=' in code):
            names.update(it.names)
    return names


def tidy(lines):
    """No double blank lines, no heading of an empty section."""
    out = []
    for line in lines:
        if not line and (not out or not out[-1]):
            continue
        if re.match(r'\t*[}]', line):
            while out and not out[-1]:
                out.pop()
        out.append(line)
    while out and not out[-1]:
        out.pop()
    again = []
    for n, line in enumerate(out):
        if HEADING.match(line):
            rest = [x for x in out[n + 1:] if x]
            if not rest or HEADING.match(rest[0]) or rest[0].startswith('#endif'):
                continue
        again.append(line)
    if len(again) != len(out):
        return tidy(again)
    return again


def remove(text, *gone):
    lines = text.split('\n')
    drop = {n for it in gone for n in range(it.start, it.end)}
    return '\n'.join(tidy([x for n, x in enumerate(lines) if n not in drop])) + '\n'


def remove_fields(text, struct, fields):
    """Fields of a struct or enum, with their lines of its kernel-doc comment."""
    it = find(text, struct)
    if it is None:
        raise KeyError(struct)
    lines = text.split('\n')
    drop, left = set(), set(fields)
    doc = False
    for n in range(it.start, it.end):
        line = lines[n]
        if n < it.body:
            m = re.match(r' \* @(\w+):', line)
            if m:
                doc = m.group(1) in fields
            elif doc and not re.match(r' \*\s+\S', line):
                doc = False
            if doc:
                drop.add(n)
            continue
        m = re.match(r'\t(?:[^;(]*?\(?[\s*(])?(\w+)(?:\[[^]]*\])?(?: = [^,]*)?'
                     r'(?:\)\([^;]*\)|, \d+\))?[;,]', line)
        if m and m.group(1) in fields:
            drop.add(n)
            left.discard(m.group(1))
    if left:
        raise KeyError(f'{struct}.{sorted(left)[0]}')
    return '\n'.join(tidy([x for n, x in enumerate(lines) if n not in drop])) + '\n'
