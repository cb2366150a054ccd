# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts construct: slots and auto scaling groups."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.hosts import Hosts
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.expansion import (
    Documents,
    complaints,
    expand,
    names,
)

LEAST: dict[str, Any] = {"tier": "app", "zones": ["a", "b"], "instance_type": "t3.small"}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1aWxkLWEtc2FtcGxlLWtleS1ub3QtYS1yZWFsLW9uZQ"


def hosts(name: str = "kafka", /, **given: Any) -> Documents:
    return expand(Hosts(), name, **LEAST, **given)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, {}),
        (1, {"kafka-1": "app-a"}),
        (3, {"kafka-1": "app-a", "kafka-2": "app-b", "kafka-3": "app-a"}),
    ],
)
def test_slots_go_round_the_zones(count: int, expected: dict[str, str]) -> None:
    documents = hosts(count=count)

    assert {name: documents["instance", name]["subnet"] for name in names(documents, "instance")} == expected


def test_the_least_slot_says_only_what_it_must() -> None:
    documents = hosts(count=1)

    assert list(documents) == [("instance", "kafka-1")]
    assert documents["instance", "kafka-1"] == {
        "type": "instance",
        "name": "kafka-1",
        "subnet": "app-a",
        "instance_type": "t3.small",
        "image": "debian-12",
        "groups": ["kafka"],
        "user_data": "#cloud-config\nhostname: kafka-1\n",
        "public_address": False,
        "sources": "internet",
    }


def test_slots_keep_data_name_and_address() -> None:
    volume = {"size": 100, "iops": 4000}
    documents = hosts(count=2, data_volume=volume, elastic_ip=True, dns_zone="internal")

    assert documents["ebs_volume", "kafka-2"] == {
        "type": "ebs_volume",
        "name": "kafka-2",
        "zone": "us-east-1b",
        "size": 100,
        "volume_type": "gp3",
        "iops": 4000,
        "instance": "kafka-2",
        "device": "/dev/sdf",
    }
    assert documents["elastic_ip", "kafka-2"] == {"type": "elastic_ip", "name": "kafka-2", "instance": "kafka-2"}
    assert documents["dns_record", "kafka-2"] == {
        "type": "dns_record",
        "name": "kafka-2",
        "zone": "internal",
        "record_name": "kafka-2.${hosted_zone.internal.domain}",
        "values": ["${instance.kafka-2.private_ip}"],
    }


def test_what_is_given_reaches_every_slot() -> None:
    given = {
        "role": "node",
        "security_groups": ["nodes", "kafka"],
        "groups": ["brokers"],
        "key_pair": "admin",
        "root_volume": {"size": 50},
        "market": "spot",
        "hop_limit": 2,
        "public_address": True,
        "sources": "mirror",
        "image": "ami-0123456789abcdef0",
    }
    documents = hosts(count=2, **given)

    for name in ("kafka-1", "kafka-2"):
        assert {field: documents["instance", name][field] for field in given} == given


def test_an_auto_scaling_group_starts_from_a_template() -> None:
    documents = hosts(
        "gpu-node",
        scaling={"minimum": 1, "maximum": 4, "desired": 2, "health_check": "elb"},
        role="node",
        root_volume={"size": 100},
        target_groups=["api"],
        node_tags={"k8s.io/cluster-autoscaler/node-template/label/workload-type": "gpu"},
        sources="mirror",
    )

    assert set(documents) == {("launch_template", "gpu-node"), ("auto_scaling_group", "gpu-node")}
    template = documents["launch_template", "gpu-node"]
    assert (template["instance_type"], template["role"], template["root_volume"]) == ("t3.small", "node", {"size": 100})
    assert documents["auto_scaling_group", "gpu-node"] == {
        "type": "auto_scaling_group",
        "name": "gpu-node",
        "launch_template": "gpu-node",
        "subnets": ["app-a", "app-b"],
        "minimum": 1,
        "maximum": 4,
        "desired": 2,
        "health_check": "elb",
        "target_groups": ["api"],
        "groups": ["gpu_node"],
        "node_tags": {"k8s.io/cluster-autoscaler/node-template/label/workload-type": "gpu"},
        "sources": "mirror",
    }


def test_hosts_of_another_network_stand_in_its_subnets() -> None:
    assert hosts(count=1, network="lake")["instance", "kafka-1"]["subnet"] == "lake-app-a"
    assert hosts(scaling={"maximum": 1}, network="lake")["auto_scaling_group", "kafka"]["subnets"] == [
        "lake-app-a",
        "lake-app-b",
    ]


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [({"count": 1}, "instance", "kafka-1"), ({"scaling": {"maximum": 1}}, "launch_template", "kafka")],
)
def test_given_user_data_is_all_there_is(given: dict[str, Any], kind: str, name: str) -> None:
    documents = hosts(**given, role="node", user_data="#!/bin/sh\ntrue\n")

    assert documents[kind, name]["user_data"] == "#!/bin/sh\ntrue\n"


def test_user_data_sets_the_slot_s_name_and_leaves_a_scaled_host_its_own() -> None:
    slot = hosts(count=2, role="node")["instance", "kafka-2"]["user_data"]
    scaled = hosts(scaling={"maximum": 1}, role="node")["launch_template", "kafka"]["user_data"]

    assert slot.startswith("#cloud-config\n")
    assert yaml.safe_load(slot)["hostname"] == "kafka-2"
    assert "hostname" not in yaml.safe_load(scaled)
    assert yaml.safe_load(slot)["runcmd"] == yaml.safe_load(scaled)["runcmd"]


