#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The driver can be made into patches, and they make the driver (kernel/series)."""
import os
import subprocess
import sys

import tree

sys.exit(subprocess.run([sys.executable, os.path.join(tree.root(), 'kernel/series/make'),
                         '--verify'], check=False).returncode)
