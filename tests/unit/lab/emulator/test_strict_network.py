# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: what depends on what, addresses, NAT gateways, endpoints."""

from __future__ import annotations

from tests.unit.lab.emulator.support import Aws, refused


def _interface(aws: Aws, subnet: str, **more: object) -> str:
    answer = aws.ec2.create_network_interface(SubnetId=subnet, **more)
    return str(answer["NetworkInterface"]["NetworkInterfaceId"])


def _address(aws: Aws) -> dict[str, str]:
    answer: dict[str, str] = aws.ec2.allocate_address(Domain="vpc")
    return answer


def _nat(aws: Aws, subnet: str, **more: object) -> str:
    more = more or {"ConnectivityType": "private"}
    return str(aws.ec2.create_nat_gateway(SubnetId=subnet, **more)["NatGateway"]["NatGatewayId"])


def _nat_state(aws: Aws, gateway: str) -> str:
    return str(aws.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"])


def test_subnet_with_an_interface_stays(aws: Aws) -> None:
    subnet = aws.network().subnet
    interface = _interface(aws, subnet)
    with refused("DependencyViolation"):
        aws.ec2.delete_subnet(SubnetId=subnet)
    aws.ec2.delete_network_interface(NetworkInterfaceId=interface)
    aws.ec2.delete_subnet(SubnetId=subnet)


def test_group_in_use_by_an_interface_stays(aws: Aws) -> None:
    network = aws.network()
    group = aws.ec2.create_security_group(GroupName="a", Description="a", VpcId=network.vpc)["GroupId"]
    interface = _interface(aws, network.subnet, Groups=[group])
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.delete_network_interface(NetworkInterfaceId=interface)
    aws.ec2.delete_security_group(GroupId=group)


def test_group_that_a_rule_names_stays(aws: Aws) -> None:
    vpc = aws.network().vpc
    a, b = (aws.ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in "ab")
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": a}]}
    aws.ec2.authorize_security_group_ingress(GroupId=b, IpPermissions=[rule])
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=a)
    aws.ec2.revoke_security_group_ingress(GroupId=b, IpPermissions=[rule])
    aws.ec2.delete_security_group(GroupId=a)


def test_default_group_is_never_deleted_alone(aws: Aws) -> None:
    vpc = aws.network().vpc
    found = aws.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    with refused("CannotDelete"):
        aws.ec2.delete_security_group(GroupId=found[0]["GroupId"])


def test_vpc_is_deleted_when_empty_only(aws: Aws) -> None:
    network = aws.network()
    group = aws.ec2.create_security_group(GroupName="a", Description="a", VpcId=network.vpc)["GroupId"]
    aws.ec2.delete_subnet(SubnetId=network.subnet)
    with refused("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=network.vpc)
    aws.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    with refused("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=network.vpc)
    aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.delete_vpc(VpcId=network.vpc)


def test_deleted_vpc_takes_its_default_acl_along(aws: Aws) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    assert len(aws.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]) == 1
    aws.ec2.delete_vpc(VpcId=vpc)
    assert aws.ec2.describe_network_acls(Filters=filters)["NetworkAcls"] == []


def test_subnet_is_deleted_with_its_route_table_association(aws: Aws) -> None:
    network = aws.network()
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.associate_route_table(RouteTableId=table, SubnetId=network.subnet)
    aws.ec2.delete_subnet(SubnetId=network.subnet)
    assert aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"] == []
    aws.ec2.delete_route_table(RouteTableId=table)


def test_gateway_stays_while_public_addresses_are_mapped(aws: Aws) -> None:
    network = aws.network()
    address = _address(aws)
    where = {"AllocationId": address["AllocationId"], "NetworkInterfaceId": _interface(aws, network.subnet)}
    association = aws.ec2.associate_address(**where)["AssociationId"]
    with refused("DependencyViolation"):
        aws.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    with refused("InvalidIPAddress.InUse"):
        aws.ec2.release_address(AllocationId=address["AllocationId"])
    aws.ec2.disassociate_address(AssociationId=association)
    aws.ec2.release_address(AllocationId=address["AllocationId"])
    aws.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)


def test_one_internet_gateway_a_vpc(aws: Aws) -> None:
    second = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with refused("InvalidParameterValue"):
        aws.ec2.attach_internet_gateway(InternetGatewayId=second, VpcId=aws.network().vpc)


def test_nat_gateways_filter_by_tag(aws: Aws) -> None:
    subnet = aws.network().subnet
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "stack", "Value": "mine"}]}]
    mine = _nat(aws, subnet, ConnectivityType="private", TagSpecifications=tags)
    _nat(aws, subnet)
    wanted = [{"Name": "tag:stack", "Values": ["mine"]}]
    found = aws.ec2.describe_nat_gateways(Filters=wanted)["NatGateways"]
    assert [gateway["NatGatewayId"] for gateway in found] == [mine]


def test_nat_gateway_holds_its_address_and_subnet_until_deleted(slow: Aws) -> None:
    network = slow.network()
    address = _address(slow)["AllocationId"]
    gateway = _nat(slow, network.subnet, AllocationId=address)
    assert _nat_state(slow, gateway) == "pending"
    slow.emulator.settle()
    assert _nat_state(slow, gateway) == "available"
    slow.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert _nat_state(slow, gateway) == "deleting"
    with refused("InvalidIPAddress.InUse"):
        slow.ec2.release_address(AllocationId=address)
    with refused("DependencyViolation"):
        slow.ec2.delete_subnet(SubnetId=network.subnet)
    slow.emulator.settle()
    assert _nat_state(slow, gateway) == "deleted"
    slow.ec2.release_address(AllocationId=address)
    slow.ec2.delete_subnet(SubnetId=network.subnet)


