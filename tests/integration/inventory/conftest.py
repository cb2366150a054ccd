# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated account, and Ansible's own commands against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from lab.emulator import Emulator

REPOSITORY = Path(__file__).parents[3]
SOURCE = """
plugin: slipway.platform.ec2
project: demo
environment: dev
regions: [us-east-1, eu-west-1]
"""


class Controller:
    """A control node: an inventory folder, a home, and the environment of the emulator."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.inventory = folder / "inventory"
        self.home = folder / "home"
        self.inventory.mkdir()
        self.write("demo.slipway.yml", SOURCE)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "true",
            **environment,
        }

    def write(self, name: str, text: str) -> None:
        path = self.inventory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name(program)), "-i", str(self.inventory), *arguments]
        settings = {**self.environment, **environment}
        return subprocess.run(command, cwd=REPOSITORY, env=settings, capture_output=True, text=True, check=False)

    def list(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """What `ansible-inventory --list` shows; texts without the mark that they are no templates."""
        done = self.run("ansible-inventory", "--list", *arguments, **environment)
        assert done.returncode == 0, done.stderr
        listed: dict[str, Any] = json.loads(done.stdout, object_hook=lambda found: found.get("__ansible_unsafe", found))
        return listed


class Account:
    """The account: instances are put there by API calls, as by anybody."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        key, secret = emulator.options.credentials
        self._client = {
            region: botocore.session.Session().create_client(
                "ec2", region, endpoint_url=emulator.endpoint, aws_access_key_id=key, aws_secret_access_key=secret
            )
            for region in ("us-east-1", "eu-west-1")
        }

    def launch(
        self,
        name: str,
        group: str,
        tags: dict[str, str] | None = None,
        *,
        region: str = "us-east-1",
        public: bool = False,
    ) -> str:
        """The id of a new instance of the stack demo-dev in the default VPC; further tags replace its own."""
        client = self._client[region]
        subnet = client.describe_subnets()["Subnets"][0]["SubnetId"]
        tag_set = {"slipway:stack": "demo-dev", "slipway:name": name, "slipway:group": group, **(tags or {})}
        answer = client.run_instances(
            ImageId=client.describe_images()["Images"][0]["ImageId"],
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": public}],
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in tag_set.items() if value],
                }
            ],
        )
        instance_id: str = answer["Instances"][0]["InstanceId"]
        return instance_id

    def stop(self, instance_id: str) -> None:
        self._client["us-east-1"].stop_instances(InstanceIds=[instance_id])

    def describe(self, instance_id: str) -> dict[str, Any]:
        answer = self._client["us-east-1"].describe_instances(InstanceIds=[instance_id])
        instance: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return instance

    def operations(self) -> list[str]:
        return [call["operation"] for call in self.emulator.calls()]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(lag=None, transition=0) as running:
        yield running


@pytest.fixture
def account(emulator: Emulator) -> Account:
    """An account that is empty but for what AWS puts into each."""
    emulator.reset()
    return Account(emulator)


@pytest.fixture
def controller(tmp_path: Path, emulator: Emulator) -> Controller:
    return Controller(tmp_path, emulator.environment)
