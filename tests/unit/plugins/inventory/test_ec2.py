# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin itself: options, cache, what it gives the inventory. EC2 is a stub that counts its reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible._internal._datatag._tags import TrustedAsTemplate
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache

from ansible_collections.slipway.platform.plugins.inventory import ec2
from ansible_collections.slipway.platform.plugins.module_utils.inventory import reading
from ansible_collections.slipway.platform.plugins.module_utils.inventory.errors import ReadError
from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import Instance
from tests.unit.plugins.inventory.instances import KEY, OTHER_KEY, make

STACK = {"project": "demo", "environment": "dev", "region": "us-east-1"}
BASTION = make("i-bastion", name="bastion-1", group="bastion", public_ip="203.0.113.7", tags={"slipway:host-key": KEY})
KAFKA = make("i-kafka", name="kafka-1", group="kafka", tags={"Component": "kafka", "Owner": "{{ owner }}"})


class Account:
    """Stands for EC2: what it holds and how often it was read."""

    def __init__(self) -> None:
        self.instances: list[Instance] = [BASTION, KAFKA]
        self.warnings: list[str] = []
        self.error: ReadError | None = None
        self.reads: list[tuple[str, list[str]]] = []

    def read(self, stack: str, regions: list[str]) -> tuple[list[Instance], list[str]]:
        self.reads.append((stack, regions))
        if self.error:
            raise self.error
        return self.instances, self.warnings


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    found = Account()
    monkeypatch.setattr(reading, "read", found.read)
    monkeypatch.setattr(constants, "ANSIBLE_HOME", str(tmp_path / "home"))
    return found


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    messages: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda _self, message: messages.append(message))
    return messages


def defaults() -> dict[str, Any]:
    """Every option at its default, from the documentation: what Ansible does when it loads the plugin."""
    sources = (
        ec2.DOCUMENTATION,
        constructed.ModuleDocFragment.DOCUMENTATION,
        inventory_cache.ModuleDocFragment.DOCUMENTATION,
    )
    options = [yaml.safe_load(source)["options"] for source in sources]
    return {name: option.get("default") for group in options for name, option in group.items()}


def parse(config: dict[str, Any], store: dict[str, Any] | None = None, cache: bool = True) -> InventoryData:
    """The inventory of a source with these options; ``store`` is the cache plugin's."""
    plugin = ec2.InventoryModule()
    plugin.ansible_name = plugin._load_name = "slipway.platform.ec2"
    plugin._options = {**defaults(), **config}
    plugin._cache = {} if store is None else store
    plugin._read_config_data = lambda _path: config
    inventory = InventoryData()
    plugin.parse(inventory, DataLoader(), "stack.slipway.yml", cache=cache)
    inventory.reconcile_inventory()
    return inventory


def members(inventory: InventoryData, group: str) -> list[str]:
    return [host.name for host in inventory.groups[group].get_hosts()]


@pytest.mark.parametrize(
    ("name", "taken"),
    [("prod.slipway.yml", True), ("prod.slipway.yaml", True), ("slipway.yml", False), ("prod.aws_ec2.yml", False)],
)
def test_files_it_takes(tmp_path: Path, name: str, taken: bool) -> None:
    path = tmp_path / name
    path.write_text("plugin: slipway.platform.ec2\n")
    assert ec2.InventoryModule().verify_file(str(path)) is taken


def test_hosts_are_in_their_groups(account: Account) -> None:
    inventory = parse(STACK)
    assert members(inventory, "kafka") == ["kafka-1"]
    assert members(inventory, "component_kafka") == ["kafka-1"]
    assert members(inventory, "zone_us_east_1a") == ["bastion-1", "kafka-1"]
    assert members(inventory, "ungrouped") == []


def test_the_stack_is_known_to_all(account: Account) -> None:
    inventory = parse({**STACK, "region": None, "regions": ["eu-west-1", "us-east-1"]})
    assert inventory.groups["all"].get_vars() == {
        "slipway_project": "demo",
        "slipway_environment": "dev",
        "slipway_region": "eu-west-1",
        "slipway_stack": "demo-dev",
        "ansible_user": "admin",
    }
    assert account.reads == [("demo-dev", ["eu-west-1", "us-east-1"])]


def test_a_stack_may_have_a_name_of_its_own(account: Account) -> None:
    parse({**STACK, "stack": "demo-dev-eu"})
    assert account.reads == [("demo-dev-eu", ["us-east-1"])]


def test_an_empty_account_is_an_inventory_without_hosts(account: Account, warned: list[str]) -> None:
    account.instances = []
    inventory = parse(STACK)
    assert inventory.hosts == {}
    assert inventory.groups["all"].get_vars()["slipway_stack"] == "demo-dev"
    assert warned == []


def test_what_the_api_says_is_no_template(account: Account) -> None:
    values = parse(STACK).hosts["kafka-1"].get_vars()
    assert values["slipway_tags"]["Owner"] == "{{ owner }}"
    strings = [value for value in [*values.values(), *values["slipway_tags"].values()] if isinstance(value, str)]
    assert len(strings) > 10
    assert not any(TrustedAsTemplate.is_tagged_on(value) for value in strings)


