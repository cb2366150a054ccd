# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of one stack: its EC2 instances, how they are reached, and the keys they must show."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ec2
short_description: Hosts of a Slipway stack on EC2
version_added: 1.0.0
author:
  - Slipway contributors (@slipway)
description:
  - Reads the instances of one stack, which carry the tag C(slipway:stack), with one paginated call a region.
  - A host is named by its tag C(slipway:name), and is in the groups that its tag C(slipway:group) names, in
    C(zone_<availability zone>) and in C(component_<component>).
    Members of an auto scaling group get the end of their instance id appended.
  - A host that is stopped is in the groups C(slipway_stopped) and C(<group>_stopped) only.
  - Every host gets the variables C(slipway_instance_id), C(slipway_state), C(slipway_region), C(slipway_zone),
    C(slipway_private_ip), C(slipway_public_ip), C(slipway_private_dns_name), C(slipway_instance_type),
    C(slipway_image_id), C(slipway_launch_time), C(slipway_tags), and C(ansible_host) and C(ansible_ssh_common_args).
  - The group C(all) gets C(slipway_project), C(slipway_environment), C(slipway_region), C(slipway_stack) and
    C(ansible_user).
  - Host keys are pinned. The key comes from the host's tag C(slipway:host-key), else from its console output. A host
    without a known key is refused by ssh, never trusted on first use.
notes:
  - Credentials are found the way that boto3 does it, so from E(AWS_PROFILE), E(AWS_ACCESS_KEY_ID), a role and so on.
  - A stack without instances is a valid inventory of no hosts. A region that cannot be read is an error.
  - "Set C(any_unparsed_is_failed = true) in the section C([inventory]) of C(ansible.cfg): Ansible otherwise makes such
    an error a warning."
requirements:
  - boto3
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [slipway.platform.ec2]
  project:
    description: Name of the project.
    type: str
    required: true
  environment:
    description: Name of the environment.
    type: str
    required: true
  regions:
    description:
      - The regions that hold the stack, read at once. The first is its main region.
      - Exactly one of O(regions) and O(region) is needed.
    type: list
    elements: str
  region:
    description: The region of a stack that is in one only.
    type: str
  stack:
    description:
      - The value of the tag C(slipway:stack).
      - Without it, O(project) and O(environment) joined by a hyphen.
    type: str
  connection:
    description:
      - How hosts are reached from here.
      - V(bastion) uses the private address through a host of O(bastion_group), whose own public address is used.
        Without a bastion it uses the public address of a host if it has one.
      - V(ssm) goes through AWS Systems Manager's Session Manager, which needs the AWS CLI and its plugin.
      - V(direct) uses the private address, where the control node is inside the network.
    type: str
    choices: [bastion, ssm, direct]
    default: bastion
  bastion_group:
    description: The group of the hosts that others are reached through.
    type: str
    default: bastion
  bastion_private_key_file:
    description: The private key for the connection to the bastion, where it is Ansible's own and not in an agent.
    type: path
    ini:
      - section: defaults
        key: private_key_file
    env:
      - name: ANSIBLE_PRIVATE_KEY_FILE
  user:
    description:
      - The user to log in as, on the bastion too.
      - A group with another user sets C(ansible_user) in its variables.
    type: str
    default: admin
  host_key_timeout:
    description:
      - Seconds that a host has from its launch to publish its SSH host key. Younger hosts without one are waited for,
        so that a host that has just been launched can be entered.
      - V(0) waits for none.
    type: int
    default: 180
    env:
      - name: SLIPWAY_HOST_KEY_TIMEOUT
  known_hosts:
    description:
      - The file to write the pinned host keys to.
      - Without it, C(slipway/<stack>/known_hosts) in Ansible's home (C(~/.ansible)).
    type: path
"""

EXAMPLES = r"""
# inventories/prod/stack.slipway.yml
plugin: slipway.platform.ec2
project: shop
environment: production
region: eu-central-1

