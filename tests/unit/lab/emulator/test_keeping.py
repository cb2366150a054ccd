# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account is kept: also by a process that is killed, and with what it was in the middle of."""

from __future__ import annotations

import base64
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.emulator import Emulator
from lab.emulator.keeper import LONGEST, Keeper
from tests.unit.lab.emulator.support import CONFIG, Aws, InProcess, eventually, refused

_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


def _kill(emulator: Emulator) -> None:
    assert emulator._process
    os.kill(emulator._process.pid, signal.SIGKILL)
    emulator._process.wait()


def test_killed_emulator_goes_on_where_it_was(tmp_path: Path) -> None:
    with Emulator(lag=None, transition=3_600_000, state_dir=tmp_path) as emulator:
        aws = Aws(emulator)
        network = aws.network(zones=2)
        instance = aws.launch(network.subnet)["InstanceId"]
        balancer = aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets)["LoadBalancers"][0]
        nat = aws.ec2.create_nat_gateway(SubnetId=network.subnet, ConnectivityType="private")["NatGateway"]
        aws.emulator.settle()
        aws.ec2.terminate_instances(InstanceIds=[instance])
        aws.ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
        aws.ec2.create_volume(Size=1, AvailabilityZone="eu-west-1a")
        aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        aws.s3.create_bucket(Bucket="made-last", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        file = tmp_path / "account.pickle"
        eventually(lambda: file.exists() and b"made-last" in file.read_bytes(), wanted=True)
        _kill(emulator)
    with Emulator(lag=None, transition=3_600_000, state_dir=tmp_path) as emulator:
        aws = Aws(emulator)
        assert [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]] == ["made-last"]
        assert _states(aws, instance) == ["shutting-down", "deleting", "creating"]
        with refused("DependencyViolation"):
            aws.ec2.delete_subnet(SubnetId=network.subnet)
        emulator.settle()
        assert _states(aws, instance) == ["terminated", "deleted", "available"]
        assert aws.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
        for subnet in network.subnets:
            aws.ec2.delete_subnet(SubnetId=subnet)


def _states(aws: Aws, instance: str) -> list[str]:
    volumes = aws.ec2.describe_volumes()["Volumes"]
    return [
        aws.instance(instance)["State"]["Name"],
        aws.ec2.describe_nat_gateways()["NatGateways"][0]["State"],
        next(each["State"] for each in volumes if each["Size"] == 1),
    ]


def test_states_end_and_are_kept_without_a_request(tmp_path: Path) -> None:
    file = tmp_path / "account.pickle"
    with Emulator(lag=None, transition=200, state_dir=tmp_path) as emulator:
        instance = Aws(emulator).launch(Aws(emulator).network().subnet)["InstanceId"]

        def ended() -> bool:
            saved = file.read_bytes() if file.exists() else b""
            return instance.encode() in saved and b"_arrive" not in saved  # no state of it is to come

        eventually(ended, wanted=True)  # nobody asks meanwhile
        _kill(emulator)
    with Emulator(lag=None, transition=3_600_000, state_dir=tmp_path) as emulator:
        assert Aws(emulator).instance(instance)["State"]["Name"] == "running"


@pytest.fixture
def writes() -> Iterator[tuple[Keeper, list[float]]]:
    """A keeper, and the times of what it saved."""
    times: list[float] = []
    keeper = Keeper(lambda: None, lambda: times.append(time.monotonic()))
    keeper.start()
    yield keeper, times
    keeper.end()


def test_burst_of_changes_is_saved_once_and_soon(writes: tuple[Keeper, list[float]]) -> None:
    keeper, times = writes
    for _ in range(100):
        keeper.changed()
    last = time.monotonic()
    eventually(lambda: len(times), 1)
    assert times[0] - last < 0.5
    keeper.changed()
    eventually(lambda: len(times), 2)


def test_changes_without_end_are_saved_all_the_same(writes: tuple[Keeper, list[float]]) -> None:
    keeper, times = writes
    began = time.monotonic()
    while not times:
        keeper.changed()
        assert time.monotonic() - began < 5 * LONGEST
        threading.Event().wait(0.02)
    assert times[0] - began < 2 * LONGEST


def test_failed_save_is_tried_again() -> None:
    tries: list[int] = []

    def save() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no space left")

    keeper = Keeper(lambda: None, save)
    keeper.start()
    keeper.changed()
    eventually(lambda: len(tries), 2)
    keeper.end()


def _as_role(aws: InProcess, given: Any, token: str) -> Any:
    keys = {"aws_access_key_id": given.access_key, "aws_secret_access_key": given.secret_key}
    where: dict[str, Any] = {"endpoint_url": aws.emulator.endpoint, "region_name": "eu-west-1", "config": CONFIG}
    return boto3.client("sts", aws_session_token=token, **where, **keys)


def test_credentials_of_a_role(told: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="there is no role app"):
        told.application.role_credentials("app", "i-1")
    told.iam.create_role(RoleName="app", AssumeRolePolicyDocument=_TRUST, Path="/slipway/")
    given = told.application.role_credentials("app", "i-1")
    assert told.application.role_credentials("app", "i-1") == given
    assert told.application.role_credentials("app", "i-2") != given
    identity = _as_role(told, given, given.token).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/app/i-1"
    for wrong in ("", "another"):
        with refused("InvalidClientTokenId"):
            _as_role(told, given, wrong).get_caller_identity()
    credentials = told.application._credentials
    expired = given._replace(expires=given.expires.replace(year=2020))
    monkeypatch.setitem(credentials._temporary, given.access_key, expired)
    monkeypatch.setitem(credentials._of_role, ("app", "i-1"), expired)
    with refused("ExpiredToken"):
        _as_role(told, given, given.token).get_caller_identity()
    assert told.application.role_credentials("app", "i-1").access_key != given.access_key


def test_registry_s_password_is_the_token_s(told: InProcess) -> None:
    (given,) = told.ecr.get_authorization_token()["authorizationData"]
    token = base64.b64decode(given["authorizationToken"]).decode()
    assert token == f"AWS:{told.application.registry_password()}"


def test_credentials_and_registry_password_outlive_the_emulator(tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        with Emulator(lag=None, state_dir=tmp_path) as emulator:
            tokens.append(Aws(emulator).ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
            _settle_saved(tmp_path)
            _kill(emulator)
    assert tokens[0] == tokens[1]


def _settle_saved(folder: Path) -> None:
    eventually((folder / "account.pickle").exists, wanted=True)
