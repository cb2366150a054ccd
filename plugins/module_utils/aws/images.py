# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for machine images that change with every release, and the public parameters that hold the newest of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Reader


@dataclass(frozen=True)
class Image:
    """``parameter``: path of the public SSM parameter whose value is the AMI id. ``user``: who may log in at first."""

    parameter: str
    user: str


ALIASES: Mapping[str, Image] = {
    # https://wiki.debian.org/Cloud/AmazonEC2Image/Bookworm
    "debian-12": Image("/aws/service/debian/release/12/latest/amd64", "admin"),
    # https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
    "gpu-ubuntu-22.04": Image(
        "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id", "ubuntu"
    ),
}


class NoSuchImage(Exception):
    """An alias that stands for nothing, with what to write instead."""


def resolve(reader: Reader, aliases: Iterable[str]) -> dict[str, str]:
    """The AMI id of each alias in the reader's region, by one ``ssm:GetParameters`` (none without aliases).

    Raises ``NoSuchImage`` for an unknown alias, and for one whose parameter the region does not have.
    """
    wanted = sorted(set(aliases))
    for alias in wanted:
        if alias not in ALIASES:
            raise NoSuchImage(f"{alias!r} is no image: give an AMI id (ami-…) or one of {', '.join(ALIASES)}")
    if not wanted:
        return {}
    paths = {ALIASES[alias].parameter: alias for alias in wanted}
    answer = reader.call("ssm", "GetParameters", {"Names": list(paths)}) or {}
    found = {paths[parameter["Name"]]: parameter["Value"] for parameter in answer.get("Parameters", ())}
    for alias in wanted:
        if alias not in found:
            raise NoSuchImage(
                f"{reader.scope.region} has no parameter {ALIASES[alias].parameter} for the image {alias!r}: "
                "give the AMI id of an image of that region instead"
            )
    return found
