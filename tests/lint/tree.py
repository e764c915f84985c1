# SPDX-License-Identifier: MIT
"""The files of the checkout, and the way checks report."""
import os
import subprocess
import sys


def root():
    here = os.path.dirname(os.path.abspath(__file__))
    return sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))


def files():
    """Paths of what git knows or would add; of everything, in an unpacked release."""
    top = root()
    try:
        out = subprocess.run(
            ['git', '-c', 'safe.directory=*', '-C', top, 'ls-files', '-z', '--cached',
             '--others', '--exclude-standard'],
            check=True, capture_output=True).stdout
        names = sorted(set(out.decode().split('\0')) - {''})
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, dirs, found in os.walk(top):
            dirs[:] = [d for d in dirs if d not in ('.git', '__pycache__')
                       and not d.startswith('build')]
            names += [os.path.relpath(os.path.join(folder, f), top) for f in found]
    return [n for n in sorted(names) if os.path.isfile(os.path.join(top, n))]


def read(name):
    with open(os.path.join(root(), name), encoding='utf-8', errors='replace') as f:
        return f.read()


def finish(what, problems, seen):
    for problem in problems:
        print(problem)
    if not seen:
        print(f'{what}: nothing was looked at')
    if problems or not seen:
        print(f'{what}: {len(problems)} problems')
        sys.exit(1)
    print(f'{what}: {seen} looked at, no problem')