def test_a_failed_read_is_an_error_with_the_source_s_path(account: Account) -> None:
    account.error = ReadError("Cannot read instances of us-east-1: …")
    with pytest.raises(AnsibleParserError, match=r"stack\.slipway\.yml: Cannot read instances of us-east-1"):
        parse(STACK)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"region": None}, "exactly one of 'region' and 'regions'"),
        ({"regions": ["us-east-1"]}, "exactly one of 'region' and 'regions'"),
        ({"region": "useast1"}, "regions: 'useast1' does not match"),
        ({"project": "{{ name }}"}, "project: '{{ name }}' does not match"),
        ({"environment": "Dev"}, "environment: 'Dev' does not match"),
        ({"user": "-oProxyCommand=x"}, "user: '-oProxyCommand=x' does not match"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(
    account: Account, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(AnsibleParserError, match=message):
        parse({**STACK, **wrong})
    assert account.reads == []


def test_a_cached_inventory_is_the_same_and_reads_nothing(account: Account, tmp_path: Path) -> None:
    account.instances = [BASTION, KAFKA._replace(console_keys=[OTHER_KEY])]
    store: dict[str, Any] = {}
    first = parse({**STACK, "cache": True}, store)
    pinned = tmp_path / "home/slipway/demo-dev/known_hosts"
    text = pinned.read_text()
    assert text == f"i-bastion {KEY}\ni-kafka {OTHER_KEY}\n"
    pinned.unlink()
    account.error = ReadError("the account must not be touched")
    second = parse({**STACK, "cache": True}, store)
    assert len(account.reads) == 1
    assert {name: host.get_vars() for name, host in second.hosts.items()} == {
        name: host.get_vars() for name, host in first.hosts.items()
    }
    assert pinned.read_text() == text


def test_without_the_cache_every_run_reads(account: Account) -> None:
    store: dict[str, Any] = {}
    parse(STACK, store)
    parse(STACK, store)
    assert len(account.reads) == 2
    assert store == {}


def test_a_refresh_reads_and_renews_the_cache(account: Account) -> None:
    store: dict[str, Any] = {}
    parse({**STACK, "cache": True}, store)
    account.instances = []
    assert parse({**STACK, "cache": True}, store, cache=False).hosts == {}
    assert parse({**STACK, "cache": True}, store).hosts == {}
    assert len(account.reads) == 2


@pytest.mark.parametrize("other", [{"environment": "prod"}, {"region": "eu-west-1"}, {"stack": "other"}])
def test_another_stack_is_not_answered_from_the_cache(account: Account, other: dict[str, Any]) -> None:
    store: dict[str, Any] = {}
    parse({**STACK, "cache": True}, store)
    parse({**STACK, **other, "cache": True}, store)
    assert len(account.reads) == 2


def test_another_account_is_not_answered_from_the_cache(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    store: dict[str, Any] = {}
    for endpoint in ("http://localhost:1", "http://localhost:2"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        parse({**STACK, "cache": True}, store)
    assert len(account.reads) == 2


def test_how_hosts_are_reached_is_not_cached(account: Account) -> None:
    store: dict[str, Any] = {}
    parse({**STACK, "cache": True}, store)
    inventory = parse({**STACK, "cache": True, "connection": "ssm"}, store)
    assert inventory.hosts["kafka-1"].get_vars()["ansible_host"] == "i-kafka"


def test_hosts_without_a_key_are_named_in_a_warning(account: Account, warned: list[str]) -> None:
    account.instances += [make("i-stopped", name="old-1", state="stopped")]
    parse(STACK)
    assert warned == ["ssh will refuse these hosts, as no host key of theirs is known yet: kafka-1"]


def test_many_hosts_make_a_short_warning(account: Account, warned: list[str]) -> None:
    account.instances = [make(f"i-{number:02}", name=f"app-{number:02}") for number in range(12)]
    parse(STACK)
    assert warned[0].endswith("app-08, app-09 and 2 more")


def test_warnings_of_the_read_are_shown(account: Account, warned: list[str]) -> None:
    account.warnings = ["The console of i-kafka cannot be read (UnauthorizedOperation)."]
    parse(STACK)
    assert warned[0] == account.warnings[0]


def test_known_hosts_that_cannot_be_written_are_an_error(account: Account, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnsibleParserError, match=r"Cannot write .*; set 'known_hosts' to a file of your own"):
        parse({**STACK, "known_hosts": str(tmp_path / "file/known_hosts")})


def test_constructed_groups_and_variables(account: Account) -> None:
    template = TrustedAsTemplate().tag
    inventory = parse(
        {
            **STACK,
            "compose": {"rack": template("slipway_zone[-1]")},
            "groups": {"brokers": template("'kafka' in slipway_tags.get('Component', '')")},
            "keyed_groups": [{"key": template("slipway_state"), "prefix": "state"}],
            "strict": True,
        }
    )
    assert inventory.hosts["kafka-1"].get_vars()["rack"] == "a"
    assert members(inventory, "brokers") == ["kafka-1"]
    assert members(inventory, "state_running") == ["bastion-1", "kafka-1"]


def test_a_host_may_be_named_as_its_group(account: Account) -> None:
    account.instances = [BASTION._replace(tags={**BASTION.tags, "slipway:name": "bastion"})]
    inventory = parse(STACK)
    assert members(inventory, "bastion") == ["bastion"]
    assert inventory.hosts["bastion"].get_vars()["slipway_instance_id"] == "i-bastion"
    assert inventory.groups["bastion"].get_vars() == {}
