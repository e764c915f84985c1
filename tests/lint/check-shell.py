#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""shellcheck over every shell script."""
import os
import re
import shutil
import subprocess
import sys

import tree


def main():
    scripts = [n for n in tree.files()
               if re.match(r'#!.*\b(ba)?sh\b', tree.read(n)[:60])]
    if not shutil.which('shellcheck'):
        print('skip: shellcheck is not installed')
        sys.exit(77)
    problems = []
    for name in scripts:
        out = subprocess.run(['shellcheck', '-x', '-P', 'SCRIPTDIR', '-S', 'warning', '-f',
                              'gcc', name], cwd=tree.root(),
                             capture_output=True, text=True, check=False)
        problems += out.stdout.splitlines()
        if not os.access(os.path.join(tree.root(), name), os.X_OK):
            problems.append(f'{name}: not executable')
    tree.finish('shellcheck', problems, len(scripts))


main()
