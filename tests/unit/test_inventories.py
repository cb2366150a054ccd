# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories, rendered by the roles and checked by the engine, have what the platform demands. Nothing is sent."""

from __future__ import annotations

import ipaddress
import itertools
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid, Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("dev", "staging", "prod")
GATHER = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_tasks: {tasks}
    - ansible.builtin.copy:
        dest: "{{{{ inventory_hostname }}}}.json"
        content: "{{{{ ansible_facts.slipway_resources | to_json }}}}"
        mode: "0600"
"""
# Port of every node and paths of the load balancer, by service.
CONTRACTS = {
    "api-gateway": (30000, ["/api/*"]),
    "inventory": (30001, ["/inventory/*"]),
    "billing": (30002, ["/billing/*"]),
    "processor-api": (30010, ["/metadata", "/v1/metadata"]),
    "translation-api": (30020, ["/translations*"]),
    "translation-sidecar": (30021, ["/translate"]),
}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/example"
PUBLIC_KEY = "ssh-ed25519 AAAA admin"
MANAGEMENT = ("ssm", "ssmmessages", "ec2messages")
REQUIRED = ("vpc", "identity", "storage", "database", "k3s_server", "k3s_agent", "kafka", "rabbitmq")


def settings(environment: str) -> dict[str, Any]:
    """The variables of an inventory: what the plugin sets from its source, and platform.yml."""
    folder = ROOT / "inventories" / environment
    source = yaml.safe_load((folder / f"{environment}.slipway.yml").read_text())
    assert source["plugin"] == "slipway.platform.ec2"
    platform: dict[str, Any] = yaml.safe_load((folder / "group_vars/all/platform.yml").read_text())
    return platform | {
        "slipway_project": source["project"],
        "slipway_environment": source["environment"],
        "slipway_region": source["regions"][0],
        "slipway_stack": f"{source['project']}-{source['environment']}",
    }


def without(environment: str, *components: str) -> dict[str, Any]:
    variables = settings(environment)
    remaining = [name for name in variables["slipway_components"] if name not in components]
    return variables | {"slipway_components": remaining}


CASES = {
    **{environment: settings(environment) for environment in ENVIRONMENTS},
    "secure": settings("prod") | {"slipway_certificate": CERTIFICATE, "slipway_public_key": PUBLIC_KEY},
    "internal": settings("dev")
    | {
        "slipway_certificate": "internal",
        "slipway_service_runtime": "host",
        "slipway_services": ["api-gateway", "inventory"],
        "edge_domain_names": ["shop.example.com", "*.dev.platform.internal"],
        "edge_authority_directory": "/nowhere/authority",
    },
    "headless": without("prod", "bastion", "gpu_node", "triton", "flask_service", "gitlab"),
    "least": without("prod", "jenkins", "edge", "flask_service", "bastion"),
    "core": settings("prod") | {"slipway_components": list(REQUIRED)},
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Every case's documents: one host a case, so that one run renders all."""
    folder = tmp_path_factory.mktemp("inventories")
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": CASES}}))
    (folder / "gather.yml").write_text(GATHER.format(tasks=ROOT / "playbooks/tasks/resources.yml"))
    own = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_LOCAL_TEMP": str(folder / "ansible")}
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(folder / "hosts.yml"), str(folder / "gather.yml")]
    run = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return {case: json.loads((folder / f"{case}.json").read_text()) for case in CASES}


class Platforms(dict[str, Wants]):
    """Every case's resources, loaded when asked for, so that a wrong case fails its own tests only.

    Loading raises what is wrong with the documents: a name twice, a reference to nothing, a broken rule.
    """

    def __init__(self, rendered: dict[str, list[dict[str, Any]]]) -> None:
        self.rendered = rendered

    def __missing__(self, case: str) -> Wants:
        own = CASES[case]
        scope = Scope(own["slipway_project"], own["slipway_environment"], own["slipway_region"])
        self[case] = CATALOGUE.load(self.rendered[case], scope)
        return self[case]


@pytest.fixture(scope="module")
def platforms(rendered: dict[str, list[dict[str, Any]]]) -> Platforms:
    return Platforms(rendered)


def of_kind(wants: Wants, kind: str) -> dict[str, Want]:
    return {want.name: want for want in wants.values() if want.kind == kind}


def fleet(wants: Wants) -> Counter[str]:
    """Hosts with a fixed name, by the group they are in."""
    return Counter(group for host in of_kind(wants, "instance").values() for group in host["groups"])