def test_deleted_nat_gateway_leaves_a_black_hole_and_its_tags(aws: Aws) -> None:
    network = aws.network()
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "stack", "Value": "mine"}]}]
    gateway = _nat(aws, network.subnet, ConnectivityType="private", TagSpecifications=tags)
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    aws.ec2.delete_nat_gateway(NatGatewayId=gateway)
    routes = aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [route["State"] for route in routes if route.get("NatGatewayId") == gateway] == ["blackhole"]
    wanted = [{"Name": "tag:stack", "Values": ["mine"]}]
    assert [found["State"] for found in aws.ec2.describe_nat_gateways(Filters=wanted)["NatGateways"]] == ["deleted"]


def test_public_nat_gateway_without_a_way_out_fails(aws: Aws) -> None:
    network = aws.network()
    aws.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    gateway = _nat(aws, network.subnet, AllocationId=_address(aws)["AllocationId"])
    found = aws.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")


def test_public_nat_gateway_needs_an_address_and_keeps_it(aws: Aws) -> None:
    network = aws.network()
    with refused("MissingParameter"):
        aws.ec2.create_nat_gateway(SubnetId=network.subnet)
    address = _address(aws)["AllocationId"]
    _nat(aws, network.subnet, AllocationId=address)
    association = aws.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]["AssociationId"]
    with refused("AuthFailure"):
        aws.ec2.disassociate_address(AssociationId=association)


def test_nat_gateway_s_address_lies_in_its_subnet(aws: Aws) -> None:
    gateway = aws.ec2.create_nat_gateway(SubnetId=aws.network().subnet, ConnectivityType="private")["NatGateway"]
    assert gateway["NatGatewayAddresses"][0]["PrivateIp"].startswith("10.0.0.")


def test_nat_gateway_that_is_not_there(aws: Aws) -> None:
    with refused("NatGatewayNotFound"):
        aws.ec2.delete_nat_gateway(NatGatewayId="nat-00000000000000000")
    with refused("NatGatewayNotFound"):
        aws.ec2.describe_nat_gateways(NatGatewayIds=["nat-00000000000000000"])


def test_interface_endpoint_takes_time_and_holds_its_group(slow: Aws) -> None:
    network = slow.network()
    group = slow.ec2.create_security_group(GroupName="a", Description="a", VpcId=network.vpc)["GroupId"]
    endpoint = slow.ec2.create_vpc_endpoint(
        VpcId=network.vpc,
        ServiceName="com.amazonaws.eu-west-1.ec2",
        VpcEndpointType="Interface",
        SubnetIds=[network.subnet],
        SecurityGroupIds=[group],
    )["VpcEndpoint"]["VpcEndpointId"]
    states = [{"Name": "vpc-endpoint-type", "Values": ["Interface"]}]

    def look() -> list[str]:
        return [found["State"] for found in slow.ec2.describe_vpc_endpoints(Filters=states)["VpcEndpoints"]]

    assert look() == ["pending"]
    slow.emulator.settle()
    assert look() == ["available"]
    slow.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert look() == ["deleting"]
    with refused("DependencyViolation"):
        slow.ec2.delete_security_group(GroupId=group)
    with refused("InvalidVpcEndpointId.NotFound"):
        slow.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument="{}")
    slow.emulator.settle()
    assert look() == []
    slow.ec2.delete_security_group(GroupId=group)


def test_gateway_endpoint_goes_with_its_routes(aws: Aws) -> None:
    network = aws.network()
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    endpoint = aws.ec2.create_vpc_endpoint(
        VpcId=network.vpc, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    assert len(aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]) == 2
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert len(aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]) == 1


def test_interface_takes_a_free_address_of_its_subnet_only(aws: Aws) -> None:
    subnet = aws.network().subnet
    interface = _interface(aws, subnet, PrivateIpAddress="10.0.0.77")
    with refused("InvalidIPAddress.InUse", 400):
        _interface(aws, subnet, PrivateIpAddress="10.0.0.77")
    with refused("InvalidIPAddress.InUse", 400):
        aws.launch(subnet, PrivateIpAddress="10.0.0.77")
    with refused("InvalidParameterValue", 400):
        aws.launch(subnet, PrivateIpAddress="10.9.0.77")
    with refused("InvalidParameterValue", 400):
        aws.launch(subnet, PrivateIpAddress="10.0.0.1")
    aws.ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert aws.launch(subnet, PrivateIpAddress="10.0.0.77")["PrivateIpAddress"] == "10.0.0.77"


def test_full_subnet_refuses(aws: Aws) -> None:
    vpc = aws.network().vpc
    small = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.200.0/28")["Subnet"]["SubnetId"]
    for _ in range(11):
        _interface(aws, small)
    with refused("InsufficientFreeAddressesInSubnet"):
        _interface(aws, small)


def test_attached_interface_is_not_deleted(aws: Aws) -> None:
    instance = aws.launch(aws.network().subnet)
    with refused("InvalidNetworkInterface.InUse"):
        aws.ec2.delete_network_interface(NetworkInterfaceId=instance["NetworkInterfaces"][0]["NetworkInterfaceId"])
