#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents name what exists: commands, files, versions, options.

usage: check-docs.py SOURCE_ROOT [BUILD_ROOT]; the programs' --help is compared with
their man pages if BUILD_ROOT has them.
"""
import os
import re
import subprocess
import sys

import tree

OPTION = re.compile(r'(?<![\w-])--[a-z][a-z0-9-]*')


def roff_text(text):
    text = re.sub(r'(?m)^\.\\".*$', '', text)
    text = re.sub(r'\\f[BIRP]|\\&', '', text)
    return text.replace('\\-', '-')


def links(problems):
    """Relative links, and paths in backquotes that name a place of the tree."""
    known = set(tree.files())
    folders = {n[:i] for n in known for i in range(len(n)) if n[i] == '/'}
    tops = {n.split('/')[0] for n in known}
    seen = 0
    for name in (n for n in known if n.endswith('.md')):
        text = tree.read(name)
        here = os.path.dirname(name)
        for target in re.findall(r'\]\(([^)#:]+)\)', text):
            seen += 1
            if os.path.normpath(os.path.join(here, target)) not in known:
                problems.append(f'{name}: links to {target}, which is not there')
        for path in re.findall(r'`([\w.-]+/[\w./-]*)`', text):
            if path.split('/')[0] not in tops or '/X.' in path or '-X.' in path:
                continue
            seen += 1
            if path.rstrip('/') not in known | folders:
                problems.append(f'{name}: names {path}, which is not there')
    return seen


def run_commands(problems):
    """./run X in the documents is a command, each command is documented."""
    usage = tree.read('run').split("cat <<'EOF'", 1)[1].split('EOF', 1)[0]
    commands = set(re.findall(r'(?m)^  ([a-z]+) ', usage))
    suites = set(re.search(r'SUITE: (.*?)\n\s+abi', usage, re.S).group(1).split())
    suites |= {'abi', 'lint', 'asan', 'tsan', 'fuzz', 'vm', 'vm-debug'}
    for name in (n for n in tree.files() if n.endswith('.md')):
        for command, argument in re.findall(r'\./run ([a-z]+)(?: ([a-z-]+)`)?',
                                            tree.read(name)):
            if command not in commands:
                problems.append(f'{name}: ./run {command} does not exist')
            if command == 'test' and argument and argument not in suites:
                problems.append(f'{name}: ./run test {argument} does not exist')
    for command in ('demo', 'test'):
        if f'./run {command}' not in tree.read('README.md'):
            problems.append(f'README.md: does not say ./run {command}')
    folders = {n.split('/')[1] for n in tree.files()
               if re.fullmatch(r'tests/[\w-]+/meson\.build', n)}
    for folder in sorted(folders - {'bench', 'support'} - suites):
        problems.append(f'run: the suite {folder} is not in its help')
    return len(commands)


def versions(problems):
    version = re.search(r"version: '([\d.]+)'", tree.read('meson.build')).group(1)
    if f'libqda {version}' not in tree.read('NEWS'):
        problems.append(f'NEWS: does not name version {version}')
    parts = re.findall(r'#define QDA_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)',
                       tree.read('include/qda/version.h'))
    if '.'.join(parts) != version:
        problems.append(f'include/qda/version.h: is {".".join(parts)}, not {version}')
    return 2


def uapi_fields(problems):
    """What a struct's comment calls @field is a field of it."""
    text = tree.read('include/uapi/drm/qda_accel.h')
    structs = re.findall(r'/\*\*\n \* struct (\w+)(.*?)\*/\nstruct \w+ \{(.*?)\n\};', text,
                         re.S)
    for name, comment, body in structs:
        for field in sorted(set(re.findall(r'@(\w+)', comment))):
            if not re.search(rf'\b{field}(\[\w+\])?;', body):
                problems.append(f'qda_accel.h: {name} has no {field}')
    return len(structs)


def help_and_man(problems, build):
    """Options of --help and of the man page are the same."""
    program = os.path.join(build, 'tools/qda-run')
    softdsp = os.path.join(build, 'dsp/qda-softdsp')
    if not os.path.exists(program):
        return 0
    asked = []
    for page in (n for n in tree.files() if re.search(r'^docs/man/.*\.\d$', n)):
        text = roff_text(tree.read(page))
        name = os.path.basename(page)[:-2]
        if name == 'qda-softdsp':
            command = [softdsp, '--help']
        elif name == 'qda-run':
            command = [program, '--help']
        elif name.startswith('qda-run-'):
            command = [program, name[len('qda-run-'):], '--help']
        else:
            continue
        if not os.path.exists(command[0]):
            continue
        result = subprocess.run(command, capture_output=True, text=True, timeout=30,
                                check=False)
        if result.returncode:
            problems.append(f'{" ".join(command)}: exit status {result.returncode}')
        asked.append(name)
        help_text = result.stdout
        if name == 'qda-run':
            commands = re.findall(r'(?m)^  ([a-z]+)  +\w', help_text)
            for sub in commands:
                if not re.search(rf'\b{sub}\b', text):
                    problems.append(f'{page}: does not name the command {sub}')
        in_help, in_page = set(OPTION.findall(help_text)), set(OPTION.findall(text))
        # one page has the options of all commands
        for sub in commands if name == 'qda-run' else ():
            in_help |= set(OPTION.findall(subprocess.run(
                [program, sub, '--help'], capture_output=True, text=True, timeout=30,
                check=False).stdout))
        for option in sorted(in_help - in_page):
            problems.append(f'{page}: does not document {option}')
        if name != 'qda-run':
            continue
        for option in sorted(in_page - in_help):
            problems.append(f'{page}: documents {option}, which no --help has')
    if 'qda-run' not in asked:
        problems.append('qda-run has no man page')
    return len(asked)


def main():
    problems = []
    seen = links(problems) + run_commands(problems) + versions(problems)
    seen += uapi_fields(problems)
    if len(sys.argv) > 2:
        seen += help_and_man(problems, sys.argv[2])
    tree.finish('documents', problems, seen)


main()