---
# Two regions, cached for ten minutes, and a group of one's own.
plugin: slipway.platform.ec2
project: shop
environment: production
regions:
  - eu-central-1
  - eu-west-1
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/slipway/cache
cache_timeout: 600
keyed_groups:
  - key: slipway_instance_type
    prefix: type

---
# No bastion: through Session Manager.
plugin: slipway.platform.ec2
project: shop
environment: staging
region: eu-central-1
connection: ssm
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.slipway.platform.plugins.module_utils.inventory.errors import ReadError
from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import (
    Instance,
    groups,
    named,
    usable_name,
    variables,
)
from ansible_collections.slipway.platform.plugins.module_utils.inventory.ssh import (
    Access,
    Routes,
    host_keys,
    known_hosts,
    write_known_hosts,
)

SUFFIXES = (".slipway.yml", ".slipway.yaml")
SYNTAX = {
    "project": re.compile(r"[a-z0-9][a-z0-9-]*"),
    "environment": re.compile(r"[a-z0-9][a-z0-9-]*"),
    "stack": re.compile(r"[a-z0-9][a-z0-9-]*"),
    "regions": re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+"),
    "user": re.compile(r"[a-z_][a-z0-9_-]*"),
}
# What of the surroundings decides which account is read: another account must not be answered from the cache.
ACCOUNT = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN")
SHOWN = 10


