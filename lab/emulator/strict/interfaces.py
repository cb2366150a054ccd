# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces and their addresses: taken from the subnet, given back when the interface goes."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from lab.emulator.strict import cured, refuse, shown
from lab.emulator.strict.addresses import internal_name


@cured(Subnet, "request_ip")
def request_ip(original: Any, subnet: Any, ip: str, instance: Any) -> Any:
    """Only a free address of the subnet. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    address = ipaddress.ip_address(ip)
    if address not in subnet.cidr:
        refuse("InvalidParameterValue", f"Address {ip} does not fall within the subnet's address range")
    reserved = address in list(subnet.cidr.hosts())[:3] or address == subnet.cidr.broadcast_address
    if reserved or address == subnet.cidr.network_address:
        refuse("InvalidParameterValue", f"Address {ip} is in subnet's reserved address range")
    if ip in subnet._subnet_ips or any(_holds(eni, subnet, ip) for eni in subnet.ec2_backend.enis.values()):
        refuse("InvalidIPAddress.InUse", f"Address {ip} is in use.")
    return original(ip, instance)


def _holds(interface: Any, subnet: Any, ip: str) -> bool:
    return bool(ip) and interface.subnet is subnet and interface.private_ip_address == ip


@cured(Subnet, "get_available_subnet_ip")
def get_available_subnet_ip(original: Any, subnet: Any, instance: Any) -> Any:
    """A full subnet refuses. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    try:
        address = original(instance)
        while ipaddress.ip_address(address) in subnet.aws_reserved_ips:  # a restored subnet counts from its start
            del subnet._subnet_ips[address]
            address = original(instance)
        return address
    except (StopIteration, RuntimeError):
        refuse("InsufficientFreeAddressesInSubnet", f"Not enough free addresses in subnet {subnet.id}")


@cured(NetworkInterfaceBackend, "create_network_interface")
def create(original: Any, backend: Any, subnet: Any, private_ip_address: Any, *arguments: Any, **named: Any) -> Any:
    """Addresses come from the subnet. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html"""
    subnet = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
    of_launch = "device_index" in named  # an instance has reserved the address of its interface already
    of_moto = not arguments and not named  # moto passes a random address for NAT gateways and endpoints
    if not of_moto and any(_holds(eni, subnet, private_ip_address) for eni in backend.enis.values()):
        refuse("InvalidIPAddress.InUse", f"Address {private_ip_address} is in use.")
    if of_moto or not (private_ip_address or of_launch or (arguments and arguments[0])):
        private_ip_address = subnet.get_available_subnet_ip(None)
    elif private_ip_address and private_ip_address not in subnet._subnet_ips:
        subnet.request_ip(private_ip_address, None)
    return _named(original(subnet, private_ip_address, *arguments, **named))


def _named(interface: Any) -> Any:
    """Where the VPC has DNS hostnames, its name is the region's."""
    if hasattr(interface, "private_dns_name"):
        region = interface.ec2_backend.region_name
        interface.private_dns_name = internal_name(interface.private_ip_address, region)
    return interface


@shown(NetworkInterface, "group_set")
def group_set(_: Any, interface: Any) -> Any:
    """Its own groups: an instance's are those of its first interface. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html"""
    return interface._group_set


@cured(NetworkInterfaceBackend, "modify_network_interface_attribute")
def modify(original: Any, backend: Any, eni_id: str, *arguments: Any, **named: Any) -> None:
    """The instance's groups and check are its first interface's. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html"""
    original(eni_id, *arguments, **named)
    interface = backend.get_network_interface(eni_id)
    if interface.instance and interface.device_index == 0:
        interface.instance.security_groups = list(interface._group_set)
        interface.instance.source_dest_check = interface.source_dest_check


@cured(NetworkInterfaceBackend, "delete_network_interface")
def delete(original: Any, backend: Any, eni_id: str) -> None:
    """Its Elastic IP address is disassociated and its own are free. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html"""
    interface = backend.enis.get(eni_id)
    for address in backend.addresses if interface else ():
        if address.eni is interface:
            address.eni = address.instance = address.association_id = None
    original(eni_id)
    for address in interface.private_ip_addresses:
        interface.subnet.del_subnet_ip(address["PrivateIpAddress"])
    interface.public_ip = None


@cured(ElasticNetworkInterfaces, "delete_network_interface")
def delete_by_api(original: Any, response: Any) -> Any:
    """Not while in use. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInterface.html"""
    interface = response.ec2_backend.get_network_interface(response._get_param("NetworkInterfaceId"))
    if interface.status == "in-use":
        refuse("InvalidNetworkInterface.InUse", f"Network interface '{interface.id}' is currently in use.")
    return original()


@cured(ElasticAddressBackend, "release_address")
def release(original: Any, backend: Any, address: str | None = None, allocation_id: str | None = None) -> None:
    """Not while associated. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html"""
    for elastic in backend.addresses:
        if elastic.association_id and allocation_id and elastic.allocation_id == allocation_id:
            refuse("InvalidIPAddress.InUse", f"The address {elastic.public_ip} is in use by {elastic.eni.id}.")
    original(address=address, allocation_id=allocation_id)


@cured(ElasticAddressBackend, "disassociate_address")
def disassociate(original: Any, backend: Any, address: str | None = None, association_id: str | None = None) -> None:
    """A NAT gateway keeps its first address. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateNatGatewayAddress.html"""
    for elastic in backend.addresses:
        if association_id and elastic.association_id == association_id and elastic.eni.interface_type == "nat_gateway":
            refuse("AuthFailure", "You do not have permission to access the specified resource.")
    original(address=address, association_id=association_id)
