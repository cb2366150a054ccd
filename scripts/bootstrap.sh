#!/bin/sh
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bootstrap.sh LOCK LINK: a virtual environment of requirements/LOCK.lock, kept in the cache, and LINK pointing to it.
# The interpreter is $PYTHON (python3.11), the cache $SLIPWAY_CACHE (.cache).
set -eu

python="${PYTHON:-python3.11}"
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
    cat >&2 <<MESSAGE
Slipway needs Python 3.11, and "$python" does not run one. To get it:
  Debian 12, Ubuntu 22.04   sudo apt-get install python3.11 python3.11-venv
  elsewhere                 pyenv install 3.11, or https://www.python.org/downloads/
Where it has another name:  make PYTHON=/path/to/python3.11 ...
MESSAGE
    exit 1
fi
exec "$python" "$(dirname "$0")/bootstrap.py" "$@"