def test_every_component_contributes_under_its_own_name(rendered: dict[str, list[dict[str, Any]]]) -> None:
    for case, variables in CASES.items():
        # A role belongs to the component whose hosts take it on, so that the two stay and go together.
        contributing = {document["component"] for document in rendered[case]} | {"identity"}
        assert contributing == set(variables["slipway_components"]), case


@pytest.mark.parametrize("case", CASES)
def test_the_engine_accepts_the_documents(platforms: Platforms, case: str) -> None:
    assert of_kind(platforms[case], "vpc").keys() == {"main"}


@pytest.mark.parametrize(
    ("environment", "zones", "second"), [("dev", "ab", 10), ("staging", "ab", 20), ("prod", "abc", 30)]
)
def test_networks_are_where_the_address_plan_puts_them(
    platforms: Platforms, environment: str, zones: str, second: int
) -> None:
    assert of_kind(platforms[environment], "vpc")["main"]["cidr"] == f"10.{second}.0.0/16"
    subnets = of_kind(platforms[environment], "subnet")
    assert {name: (subnet["cidr"], subnet["zone"]) for name, subnet in subnets.items()} == {
        f"{tier}-{zone}": (f"10.{second}.{offset + index}.0/24", f"us-east-1{zone}")
        for tier, offset in (("public", 0), ("app", 10), ("data", 20))
        for index, zone in enumerate(zones)
    }


def test_no_two_networks_overlap(platforms: Platforms) -> None:
    pods_and_services = [ipaddress.ip_network("10.42.0.0/16"), ipaddress.ip_network("10.43.0.0/16")]
    vpcs = [of_kind(platforms[environment], "vpc")["main"] for environment in ENVIRONMENTS]
    networks = pods_and_services + [ipaddress.ip_network(vpc["cidr"]) for vpc in vpcs]
    for one, other in itertools.combinations(networks, 2):
        assert not one.overlaps(other), (one, other)


@pytest.mark.parametrize(("environment", "gateways"), [("dev", 0), ("staging", 1), ("prod", 3)])
def test_nat_gateways(platforms: Platforms, environment: str, gateways: int) -> None:
    assert len(of_kind(platforms[environment], "nat_gateway")) == gateways


def test_endpoints_and_flow_logs_of_prod(platforms: Platforms) -> None:
    services = defaultdict(set)
    for endpoint in of_kind(platforms["prod"], "vpc_endpoint").values():
        services[endpoint["endpoint_type"]].add(endpoint["service"])
    assert services == {
        "gateway": {"s3", "dynamodb"},
        "interface": {*MANAGEMENT, "ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sts"},
    }
    assert of_kind(platforms["prod"], "flow_log").keys() == {"main"}


@pytest.mark.parametrize(
    ("environment", "hosts", "agents", "gpus"),
    [
        ("dev", {"bastion": 1, "k3s_server": 1, "kafka": 1, "rabbitmq": 1}, (1, 2), (0, 1)),
        ("staging", {"bastion": 1, "k3s_server": 3, "kafka": 3, "rabbitmq": 3}, (2, 4), (0, 1)),
        (
            "prod",
            {"bastion": 1, "k3s_server": 3, "kafka": 3, "rabbitmq": 3, "jenkins": 1, "gitlab": 1},
            (3, 6),
            (1, 2),
        ),
    ],
)
def test_hosts(
    platforms: Platforms, environment: str, hosts: dict[str, int], agents: tuple[int, int], gpus: tuple[int, int]
) -> None:
    assert fleet(platforms[environment]) == hosts
    pools = of_kind(platforms[environment], "auto_scaling_group")
    assert {name: (pool["minimum"], pool["maximum"]) for name, pool in pools.items()} == {
        "k3s-agent": agents,
        "gpu-node": gpus,
    }


