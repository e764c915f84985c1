#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may include what (docs/architecture.md, "The include rule")."""
import fnmatch
import os
import re

import tree

INCLUDE = re.compile(r'(?m)^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')
SEARCH = ['', 'include', 'include/uapi', 'lib', 'lib/soft', 'kernel',
          'kernel/qda', 'dsp', 'dsp/include', 'tests/support']
UAPI = 'include/uapi/*'


def targets(name, text, known):
    """Files of ours that this file includes."""
    for quote, path in INCLUDE.findall(text):
        folders = ([os.path.dirname(name)] if quote == '"' else []) + SEARCH
        for folder in folders:
            candidate = os.path.normpath(os.path.join(folder, path))
            if candidate in known:
                yield candidate
                break


def fits(name, *patterns):
    return any(fnmatch.fnmatch(name, p) for p in patterns)


def forbidden(source, target):
    """Why source may not include target, or None."""
    if fits(source, 'tools/*', 'examples/*'):
        if not fits(target, 'include/qda/*', os.path.dirname(source) + '/*'):
            return 'tools and examples include public headers only'
    if fits(source, 'include/qda/*') and not fits(target, 'include/qda/*'):
        return 'public headers include public headers only'
    if fits(source, 'lib/*') and not fits(source, 'lib/kapi*', 'lib/soft/*'):
        if fits(target, UAPI, 'kernel/*', 'lib/soft/*', 'dsp/*'):
            return 'in the library only kapi and the soft device know the driver'
    if fits(source, 'lib/soft/*') and fits(target, 'include/qda/*'):
        return 'the soft device is the kernel\'s half and does not know the library'
    if fits(source, 'tests/uapi/*') and fits(target, 'include/qda/*', 'lib/internal.h',
                                             'lib/kapi.h'):
        return 'tests/uapi goes through the system calls only'
    if fits(source, 'kernel/qda/*') and not fits(target, 'kernel/*', UAPI):
        return 'the driver includes nothing outside kernel/ and include/uapi'
    if fits(source, 'dsp/*') and fits(target, 'include/qda/*', 'lib/*') and \
            not fits(target, 'lib/list.h', 'lib/domains.h'):
        return 'the DSP side knows nothing of the library'
    return None


def main():
    names = [n for n in tree.files() if n.endswith(('.c', '.h', '.cpp'))]
    graph = {n: set() for n in names}
    for name in names:
        graph[name] = set(targets(name, tree.read(name), graph))

    problems = []
    for source in names:
        # what comes in through others counts; show the way it came
        ways = {source: [source]}
        queue = [source]
        while queue:
            for target in sorted(graph[queue[0]]):
                if target not in ways:
                    ways[target] = ways[queue[0]] + [target]
                    queue.append(target)
            queue.pop(0)
        for target, way in ways.items():
            why = target != source and forbidden(source, target)
            if why:
                problems.append(f'{" -> ".join(way)}: {why}')
    tree.finish('include rule', problems, len(names))


main()
