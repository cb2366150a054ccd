# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's API on one machine: moto's server, made stricter where AWS is.

`Emulator` is the library; ``python -m lab.emulator`` is the program (serve, exec, seed).
"""

from __future__ import annotations

from lab.emulator.options import Options
from lab.emulator.process import Emulator

__all__ = ["Emulator", "Options"]
