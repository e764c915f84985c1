#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/upstream-review.md answers every objection and names what exists.

A function named beside a file must be defined in that file, one alone anywhere in the
driver; a struct or table likewise.
"""
import re

import tree

PAGE = 'docs/upstream-review.md'
PLACE = 'kernel/qda/'
DOCS = 'kernel/Documentation/accel/qda/'
# how many entries the lists have that the page answers
ENTRIES = {'A': 13, 'B': 15, 'C': 22, 'D': 20, 'E': 10, 'F': 13, 'G': 16, 'N': 6, 'S': 23,
           'W': 10, 'U': 4, 'T': 22, 'K': 20}
# of the kernel, not of the driver
FOREIGN = {'guard', 'drm_gem_is_prime_exported_dma_buf', 'dev_err_probe',
           'device_initialize', 'of_dma_configure', 'devm_drm_dev_alloc', 'drm_dev_enter',
           'module_rpmsg_driver', 'drm_dev_unplug'}


def rows(text):
    """(id, answer) of each row that has an id."""
    for line in text.split('\n'):
        cells = [c.strip() for c in line.strip().strip('|').split('|')]
        m = re.match(r'([A-Z])(\d+)\b', cells[0])
        if line.startswith('|') and m:
            yield m.group(1), int(m.group(2)), cells


def entries(problems, text):
    found = {}
    for letter, number, cells in rows(text):
        key = f'{letter}{number}'
        if key in found:
            problems.append(f'{PAGE}: {key} is there twice')
        found[key] = cells
        if len(cells) != 3 or len(cells[-1]) < 4:
            problems.append(f'{PAGE}: {key} has no answer')
    wanted = {f'{a}{n}' for a, last in ENTRIES.items() for n in range(1, last + 1)}
    problems += [f'{PAGE}: does not answer {k}' for k in sorted(wanted - set(found))]
    problems += [f'{PAGE}: {k} is not in the lists' for k in sorted(set(found) - wanted)]
    return len(found)


def defines(text, name):
    return re.search(rf'(?m)^(?!\s|//|/\*|#).*\b{name}\(', text) is not None


def names(problems, text):
    """Functions, structs and files are there, and where the page says."""
    known = set(tree.files())
    driver = {n[len(PLACE):]: tree.read(n) for n in known if n.startswith(PLACE)}
    sources = {n: t for n, t in driver.items() if n.endswith('.c')}
    seen = 0
    for name in set(re.findall(r'`(qda_\w+\.[ch])`', text)):
        seen += 1
        if name not in driver:
            problems.append(f'{PAGE}: names {name}, which is not in {PLACE}')
    for page in set(re.findall(r'(?<![-\w])page ([a-z-]+)(?=[,;:.)]| and| names)', text)):
        seen += 1
        if f'{DOCS}{page}.rst' not in known and page != 'X':
            problems.append(f'{PAGE}: names page {page}, which is not in {DOCS}')
    for name in set(re.findall(r'`(\w+)\(\)`', text)) - FOREIGN:
        seen += 1
        if not any(defines(t, name) for t in sources.values()):
            problems.append(f'{PAGE}: names {name}(), which the driver does not have')
    for name, place in set(re.findall(r'`(\w+)\(\)` in\s+`(\w+\.c)`', text)):
        seen += 1
        if place in sources and not defines(sources[place], name):
            problems.append(f'{PAGE}: {name}() is not in {place}')
    everything = '\n'.join(driver.values()) + tree.read('include/uapi/drm/qda_accel.h')
    for kind, name in set(re.findall(r'`(struct|enum) (\w+?)\*?`', text)):
        seen += 1
        if not re.search(rf'\b{kind} {name}', everything):
            problems.append(f'{PAGE}: names {kind} {name}, which is not there')
    for name in set(re.findall(r'`(qda_\w+_match)`', text)):
        seen += 1
        if name not in everything:
            problems.append(f'{PAGE}: names {name}, which is not there')
    return seen


def main():
    problems = []
    text = tree.read(PAGE)
    seen = entries(problems, text) + names(problems, text)
    tree.finish('review', problems, seen)


main()
