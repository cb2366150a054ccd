# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading EC2: pages, regions at once, console output only where a key is missing, errors."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.exceptions
import pytest

from ansible_collections.slipway.platform.plugins.module_utils.inventory import reading
from ansible_collections.slipway.platform.plugins.module_utils.inventory.errors import ReadError
from tests.unit.plugins.inventory.instances import KEY, OTHER_KEY

CONSOLE = f"-----BEGIN SSH HOST KEY KEYS-----\n{OTHER_KEY} root@x\n-----END SSH HOST KEY KEYS-----\n"


def answer(instance_id: str, state: str = "running", **tags: str) -> dict[str, Any]:
    tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"InstanceId": instance_id, "State": {"Name": state}, "Tags": tag_set}


class Client:
    """An EC2 client of one region: pages of instances, and what consoles show."""

    def __init__(self, *pages: list[dict[str, Any]], consoles: dict[str, str | Exception] | None = None) -> None:
        self.pages = pages
        self.consoles = consoles or {}
        self.requests: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def describe_instances(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        number = int(request.get("NextToken", 0))
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"Reservations": [{"Instances": [one]} for one in self.pages[number]], **more}

    def get_console_output(self, InstanceId: str) -> dict[str, Any]:  # noqa: N803 - the API's name
        self.asked.append(InstanceId)
        output = self.consoles.get(InstanceId, "")
        if isinstance(output, Exception):
            raise output
        return {"Output": output} if output else {}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The clients that `read` gets, by region."""
    made: dict[str, Any] = {}
    monkeypatch.setattr(reading, "_client", lambda _session, region: made[region])
    return made


def test_all_pages_are_read_with_one_filtered_call_each(clients: dict[str, Any]) -> None:
    client = clients["us-east-1"] = Client([answer("i-1", "stopped")], [answer("i-0", "stopped")])
    instances, warnings = reading.read("demo-dev", ["us-east-1"])
    assert [instance.instance_id for instance in instances] == ["i-0", "i-1"]
    assert warnings == []
    assert [request.get("NextToken") for request in client.requests] == [None, "1"]
    assert {request["MaxResults"] for request in client.requests} == {1000}
    assert client.requests[0]["Filters"] == [
        {"Name": "tag:slipway:stack", "Values": ["demo-dev"]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]


def test_an_empty_account_is_no_error(clients: dict[str, Any]) -> None:
    clients["us-east-1"] = Client([])
    assert reading.read("demo-dev", ["us-east-1"]) == ([], [])


def test_regions_are_read_at_once(clients: dict[str, Any]) -> None:
    meeting = threading.Barrier(2, timeout=10)  # broken, and so an error, if one waits for the other to end

    class Slow(Client):
        def describe_instances(self, **request: Any) -> dict[str, Any]:
            meeting.wait()
            return super().describe_instances(**request)

    clients.update({"us-east-1": Slow([answer("i-1", "stopped")]), "eu-west-1": Slow([answer("i-0", "stopped")])})
    instances, _warnings = reading.read("demo-dev", ["us-east-1", "eu-west-1"])
    assert [(instance.instance_id, instance.region) for instance in instances] == [
        ("i-0", "eu-west-1"),
        ("i-1", "us-east-1"),
    ]


def test_the_console_is_asked_only_where_a_running_host_has_published_no_key(clients: dict[str, Any]) -> None:
    hosts = [
        answer("i-published", **{"slipway:host-key": KEY}),
        answer("i-silent"),
        answer("i-garbled", **{"slipway:host-key": "nonsense"}),
        answer("i-stopped", "stopped"),
    ]
    client = clients["us-east-1"] = Client(hosts, consoles={"i-silent": CONSOLE})
    instances, warnings = reading.read("demo-dev", ["us-east-1"])
    assert sorted(client.asked) == ["i-garbled", "i-silent"]
    assert {instance.instance_id: instance.console_keys for instance in instances} == {
        "i-published": [],
        "i-silent": [OTHER_KEY],
        "i-garbled": [],
        "i-stopped": [],
    }
    assert warnings == []


def test_a_console_that_cannot_be_read_is_a_warning(clients: dict[str, Any]) -> None:
    forbidden = botocore.exceptions.ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "GetConsoleOutput")
    clients["us-east-1"] = Client([answer("i-0")], consoles={"i-0": forbidden})
    instances, warnings = reading.read("demo-dev", ["us-east-1"])
    assert [instance.console_keys for instance in instances] == [[]]
    assert warnings == ["The console of i-0 cannot be read (UnauthorizedOperation)."]


def test_a_region_that_fails_fails_the_whole(clients: dict[str, Any]) -> None:
    class Expired(Client):
        def describe_instances(self, **request: Any) -> dict[str, Any]:
            raise botocore.exceptions.ClientError({"Error": {"Code": "RequestExpired"}}, "DescribeInstances")

    clients.update({"us-east-1": Client([answer("i-0", "stopped")]), "eu-west-1": Expired()})
    with pytest.raises(ReadError, match="Cannot read instances of eu-west-1: the AWS credentials have expired"):
        reading.read("demo-dev", ["us-east-1", "eu-west-1"])


@pytest.mark.parametrize(
    ("region", "message"), [("eu-nowhere-9", "no region of AWS"), ("eu-west-1", "check the network")]
)
def test_an_unreachable_endpoint_of_a_region_that_does_not_exist(
    clients: dict[str, Any], region: str, message: str
) -> None:
    class Unreachable(Client):
        def describe_instances(self, **request: Any) -> dict[str, Any]:
            raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://nowhere/")

    clients[region] = Unreachable()
    with pytest.raises(ReadError, match=message):
        reading.read("demo-dev", [region])


def test_without_boto3_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "HAS_BOTOCORE", False)
    with pytest.raises(ReadError, match="pip install boto3"):
        reading.read("demo-dev", ["us-east-1"])


def test_an_endpoint_that_is_no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:5000")
    with pytest.raises(ReadError, match="Cannot read instances of us-east-1: Invalid endpoint"):
        reading.read("demo-dev", ["us-east-1"])


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ReadError, match="the profile that AWS_PROFILE names is not in the AWS configuration"):
        reading.read("demo-dev", ["us-east-1"])


def launched(instance_id: str, seconds_ago: float, **tags: str) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return {**answer(instance_id, **tags), "LaunchTime": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


class Booting(Client):
    """Its second answer is the last: by then the host has published its key."""

    def describe_instances(self, **request: Any) -> dict[str, Any]:
        if self.requests:
            self.pages = ([launched("i-new", 1, **{"slipway:host-key": KEY})],)
        return super().describe_instances(**request)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made: none of them takes time."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def test_a_host_that_boots_is_waited_for_and_named_once(clients: dict[str, Any], naps: list[float]) -> None:
    clients["us-east-1"] = Booting([launched("i-new", 1)])
    told: list[list[str]] = []
    instances, _warnings = reading.read_with_keys(
        "demo-dev", ["us-east-1"], 60, lambda waiting: told.append([instance.instance_id for instance in waiting])
    )
    assert [instance.tags for instance in instances] == [{"slipway:host-key": KEY}]
    assert told == [["i-new"]]
    assert naps == [reading.POLL]


@pytest.mark.parametrize(
    ("host", "patience"),
    [
        (launched("i-old", 100), 60),
        (launched("i-published", 1, **{"slipway:host-key": KEY}), 60),
        (launched("i-new", 1) | {"State": {"Name": "stopped"}}, 60),
        (launched("i-new", 1), 0),
    ],
    ids=["too old", "published", "stopped", "no patience"],
)
def test_others_are_not_waited_for(
    clients: dict[str, Any], naps: list[float], host: dict[str, Any], patience: float
) -> None:
    clients["us-east-1"] = Client([host])
    reading.read_with_keys("demo-dev", ["us-east-1"], patience, lambda _waiting: pytest.fail("nobody to wait for"))
    assert naps == []


def test_patience_ends_where_the_launch_seems_to_be_in_the_future(
    clients: dict[str, Any], naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    clients["us-east-1"] = Client([launched("i-new", -1000)])
    instances, _warnings = reading.read_with_keys("demo-dev", ["us-east-1"], 30, lambda _waiting: None)
    assert len(instances) == 1
    assert len(naps) == 3
