# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror: packages and downloads for hosts, and nothing else of the world.

A cache (nginx) that uses no network itself stands between sockets of the daemon: one in each VPC's router, where hosts
ask, and one for each upstream, where the daemon answers with a connection to that registry alone.
"""

from __future__ import annotations

from lab.mirror.part import CACHE, Mirror, remove_all

__all__ = ["CACHE", "Mirror", "remove_all"]
