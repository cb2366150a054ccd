# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the emulator share: clients, a small network, and two ways of waiting for an answer."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.serving import make_server

from lab.emulator import Emulator, Options
from lab.emulator.application import Application
from lab.emulator.reality import Reality
from lab.emulator.server import HOST, Handler  # first of what imports moto

CONFIG = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)


class Aws:
    """Clients of one emulator, by the name of the service."""

    def __init__(self, emulator: Emulator, endpoint: str = "") -> None:
        self.emulator = emulator
        key, secret = emulator.options.credentials
        session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="eu-west-1")
        self.client = functools.cache(
            lambda service: session.client(service, endpoint_url=endpoint or emulator.endpoint, config=CONFIG)
        )

    def __getattr__(self, service: str) -> Any:
        return self.client(service.replace("_", "-"))

    def network(self, zones: int = 1) -> Network:
        """A VPC with a subnet a zone and an internet gateway."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        subnets = [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{'abc'[n]}")
            for n in range(zones)
        ]
        return Network(vpc, gateway, [subnet["Subnet"]["SubnetId"] for subnet in subnets])

    def image(self) -> str:
        """The Debian image."""
        name = "/aws/service/debian/release/12/latest/amd64"
        return str(self.ssm.get_parameter(Name=name)["Parameter"]["Value"])

    def launch(self, subnet: str, **more: Any) -> dict[str, Any]:
        """One instance in a subnet."""
        more = {"ImageId": self.image(), "InstanceType": "t3.micro", "SubnetId": subnet, **more}
        instance: dict[str, Any] = self.ec2.run_instances(MinCount=1, MaxCount=1, **more)["Instances"][0]
        return instance

    def instance(self, identity: str) -> dict[str, Any]:
        """One instance as it is described."""
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[identity])["Reservations"][0]["Instances"][0]
        return found


class Network:
    """Identities of a VPC, its internet gateway and its subnets."""

    def __init__(self, vpc: str, gateway: str, subnets: list[str]) -> None:
        self.vpc, self.gateway, self.subnets = vpc, gateway, subnets
        self.subnet = subnets[0]


class InProcess(Aws):
    """The API of an application in this process, which real parts report to."""

    def __init__(self, application: Application, reality: Reality, endpoint: str) -> None:
        emulator = Emulator(application.options)
        emulator.endpoint = endpoint
        super().__init__(emulator)
        self.application, self.reality = application, reality


@functools.cache
def in_process() -> InProcess:
    """The one application of this process, served on a free port: moto's backends and states are the process's."""
    reality = Reality()
    application = Application(Options(lag=None, transition=0), reality)
    server = make_server(HOST, 0, application, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return InProcess(application, reality, f"http://{HOST}:{server.server_port}")


@contextlib.contextmanager
def refused(code: str, status: int | None = None) -> Iterator[None]:
    """The block ends with the error `code` of AWS, and where given with the HTTP status."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code
    assert status in (None, caught.value.response["ResponseMetadata"]["HTTPStatusCode"])


def eventually(look: Callable[[], object], wanted: object, seconds: float = 5.0) -> None:
    """What `look` returns becomes `wanted` within some seconds."""
    deadline = time.monotonic() + seconds
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"still {seen!r}, not {wanted!r}"
        time.sleep(0.01)