class Source(NamedTuple):
    """The stack that an inventory source names, checked."""

    project: str
    environment: str
    stack: str
    regions: list[str]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "slipway.platform.ec2"

    def verify_file(self, path: str) -> bool:
        return path.endswith(SUFFIXES) and super().verify_file(path)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        self._read_config_data(path)
        source = self._source(path)
        instances = self._instances(source, path, cache)
        access = self._access(source)
        self._pin(access, instances)
        self._populate(source, access, instances)

    def _source(self, path: str) -> Source:
        """The stack, or one error that names the file, the option and the remedy."""
        regions, region = self.get_option("regions"), self.get_option("region")
        if bool(regions) == bool(region):
            raise AnsibleParserError(f"{path}: give exactly one of 'region' and 'regions' (a list)")
        project, environment = self.get_option("project"), self.get_option("environment")
        stack = self.get_option("stack") or f"{project}-{environment}"
        source = Source(project, environment, stack, list(dict.fromkeys(regions or [region])))
        for option, value in self._to_check(source):
            if not SYNTAX[option].fullmatch(value):
                rule = f"does not match {SYNTAX[option].pattern!r}; correct it"
                raise AnsibleParserError(f"{path}: {option}: {str(value)!r} {rule}")
        return source

    def _to_check(self, source: Source) -> Iterator[tuple[str, str]]:
        """Each option that has a syntax, with its value; the regions one by one."""
        yield from {"project": source.project, "environment": source.environment, "stack": source.stack}.items()
        yield "user", self.get_option("user")
        yield from (("regions", region) for region in source.regions)

    def _instances(self, source: Source, path: str, cache: bool) -> list[Instance]:
        """The stack's instances: from the cache, without any call, where it is on and holds them; else from EC2."""
        caching = self.get_option("cache")
        key = self._cache_key(source, path)
        if caching and cache:
            try:
                # One string, as Ansible's cache would else inspect every value of 10,000 hosts.
                return [Instance(*row) for row in json.loads(self._cache[key]["instances"])]
            except KeyError:
                pass
        instances = self._read(source, path)
        if caching:
            self._cache[key] = {"instances": json.dumps(instances, separators=(",", ":"))}
        return instances

    def _cache_key(self, source: Source, path: str) -> str:
        account = [os.environ.get(name, "") for name in ACCOUNT]
        digest = hashlib.sha256(json.dumps([Instance._fields, source.stack, sorted(source.regions), account]).encode())
        return f"{self.get_cache_key(path)}_{digest.hexdigest()[:16]}"

    def _read(self, source: Source, path: str) -> list[Instance]:
        # Imported here, as botocore costs a cached run a quarter of a second.
        from ansible_collections.slipway.platform.plugins.module_utils.inventory.reading import read_with_keys

        try:
            instances, warnings = read_with_keys(
                source.stack, source.regions, self.get_option("host_key_timeout"), self._tell_waiting
            )
        except ReadError as error:
            raise AnsibleParserError(f"{path}: {error}") from None  # Ansible would print the cause's message again
        for warning in warnings:
            self.display.warning(warning)
        return instances

    def _tell_waiting(self, instances: list[Instance]) -> None:
        names = [name for name, _instance in named(instances)]
        self.display.display(f"Waiting for the SSH host keys of {_some(names)}")

    def _access(self, source: Source) -> Access:
        home = os.path.expanduser(constants.ANSIBLE_HOME)
        return Access(
            connection=self.get_option("connection"),
            user=self.get_option("user"),
            bastion_group=self.get_option("bastion_group"),
            known_hosts=self.get_option("known_hosts") or os.path.join(home, "slipway", source.stack, "known_hosts"),
            control_path_folder=os.path.join(home, "cp"),
            private_key_file=self.get_option("bastion_private_key_file"),
        )

    def _pin(self, access: Access, instances: list[Instance]) -> None:
        """Writes the host keys, also on a cache hit: the file may be gone. Says which hosts ssh will refuse."""
        try:
            write_known_hosts(access.known_hosts, known_hosts(instances))
            os.makedirs(access.control_path_folder, mode=0o700, exist_ok=True)
        except OSError as error:
            remedy = "set 'known_hosts' to a file of your own"
            raise AnsibleParserError(f"Cannot write {error.filename}: {error.strerror}; {remedy}") from None
        self._warn(
            "ssh will refuse these hosts, as no host key of theirs is known yet",
            [name for name, instance in named(instances) if not instance.stopped and not host_keys(instance)],
        )
        self._warn(
            "These instances go by their ids, as their tag slipway:name cannot name a host",
            [instance.instance_id for instance in instances if not usable_name(instance)],
        )

    def _warn(self, what: str, names: list[str]) -> None:
        if names:
            self.display.warning(f"{what}: {_some(names)}")

    def _populate(self, source: Source, access: Access, instances: list[Instance]) -> None:
        shared = {
            "slipway_project": source.project,
            "slipway_environment": source.environment,
            "slipway_region": source.regions[0],
            "slipway_stack": source.stack,
            # Here and not on the hosts, so that a group's variables can name another user.
            "ansible_user": access.user,
        }
        for name, value in shared.items():
            self.inventory.set_variable("all", name, value)
        self.inventory.add_group("slipway_stopped")  # plays leave it out by name, also where it is empty
        routes = Routes(access, instances)
        constructed = any(self.get_option(option) for option in ("compose", "groups", "keyed_groups"))
        for name, instance in named(instances):
            address, arguments = routes(instance)
            facts = {**variables(instance), "ansible_host": address, "ansible_ssh_common_args": arguments}
            self._add(name, groups(instance), facts)
            if constructed:
                self._construct(name, facts)

    def _add(self, name: str, group_names: list[str], facts: dict[str, Any]) -> None:
        self.inventory.add_host(name)
        for group in group_names:
            self.inventory.add_host(name, group=self.inventory.add_group(group))
        # Set on the host itself: plain strings, which Ansible does not trust as templates, and a third of the time.
        host = self.inventory.get_host(name)
        for variable, value in facts.items():
            host.set_variable(variable, value)

    def _construct(self, name: str, facts: dict[str, Any]) -> None:
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), facts, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), facts, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), facts, name, strict=strict)


def _some(names: list[str]) -> str:
    """The first of the names, and how many there are more."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
