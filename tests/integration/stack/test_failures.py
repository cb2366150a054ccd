# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does when not all goes well: refused, refused in part, interrupted; and what it leaves alone."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim, Refused
from lab.emulator import Emulator
from tests.integration.stack.world import DEMO, Document, World, changes, eventually, planned

HOST: list[Document] = [
    {"type": "vpc", "name": "main", "cidr": "10.0.0.0/16"},
    {"type": "subnet", "name": "a", "vpc": "main", "cidr": "10.0.0.0/24", "zone": "us-east-1a"},
]


ZONES: list[Document] = [
    {**HOST[1], "name": zone, "cidr": f"10.0.{number}.0/24", "zone": f"us-east-1{zone}"}
    for number, zone in enumerate("ab")
]
DATABASE: Document = {
    "type": "db_instance",
    "name": "main",
    "engine_version": "15",
    "instance_class": "db.t3.micro",
    "storage": 20,
    "subnet_group": "main",
}


def host(**fields: Any) -> Document:
    given = {"type": "instance", "name": "app-1", "subnet": "a", "instance_type": "t3.small", "sources": "mirror"}
    return {**given, "image": "debian-12", **fields}


def way(**target: str) -> Document:
    return {"destination": "0.0.0.0/0", **target}


def write_play(world: World, documents: list[Document]) -> Path:
    task = {"project": "demo", "environment": "test", "region": "us-east-1", "resources": documents}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Apply", "slipway.platform.stack": task}]}
    path = world.folder / "play.yml"
    path.write_text(yaml.safe_dump([play]))
    return path


def test_a_newer_image_is_reported_and_not_acted_on(world: World) -> None:
    images = world.provider.send("ec2", "DescribeImages", {})["Images"]
    newest = world.provider.send("ssm", "GetParameter", {"Name": "/aws/service/debian/release/12/latest/amd64"})[
        "Parameter"
    ]["Value"]
    older = next(
        image["ImageId"] for image in images if image["ImageId"] != newest and image["Architecture"] == "x86_64"
    )
    world.apply([*HOST, host(image=older)])
    world.emulator.clear_calls()
    played = world.play(write_play(world, [*HOST, host()]), "-v", "--diff")
    assert played.code == 0, played.output
    fields = [{"field": "image", "before": older, "after": newest}]
    assert played.plan["outdated"] == [{"kind": "instance", "name": "app-1", "fields": fields}]
    assert "Outdated, left as it is: instance app-1: image" in played.output
    assert played.plan["steps"] == []
    assert world.attempts() == []


def test_what_is_protected_is_kept_until_it_is_named(world: World) -> None:
    kept = {"type": "log_group", "name": "audit", "protect": True}
    other = {"type": "log_group", "name": "other"}
    world.apply([kept, other])
    world.emulator.clear_calls()
    with pytest.raises(Refused, match=r"log_group\.audit.*unprotect"):
        world.apply([other])
    assert world.attempts() == []
    result = world.apply([other], aim=Aim(unprotect=frozenset({"log_group.audit"})))
    assert [decision.key for decision in result.plan.of("destroy")] == [("log_group", "audit")]
    assert world.count() == {**world.count(), "DescribeLogGroups": 1}


def test_what_no_document_says_any_more_is_found_without_its_name(world: World) -> None:
    going: list[Document] = [
        {"type": "load_balancer", "name": "main", "subnets": ["a", "b"], "security_groups": ["lb"]},
        {"type": "target_group", "name": "app", "vpc": "main", "port": 8080},
        DATABASE,
        {"type": "s3_bucket", "name": "data"},
        {"type": "secret", "name": "db"},
        {"type": "log_group", "name": "app"},
    ]
    staying: list[Document] = [
        HOST[0],
        *ZONES,
        {"type": "security_group", "name": "lb", "vpc": "main"},
        # The emulator's tag index knows neither these nor zones.
        {"type": "db_subnet_group", "name": "main", "subnets": ["a", "b"]},
    ]
    world.apply([*staying, *going])
    aim = Aim(unprotect=frozenset({"db_instance.main", "s3_bucket.data"}))
    assert changes(world.plan(staying, aim)) == {("destroy", f"{one['type']}.{one['name']}") for one in going}


