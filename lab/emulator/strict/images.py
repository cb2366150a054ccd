# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public images of this platform: found by EC2's DescribeImages and by their public SSM parameters.

https://wiki.debian.org/Cloud/AmazonEC2Image/Bookworm and
https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend
from moto.ssm.models import Parameter, ParameterDict

from lab.emulator.strict import cured

_PUBLISHED = datetime(2026, 9, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class PublicImage:
    """One public image: the SSM parameter that names it, its owner and what DescribeImages says of it."""

    parameter: str
    name: str
    owner: str
    alias: str | None
    root_device: str
    architecture: str = "x86_64"

    def id(self, region: str) -> str:
        """Its id in one region, always the same."""
        return f"ami-{hashlib.sha256(f'{region}/{self.parameter}'.encode()).hexdigest()[:17]}"


_DLAMI = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
_DLAMI_NAME = "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260901"
IMAGES = (
    PublicImage(
        "/aws/service/debian/release/12/latest/amd64",
        "debian-12-amd64-20260901-2222",
        "136693071363",
        None,
        "/dev/xvda",
    ),
    PublicImage(
        "/aws/service/debian/release/12/latest/arm64",
        "debian-12-arm64-20260901-2222",
        "136693071363",
        None,
        "/dev/xvda",
        "arm64",
    ),
    PublicImage(_DLAMI, _DLAMI_NAME, "898082745236", "amazon", "/dev/sda1"),
)


@cured(AmiBackend, "_load_amis")
def images(original: Any, backend: Any) -> None:
    """Public images are described. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html"""
    original()
    for image in IMAGES:
        identity = image.id(backend.region_name)
        backend.amis[identity] = Ami(backend, identity, region_name=f"{backend.region_name}a", **_described(image))


def _described(image: PublicImage) -> dict[str, Any]:
    return {
        "name": image.name,
        "description": image.name,
        "owner_id": image.owner,
        "owner_alias": image.alias,
        "public": True,
        "virtualization_type": "hvm",
        "architecture": image.architecture,
        "creation_date": _PUBLISHED,
        "hypervisor": "xen",
        "root_device_type": "ebs",
        "root_device_name": image.root_device,
    }


@cured(ParameterDict, "__init__")
def parameters(original: Any, parameters: Any, account_id: str, region_name: str) -> None:
    """Public parameters are there. https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html"""
    original(account_id, region_name)
    for image in IMAGES:
        value = image.id(region_name)
        fields = {"account_id": account_id, "name": image.parameter, "value": value, "parameter_type": "String"}
        absent = dict.fromkeys(("description", "allowed_pattern", "keyid"))
        make: Any = Parameter  # abstract by its annotations only
        published = make(**fields, **absent, last_modified_date=_PUBLISHED, version=1, data_type="aws:ec2:image")
        dict.__setitem__(parameters, image.parameter, [published])
