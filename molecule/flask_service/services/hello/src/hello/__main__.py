# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m hello migrate``: needs what the service needs."""

from __future__ import annotations

import sys

from hello import token

if sys.argv[1:] != ["migrate"] or not token():
    sys.exit("usage: python -m hello migrate")