def test_what_another_run_began_is_waited_for_by_what_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base: list[Document] = [
        HOST[0],
        *ZONES,
        {"type": "internet_gateway", "name": "main", "vpc": "main"},
        {"type": "route_table", "name": "a", "vpc": "main", "subnets": ["a"], "routes": [way(internet_gateway="main")]},
        {"type": "elastic_ip", "name": "nat"},
        {"type": "security_group", "name": "lb", "vpc": "main"},
        {"type": "target_group", "name": "app", "vpc": "main", "port": 8080},
        {"type": "db_subnet_group", "name": "main", "subnets": ["a", "b"]},
        {"type": "hosted_zone", "name": "main", "domain": "example.internal", "vpc": "main"},
    ]
    begun: list[Document] = [
        {"type": "nat_gateway", "name": "main", "subnet": "a", "elastic_ip": "nat"},
        {"type": "load_balancer", "name": "main", "subnets": ["a", "b"], "security_groups": ["lb"]},
        DATABASE,
    ]
    users: list[Document] = [
        {"type": "route_table", "name": "b", "vpc": "main", "subnets": ["b"], "routes": [way(nat_gateway="main")]},
        {
            "type": "listener",
            "name": "main",
            "load_balancer": "main",
            "port": 80,
            "default_action": {"target_group": "app"},
        },
        {
            "type": "dns_record",
            "name": "db",
            "zone": "main",
            "record_name": "db.example.internal",
            "record_type": "CNAME",
            "values": ["${db_instance.main.endpoint}"],
        },
    ]
    with Emulator(lag=None, transition=5000) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        world = World(emulator, tmp_path)
        world.apply(base)
        for step in world.plan([*base, *begun])["steps"]:
            first = step["calls"][0]
            world.provider.send(first["service"], first["operation"], first["params"])
        outcome = world.apply([*base, *begun, *users]).outcome
        assert outcome is not None
        assert outcome.complete, outcome.failed
        awaited = {f"await {one['type']}.{one['name']}" for one in begun}
        assert awaited == {node for node in outcome.done if node.startswith("await")}
        assert not world.plan([*base, *begun, *users])["steps"]


def test_what_does_not_depend_on_a_failure_is_finished_and_all_is_told(world: World) -> None:
    volume = {"type": "ebs_volume", "name": "data", "zone": "us-east-1a", "size": 8, "instance": "app-1"}
    # The key depends on nothing, so it fails while nearly all that does not depend on it is still to come.
    key = {"type": "key_pair", "name": "main", "public_key": "ssh-ed25519 none"}
    documents = [*HOST, host(instance_type="t9.none"), volume, key]
    played = world.play(write_play(world, documents), "-v")
    assert played.code != 0
    assert "2 failed" in played.text
    assert "failed: create key_pair.main: InvalidKeyPair.Format: ImportKeyPair: Key is not" in played.text
    assert "failed: create instance.app-1: InvalidParameterValue: RunInstances: Invalid value 't9.none'" in played.text
    assert "not started: complete ebs_volume.data" in played.text
    assert "run again: what is done is kept" in played.text
    left = changes(world.plan(documents))
    assert left == {("add", "key_pair.main"), ("add", "instance.app-1"), ("change", "ebs_volume.data")}
    mended = [*HOST, host(), volume]
    outcome = world.apply(mended).outcome
    assert outcome is not None
    assert outcome.complete, outcome.failed
    assert not world.plan(mended)["steps"]


def test_an_interrupted_run_starts_nothing_new_and_ends_what_it_began_and_the_next_one_finishes_it(
    distant_world: World, network: list[Document]
) -> None:
    def ended() -> bool:
        entry = distant_world.provider.store.load(DEMO.stack)
        return entry is not None and entry.finished

    before = distant_world.count()
    everything = planned(distant_world.plan(network)).total()
    process = distant_world.start(write_play(distant_world, network), "-v")
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if " created (" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    told += process.communicate(timeout=120)[0]
    assert process.returncode != 0, told
    # Ansible leaves at once; the module behind it ends its calls in flight and gives the lease back.
    assert eventually(ended, bool, seconds=60)
    assert 0 < distant_world.sent().total() < everything / 2

    events: list[dict[str, Any]] = []
    outcome = distant_world.apply(network, listen=events.append).outcome
    assert outcome is not None
    assert outcome.complete, outcome.failed
    (note,) = [event["text"] for event in events if event["event"] == "note"]
    assert re.search(r"the last run, by .+, did not end: \d+ steps done, .*\d+ not started", note)
    assert not distant_world.apply(network).plan.changed
    outcome = distant_world.destroy(network).outcome
    assert outcome is not None
    assert outcome.complete, outcome.failed
    assert eventually(distant_world.count, lambda count: count == before) == before