def test_servers_and_brokers_of_prod_stand_in_three_zones(platforms: Platforms) -> None:
    instances = of_kind(platforms["prod"], "instance")
    for name in ("k3s-server", "kafka", "rabbitmq"):
        assert {instances[f"{name}-{number}"]["subnet"].name for number in (1, 2, 3)} == {"app-a", "app-b", "app-c"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_host_with_a_fixed_name_has_a_record_and_what_holds_data_a_volume(
    platforms: Platforms, environment: str
) -> None:
    instances = of_kind(platforms[environment], "instance").keys()
    assert instances <= of_kind(platforms[environment], "dns_record").keys()
    assert of_kind(platforms[environment], "ebs_volume").keys() == instances - {"bastion-1"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nodes_register_at_one_name_that_has_every_server(platforms: Platforms, environment: str) -> None:
    record = of_kind(platforms[environment], "dns_record")["k3s"]
    servers = [name for name in of_kind(platforms[environment], "instance") if name.startswith("k3s-server-")]
    assert sorted(value.name for value in record["values"]) == sorted(servers)


def test_gpu_nodes_say_what_they_offer(platforms: Platforms) -> None:
    pool = of_kind(platforms["prod"], "auto_scaling_group")["gpu-node"]
    template = of_kind(platforms["prod"], "launch_template")["gpu-node"]
    assert (template["instance_type"], template["image"]) == ("g4dn.xlarge", "gpu-ubuntu-22.04")
    prefix = "k8s.io/cluster-autoscaler/node-template"
    assert {key.removeprefix(prefix): value for key, value in pool["node_tags"].items() if key.startswith(prefix)} == {
        "/label/workload-type": "gpu",
        "/label/nvidia.com/gpu": "true",
        "/taint/nvidia.com/gpu": "true:NoSchedule",
        "/resources/nvidia.com/gpu": "1",
    }


@pytest.mark.parametrize("case", [*ENVIRONMENTS, "secure"])
def test_services_are_reached_as_their_contracts_say(platforms: Platforms, case: str) -> None:
    targets = of_kind(platforms[case], "target_group")
    rules = of_kind(platforms[case], "listener_rule")
    assert {name: (targets[name]["port"], rule["paths"]) for name, rule in rules.items()} == CONTRACTS
    assert all(rule["action"]["target_group"].name == name for name, rule in rules.items())
    joined = of_kind(platforms[case], "auto_scaling_group")["k3s-agent"]["target_groups"]
    assert {target.name for target in joined} == CONTRACTS.keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_the_load_balancer_reaches_the_ports_of_services(platforms: Platforms, environment: str) -> None:
    rules = of_kind(platforms[environment], "security_group")["flask-service"]["ingress"]
    ports = {str(port) for port, _paths in CONTRACTS.values()}
    assert {(rule["ports"], rule["group"].name) for rule in rules} == {(port, "edge") for port in ports}


def test_without_a_certificate_http_serves_and_answers_404_to_the_rest(platforms: Platforms) -> None:
    listeners = of_kind(platforms["prod"], "listener")
    assert listeners.keys() == {"http"}
    assert listeners["http"]["default_action"]["fixed_response"]["status"] == 404
    assert {rule["listener"].name for rule in of_kind(platforms["prod"], "listener_rule").values()} == {"http"}


def test_with_a_certificate_http_redirects_to_https(platforms: Platforms) -> None:
    listeners = of_kind(platforms["secure"], "listener")
    assert {name: listener["port"] for name, listener in listeners.items()} == {"http": 80, "https": 443}
    assert listeners["http"]["default_action"]["redirect_https"] is True
    assert listeners["https"]["default_action"]["fixed_response"]["status"] == 404
    assert listeners["https"]["certificate_arn"] == CERTIFICATE
    assert {rule["listener"].name for rule in of_kind(platforms["secure"], "listener_rule").values()} == {"https"}


def test_an_internal_certificate_is_imported_and_its_names_lead_to_the_load_balancer(platforms: Platforms) -> None:
    certificate = of_kind(platforms["internal"], "acm_certificate")["main"]
    assert certificate["domain_name"] == "shop.example.com"
    assert certificate["private_key_file"] == "/nowhere/authority/edge.key"
    listener = of_kind(platforms["internal"], "listener")["https"]
    assert listener["certificate_arn"] == Ref("acm_certificate", "main", "arn")
    assert listener["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    records = of_kind(platforms["internal"], "dns_record")
    names = {record["record_name"]: record["alias"].name for record in records.values() if record.get("alias")}
    assert names == {"*.dev.platform.internal": "main"}


@pytest.mark.parametrize(("case", "ports"), [("dev", "30000-32767"), ("internal", "3000-8999")])
def test_the_load_balancer_reaches_what_services_listen_on(platforms: Platforms, case: str, ports: str) -> None:
    (rule,) = of_kind(platforms[case], "security_group")["edge"]["egress"]
    assert (rule["ports"], rule["group"].name) == (ports, "flask-service")


def test_a_certificate_that_is_none_is_refused(rendered: dict[str, list[dict[str, Any]]]) -> None:
    documents = [
        {**document, "certificate_arn": "Internal"} if document.get("certificate_arn") else document
        for document in rendered["secure"]
    ]
    with pytest.raises(Invalid, match="certificate_arn: 'Internal' does not match"):
        CATALOGUE.load(documents, Scope("platform", "prod", "us-east-1"))


def test_hosts_trust_the_public_key_where_there_is_one(platforms: Platforms) -> None:
    for kind in ("instance", "launch_template"):
        assert {host["key_pair"].name for host in of_kind(platforms["secure"], kind).values()} == {"main"}
        assert not any("key_pair" in host.values for host in of_kind(platforms["prod"], kind).values())


@pytest.mark.parametrize(
    ("environment", "days", "multi_az"), [("dev", 7, False), ("staging", 14, False), ("prod", 35, True)]
)
def test_databases(platforms: Platforms, environment: str, days: int, multi_az: bool) -> None:
    database = of_kind(platforms[environment], "db_instance")["main"]
    assert (database["engine"], database["engine_version"]) == ("postgres", "15")
    assert (database["backup_days"], database["multi_az"], database["encrypted"]) == (days, multi_az, True)


@pytest.mark.parametrize("case", CASES)
def test_the_database_is_open_to_what_is_there(platforms: Platforms, case: str) -> None:
    groups = {"k3s_server": "nodes", "flask_service": "flask-service", "bastion": "bastion"}
    rules = of_kind(platforms[case], "security_group")["database"]["ingress"]
    assert {(rule["ports"], rule["group"].name) for rule in rules} == {
        ("5432", group) for component, group in groups.items() if component in CASES[case]["slipway_components"]
    }


@pytest.mark.parametrize("case", CASES)
def test_every_database_s_user_has_a_secret(platforms: Platforms, case: str) -> None:
    databases = {"inventory", "billing"} & {*CASES[case]["slipway_services"]}
    secrets = of_kind(platforms[case], "secret")
    made = {name: secret["generate"] for name, secret in secrets.items() if secret.component == "database"}
    assert {name: (one["key"], one["fields"]) for name, one in made.items()} == {
        f"database-{name}": ("password", {"username": name}) for name in databases
    }


def life(rules: list[dict[str, Any]]) -> tuple[list[tuple[int, str]], int | None]:
    """What becomes of a bucket's objects: the moves to other storage, each after its days, and the day they go."""
    (rule,) = rules
    moves = [(move["days"], move["storage_class"]) for move in rule.get("transitions") or []]
    return moves, rule.get("expiration_days")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_buckets(platforms: Platforms, environment: str) -> None:
    buckets = of_kind(platforms[environment], "s3_bucket")
    lives = {name: (bucket["versioning"], *life(bucket["lifecycle"])) for name, bucket in buckets.items()}
    assert lives == {
        "run-records": (True, [], 90),
        "logs": (False, [(30, "STANDARD_IA"), (90, "GLACIER")], 180),
        "backups": (False, [], 365),
        "data": (True, [(90, "GLACIER")], None),
        "models": (True, [(90, "GLACIER")], None),
    }
    assert all(bucket["public_access_block"] and bucket["tls_only"] and bucket.protect for bucket in buckets.values())


@pytest.mark.parametrize("case", CASES)
def test_nothing_but_the_web_and_the_bastion_is_open_to_networks(platforms: Platforms, case: str) -> None:
    opened = {
        (name, rule["ports"], network)
        for name, group in of_kind(platforms[case], "security_group").items()
        for rule in group["ingress"]
        for network in rule.get("cidrs") or []
        if name != "endpoints"
    }
    web = {("edge", port, "0.0.0.0/0") for port in ("80", "443")}
    ssh = {("bastion", "22", "203.0.113.0/24")}
    components = CASES[case]["slipway_components"]
    assert opened == (web if "edge" in components else set()) | (ssh if "bastion" in components else set())


@pytest.mark.parametrize("case", CASES)
def test_the_kubernetes_api_is_open_to_nodes_and_bastion_only(platforms: Platforms, case: str) -> None:
    rules = of_kind(platforms[case], "security_group")["nodes"]["ingress"]
    expected: set[tuple[str, str | None, str]] = {("all", None, "nodes")}
    if "bastion" in CASES[case]["slipway_components"]:
        expected.add(("tcp", "6443", "bastion"))
    assert {(rule["protocol"], rule.get("ports"), rule["group"].name) for rule in rules} == expected


@pytest.mark.parametrize("case", CASES)
def test_every_host_has_a_role_of_its_own_component(platforms: Platforms, case: str) -> None:
    for kind in ("instance", "launch_template"):
        for host in of_kind(platforms[case], kind).values():
            assert host["role"].name == host.component.replace("_", "-")
