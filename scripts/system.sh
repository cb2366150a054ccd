#!/bin/sh
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# system.sh [--tests]: the packages of Debian or Ubuntu without which nothing here can begin, or no tests; installs those that are missing,
# as root or by sudo.
set -eu

missing=""
command -v ssh >/dev/null || missing="$missing openssh-client"
# Another Python 3.11 than the distribution's (pyenv, a build of one's own) counts too, if it has its venv module.
"${PYTHON:-python3.11}" -c 'import ensurepip' 2>/dev/null || missing="$missing python3.11 python3.11-venv"
if [ "${1:-}" = --tests ]; then
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing:$missing. Install them with this system's package manager, and run again." >&2
    exit 1
fi
sudo=""
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Missing:$missing. As root: apt-get install$missing" >&2
        exit 1
    fi
    sudo=sudo
fi
echo "Installing$missing" >&2
$sudo apt-get update --quiet
# shellcheck disable=SC2086  # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $missing
