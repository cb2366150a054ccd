# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public addresses: of the lab's own range, each once in the whole account, the lowest free one first.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html#vpc-public-ipv4-addresses
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends, elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from lab.emulator.strict import cured, refuse, shown
from lab.place import PUBLIC


def free_address() -> str:
    """The lowest public address that nobody in the account has."""
    taken = set()
    for _, _, found in ec2_backends.iter_backends():
        backend: Any = found
        taken |= {interface.public_ip for interface in backend.enis.values()}
        taken |= {address.public_ip for address in backend.addresses}
    address = next((each for each in map(str, PUBLIC.hosts()) if each not in taken), None)
    return address or refuse("InsufficientAddressCapacity", "Not enough addresses available")


_random: Any = (elastic_ip_addresses, elastic_network_interfaces)  # moto's modules take an address at random
_random[0].random_ip = free_address
_random[1].random_public_ip = free_address


def dns_name(address: str, region: str) -> str:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html#vpc-dns-hostnames"""
    domain = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{domain}.amazonaws.com"


def internal_name(address: str, region: str) -> str:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html#vpc-dns-hostnames"""
    domain = "ec2" if region == "us-east-1" else f"{region}.compute"
    return f"ip-{address.replace('.', '-')}.{domain}.internal"


def elastic(interface: Any) -> bool:
    """Whether the interface's public address is an Elastic IP address."""
    addresses = interface.ec2_backend.addresses
    return any(each.eni is interface and each.public_ip == interface.public_ip for each in addresses)


@shown(NetworkInterface, "association")
def association(original: Any, interface: Any) -> Any:
    """Its public name. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAssociation.html"""
    shown_of_moto = original(interface)
    if shown_of_moto:
        shown_of_moto["publicDnsName"] = dns_name(interface.public_ip, interface.ec2_backend.region_name)
        shown_of_moto["ipOwnerId"] = interface.owner_id if elastic(interface) else "amazon"
    return shown_of_moto


@cured(NetworkInterface, "stop")
def stop(original: Any, interface: Any) -> None:
    """Stopping keeps an Elastic IP address. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html"""
    if not elastic(interface):
        original()


@cured(NetworkInterface, "check_auto_public_ip")
def assign(original: Any, interface: Any) -> None:
    """Not beside an Elastic IP address. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html"""
    if not elastic(interface):
        original()
