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
    out = subprocess.run(['shellcheck', '-x', '-P', 'SCRIPTDIR', '-S', 'warning', '-f', 'gcc',
                          *scripts], cwd=tree.root(), capture_output=True, text=True,
                         check=False)
    problems = (out.stdout + out.stderr).splitlines()
    problems += [f'{name}: not executable' for name in scripts
                 if not os.access(os.path.join(tree.root(), name), os.X_OK)]
    tree.finish('shellcheck', problems, len(scripts))


main()