def first_boot(tmp_path: Path, programs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What the user data runs, with the named programs in place of the host's and a host key in place of its own."""
    (script,) = yaml.safe_load(hosts(count=1, role="node")["instance", "kafka-1"]["user_data"])["runcmd"]
    (tmp_path / "key.pub").write_text(f"{HOST_KEY} root@kafka-1\n")
    (tmp_path / "bin").mkdir()
    for name, body in {"cut": 'exec /usr/bin/cut "$@"', "timeout": 'shift; "$@"', **programs}.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    key = "/etc/ssh/ssh_host_ed25519_key.pub"
    assert key in script
    return subprocess.run(
        ["/bin/sh", "-c", script.replace(key, str(tmp_path / "key.pub"))],
        env={"PATH": str(tmp_path / "bin"), "CALLS": str(tmp_path / "calls")},
        capture_output=True,
        text=True,
        check=False,
    )


CREDENTIALS = """{
  "Code" : "Success",
  "AccessKeyId" : "ASIAEXAMPLE",
  "SecretAccessKey" : "se/cr+et",
  "Token" : "to/ken=="
}"""
# Answers as the metadata service, and keeps what the one call to AWS got; `refused` there makes that call fail.
CURL = f"""
case "$*" in
*/api/token) echo session;;
*--aws-sigv4*)
    [ ! -e "$CALLS.refused" ] || exit 22
    printf '%s\\n' "$@" >"$CALLS"; cat >"$CALLS.settings"; echo '<xml/>';;
*"X-aws-ec2-metadata-token: session"*placement/region) echo us-east-1;;
*"X-aws-ec2-metadata-token: session"*instance-id) echo i-0123456789abcdef0;;
*"X-aws-ec2-metadata-token: session"*services/domain) echo amazonaws.com;;
*"X-aws-ec2-metadata-token: session"*security-credentials/) echo node;;
*"X-aws-ec2-metadata-token: session"*security-credentials/node) cat <<END
{CREDENTIALS}
END
;;
*) exit 22;;
esac"""
CLI = 'printf "%s\\n" "$@" >"$CALLS"; echo done'
SED, CAT = 'exec /usr/bin/sed "$@"', 'exec /usr/bin/cat "$@"'


def test_the_first_boot_publishes_the_host_key(tmp_path: Path) -> None:
    result = first_boot(tmp_path, {"curl": CURL, "sed": SED, "cat": CAT, "aws": "exit 1"})

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    arguments = (tmp_path / "calls").read_text().splitlines()
    assert "aws:amz:us-east-1:ec2" in arguments
    assert "https://ec2.us-east-1.amazonaws.com/" in arguments
    data = [arguments[at + 1] for at, argument in enumerate(arguments) if argument == "--data-urlencode"]
    assert data == [
        "Action=CreateTags",
        "Version=2016-11-15",
        "ResourceId.1=i-0123456789abcdef0",
        "Tag.1.Key=slipway:host-key",
        f"Tag.1.Value={HOST_KEY}",
    ]
    settings = (tmp_path / "calls.settings").read_text().splitlines()
    assert settings == ['user = "ASIAEXAMPLE:se/cr+et"', 'header = "X-Amz-Security-Token: to/ken=="']
    assert not [argument for argument in arguments if "se/cr+et" in argument or "to/ken" in argument]


def test_where_curl_is_refused_the_cli_publishes_the_host_key(tmp_path: Path) -> None:
    (tmp_path / "calls.refused").touch()

    result = first_boot(tmp_path, {"curl": CURL, "sed": SED, "cat": CAT, "aws": CLI})

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    arguments = (tmp_path / "calls").read_text().splitlines()
    assert arguments[:2] == ["ec2", "create-tags"]
    options = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    assert options["--region"] == "us-east-1"
    assert options["--resources"] == "i-0123456789abcdef0"
    assert options["--tags"] == f"Key=slipway:host-key,Value={HOST_KEY}"


@pytest.mark.parametrize("programs", [{}, {"aws": "echo refused >&2; exit 254"}], ids=["no CLI", "refused"])
def test_the_first_boot_is_quiet_where_it_cannot_publish(tmp_path: Path, programs: dict[str, str]) -> None:
    (tmp_path / "calls.refused").touch()

    result = first_boot(tmp_path, {"curl": CURL, "sed": SED, "cat": CAT, **programs})

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_host_without_a_role_publishes_nothing() -> None:
    assert "runcmd" not in yaml.safe_load(hosts(count=1)["instance", "kafka-1"]["user_data"])


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "count: give either `count` or `scaling`"),
        ({"count": 1, "scaling": {"maximum": 1}}, "count: give either `count` or `scaling`"),
        ({"count": 1, "zones": ["eu-west-1a"]}, "zones: 'eu-west-1a' is no zone of us-east-1"),
        ({"count": 1, "zones": []}, "zones: 0 named, at least 1 needed"),
        ({"scaling": {"maximum": 1}, "data_volume": {"size": 1}}, "data_volume: only slots have it"),
        ({"scaling": {"maximum": 1}, "elastic_ip": True}, "elastic_ip: only slots have it"),
        ({"scaling": {"maximum": 1}, "public_address": True}, "public_address: only slots have it"),
        ({"scaling": {"maximum": 1}, "dns_zone": "internal"}, "dns_zone: only slots have it"),
        (
            {"count": 1, "target_groups": ["api"]},
            "target_groups: only an auto scaling group has it; list the instances",
        ),
        ({"count": 1, "node_tags": {"a": "b"}}, "node_tags: only an auto scaling group has it; drop it"),
    ],
)
def test_bad_documents_get_one_complaint_with_its_remedy(given: dict[str, Any], complaint: str) -> None:
    (found,) = complaints(Hosts(), **{**LEAST, **given})

    assert found.startswith(complaint)
