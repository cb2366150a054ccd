# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image of the lab stands for an AMI."""

from __future__ import annotations

from lab.emulator.strict.images import IMAGES


def image_of(ami: str, region: str) -> str:
    """The name of an image in ``lab/images``. Raises ValueError for an AMI that has none."""
    for public in IMAGES:
        if public.id(region) == ami:
            return "gpu_host" if "deeplearning" in public.parameter else "host"
    known = ", ".join(f"{public.id(region)} ({public.name})" for public in IMAGES)
    raise ValueError(f"no image of the lab stands for {ami}; there is {known}")


def user_of(ami: str, region: str) -> str:
    """Who may log in to a host of an AMI at first; the Debian images' user for one that is not known."""
    gpu = any(public.id(region) == ami and "deeplearning" in public.parameter for public in IMAGES)
    return "ubuntu" if gpu else "admin"
