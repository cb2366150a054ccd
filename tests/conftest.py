# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# The machines that run this are shared: how long an example takes says nothing.
settings.register_profile("slipway", deadline=None, max_examples=40)
settings.load_profile("slipway")
