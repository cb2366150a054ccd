# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a stack's instances from EC2: one paginated call a region, regions at once, console output where needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.inventory.errors import ReadError, code_of, explain
from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import Instance, instance_from_api
from ansible_collections.slipway.platform.plugins.module_utils.inventory.model import EC2
from ansible_collections.slipway.platform.plugins.module_utils.inventory.ssh import console_keys, host_keys, tagged_key

try:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session
except ImportError:
    HAS_BOTOCORE = False
else:
    HAS_BOTOCORE = True

STATES = ["pending", "running", "stopping", "stopped"]
PAGE = 1000  # the most that DescribeInstances gives at once
REGIONS_AT_ONCE = 16
CONSOLES_AT_ONCE = 8
POLL = 1.0  # seconds between two looks at hosts that boot


class LeanLoader:
    """botocore's own loader, but EC2's service model is the two calls and the fields that the inventory reads.

    That spares half a second of a cold start and most of the parsing: botocore reads of an answer what its model names.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        if (service_name, type_name) == ("ec2", "service-2"):
            return EC2
        return self._loader.load_service_model(service_name, type_name, api_version)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def read_with_keys(
    stack: str, regions: Sequence[str], patience: float, tell: Callable[[list[Instance]], None]
) -> tuple[list[Instance], list[str]]:
    """As ``read``, once every host has shown its key or is older than ``patience`` seconds.

    ``tell`` gets those that are waited for, once.
    """
    begun = time.monotonic()
    told = False
    while True:
        instances, warnings = read(stack, regions)
        waiting = [instance for instance in instances if _booting(instance, patience)]
        # The launch's time is another clock's: the own one bounds the wait too.
        if not waiting or time.monotonic() - begun > patience:
            return instances, warnings
        if not told:
            tell(waiting)
            told = True
        time.sleep(POLL)


def _booting(instance: Instance, patience: float) -> bool:
    """Whether the host runs, has shown no key, and was launched fewer than ``patience`` seconds ago."""
    if instance.stopped or host_keys(instance) or not instance.launch_time:
        return False
    launched = datetime.fromisoformat(instance.launch_time.replace("Z", "+00:00"))
    return (datetime.now(UTC) - launched).total_seconds() < patience


def read(stack: str, regions: Sequence[str]) -> tuple[list[Instance], list[str]]:
    """The stack's instances in these regions, sorted by id, and warnings about consoles that could not be read.

    Raises ReadError if any region cannot be read: half an inventory is worse than none.
    """
    if not HAS_BOTOCORE:
        raise ReadError("The inventory needs the Python library boto3 beside Ansible: run 'pip install boto3'.")
    session, clients = _clients(regions)
    with ThreadPoolExecutor(REGIONS_AT_ONCE) as pool:
        results = list(pool.map(lambda region: _read_region(session, clients[region], region, stack), regions))
    instances = [instance for found, _warnings in results for instance in found]
    warnings = [warning for _found, warnings in results for warning in warnings]
    return sorted(instances, key=lambda instance: instance.instance_id), warnings


def _clients(regions: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """A session and a client a region, made one after another: a session is not safe for threads, a client is."""
    try:
        session = Session()
        session.register_component("data_loader", LeanLoader(session.get_component("data_loader")))
        return session, {region: _client(session, region) for region in regions}
    except (BotoCoreError, ValueError) as error:  # ValueError: an AWS_ENDPOINT_URL that is no URL
        raise ReadError(explain(error, ", ".join(regions))) from error


def _client(session: Any, region: str) -> Any:
    config = Config(
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=CONSOLES_AT_ONCE,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    return session.create_client("ec2", region_name=region, config=config)


def _read_region(session: Any, client: Any, region: str, stack: str) -> tuple[list[Instance], list[str]]:
    try:
        instances = _describe(client, region, stack)
    except (BotoCoreError, ClientError) as error:
        raise ReadError(explain(error, region, _is_known(session, region))) from error
    return _with_console_keys(client, instances)


def _describe(client: Any, region: str, stack: str) -> list[Instance]:
    request: dict[str, Any] = {
        "Filters": [
            {"Name": "tag:slipway:stack", "Values": [stack]},
            {"Name": "instance-state-name", "Values": STATES},
        ],
        "MaxResults": PAGE,
    }
    instances: list[Instance] = []
    while True:
        page = client.describe_instances(**request)
        for reservation in page.get("Reservations", []):
            instances.extend(instance_from_api(region, answer) for answer in reservation["Instances"])
        if not page.get("NextToken"):
            return instances
        request["NextToken"] = page["NextToken"]


def _with_console_keys(client: Any, instances: list[Instance]) -> tuple[list[Instance], list[str]]:
    """Adds the console's host keys to the hosts that run and have published none."""
    wanting = [instance.instance_id for instance in instances if not instance.stopped and not tagged_key(instance)]
    if not wanting:
        return instances, []
    with ThreadPoolExecutor(CONSOLES_AT_ONCE) as pool:
        answers = dict(zip(wanting, pool.map(lambda instance_id: _console(client, instance_id), wanting), strict=True))
    failed = {instance_id: code for instance_id, (_keys, code) in answers.items() if code}
    warnings = [f"The console of {instance_id} cannot be read ({code})." for instance_id, code in failed.items()]
    found = [instance._replace(console_keys=answers.get(instance.instance_id, ([], ""))[0]) for instance in instances]
    return found, warnings


def _console(client: Any, instance_id: str) -> tuple[list[str], str]:
    """The host keys on an instance's console and the code of an error: a console is a help, its lack no failure."""
    try:
        return console_keys(client.get_console_output(InstanceId=instance_id).get("Output", "")), ""
    except (BotoCoreError, ClientError) as error:
        return [], code_of(error)


def _is_known(session: Any, region: str) -> bool:
    partitions = session.get_available_partitions()
    return any(region in session.get_available_regions("ec2", partition) for partition in partitions)
