# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# The machines that run this are shared: how long an example takes says nothing.
# CI draws the same examples every time; `SLIPWAY_SOAK` draws many, and others each time.
SOAK = bool(os.environ.get("SLIPWAY_SOAK"))
settings.register_profile("slipway", deadline=None, max_examples=400 if SOAK else 40, derandomize=not SOAK)
settings.load_profile("slipway")
