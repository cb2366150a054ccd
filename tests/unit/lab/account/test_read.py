# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account as plain data: what the API was told is what the reader finds."""

from __future__ import annotations

import base64
import io
import json
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.backends import get_backend

from lab.account.model import Account, AclEntry, Action, Attachment, Condition, Record, Route, Rule, Target, empty
from lab.account.read import read
from lab.emulator import state
from lab.emulator.options import ACCOUNT_ID
from lab.place import S3
from tests.unit.lab.emulator.support import InProcess

_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
_ANY = IPv4Network("0.0.0.0/0")


def _read(aws: InProcess) -> Account:
    return read(aws.application)


def _owned(account: Account, kind: str) -> list[Any]:
    return [each for each in account.interfaces.values() if each.owner[0] == kind]


def test_empty_account_is_empty_and_stays_so(aws: InProcess) -> None:
    assert _read(aws) == empty(ACCOUNT_ID)
    aws.ec2.describe_vpcs()
    found = _read(aws)
    assert (found.vpcs, found.subnets, found.security_groups) == ({}, {}, {})  # nobody is in the default VPC
    assert "eu-west-3" not in dict(get_backend("ec2")[ACCOUNT_ID])


def test_default_vpc_is_read_when_something_is_in_it(aws: InProcess) -> None:
    instance = aws.ec2.run_instances(ImageId=aws.image(), InstanceType="t3.micro", MinCount=1, MaxCount=1)
    address = instance["Instances"][0]["PrivateIpAddress"]
    found = _read(aws)
    ((subnet, vpc),) = {(each.subnet, each.vpc) for each in found.interfaces.values()}
    assert IPv4Address(address) in found.subnets[subnet].cidr
    assert found.vpcs[vpc].cidrs == (IPv4Network("172.31.0.0/16"),)


def test_network(aws: InProcess) -> None:
    network = aws.network(zones=2)
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.associate_route_table(RouteTableId=table, SubnetId=network.subnet)
    aws.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=network.gateway)
    aws.ec2.associate_vpc_cidr_block(VpcId=network.vpc, CidrBlock="10.1.0.0/16")
    found = _read(aws)
    vpc = found.vpcs[network.vpc]
    assert (vpc.region, vpc.cidrs, vpc.dns) == (
        "eu-west-1",
        (IPv4Network("10.0.0.0/16"), IPv4Network("10.1.0.0/16")),
        True,
    )
    assert (vpc.internet_gateway, vpc.resolver) == (network.gateway, IPv4Address("10.0.0.2"))
    first, second = (found.subnets[subnet] for subnet in network.subnets)
    assert (first.cidr, first.zone, first.route_table) == (IPv4Network("10.0.0.0/24"), "eu-west-1a", table)
    assert second.route_table != table
    assert {route.target for route in found.route_tables[second.route_table].routes} == {"local"}
    assert Route(_ANY, network.gateway) in found.route_tables[table].routes
    aws.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    assert Route(_ANY, network.gateway, active=False) in _read(aws).route_tables[table].routes


def test_security_groups(aws: InProcess) -> None:
    network = aws.network()
    group = aws.ec2.create_security_group(GroupName="g", Description="g", VpcId=network.vpc)["GroupId"]
    prefix_list = aws.ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]["PrefixListId"]
    permissions = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "50", "FromPort": -1, "ToPort": -1, "PrefixListIds": [{"PrefixListId": prefix_list}]},
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    ]
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    found = _read(aws)
    assert set(found.security_groups[group].ingress) == {
        Rule("tcp", (22, 22), cidr=IPv4Network("203.0.113.0/24")),
        Rule("all", None, group=group),
        Rule("icmp", (8, -1), cidr=_ANY),
        Rule("50", None, prefix_list=prefix_list),
    }
    assert found.security_groups[group].egress == (Rule("all", None, cidr=_ANY),)
    assert found.prefix_lists[prefix_list] == (IPv4Network("192.0.2.0/24"),)


def test_network_acl(aws: InProcess) -> None:
    network = aws.network()
    acl = aws.ec2.create_network_acl(VpcId=network.vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 90, "Protocol": "6", "RuleAction": "deny", "Egress": False}
    aws.ec2.create_network_acl_entry(**entry, CidrBlock="198.51.100.0/24", PortRange={"From": 22, "To": 23})
    echo = {"NetworkAclId": acl, "RuleNumber": 80, "Protocol": "1", "RuleAction": "allow", "Egress": True}
    aws.ec2.create_network_acl_entry(**echo, CidrBlock="0.0.0.0/0", IcmpTypeCode={"Type": 8, "Code": -1})
    default = aws.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [network.subnet]}])
    association = default["NetworkAcls"][0]["Associations"][0]["NetworkAclAssociationId"]
    before = _read(aws)
    assert before.network_acls[before.subnets[network.subnet].network_acl].entries == (
        AclEntry(100, True, True, "all", None, _ANY),
        AclEntry(100, False, True, "all", None, _ANY),
    )
    aws.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    found = _read(aws)
    assert found.subnets[network.subnet].network_acl == acl
    assert found.network_acls[acl].entries == (
        AclEntry(80, True, True, "icmp", (8, -1), _ANY),
        AclEntry(90, False, False, "tcp", (22, 23), IPv4Network("198.51.100.0/24")),
    )


def test_nat_gateway_and_endpoints(aws: InProcess) -> None:
    network = aws.network()
    allocation = aws.ec2.allocate_address(Domain="vpc")
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    nat = aws.ec2.create_nat_gateway(SubnetId=network.subnet, AllocationId=allocation["AllocationId"])
    nat_id = nat["NatGateway"]["NatGatewayId"]
    aws.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat_id)
    make = {"VpcId": network.vpc}
    gateway = aws.ec2.create_vpc_endpoint(**make, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table])
    api = {"VpcEndpointType": "Interface", "SubnetIds": [network.subnet], "PrivateDnsEnabled": False}
    interface = aws.ec2.create_vpc_endpoint(**make, ServiceName="com.amazonaws.eu-west-1.ecr.api", **api)
    s3, ecr = (each["VpcEndpoint"]["VpcEndpointId"] for each in (gateway, interface))
    found = _read(aws)
    assert found.nat_gateways[nat_id].public == IPv4Address(allocation["PublicIp"])
    assert found.nat_gateways[nat_id].private in found.subnets[network.subnet].cidr
    endpoint = found.endpoints[s3]
    assert (endpoint.service, endpoint.kind) == ("s3", "gateway")
    assert endpoint.prefix_list
    assert found.prefix_lists[endpoint.prefix_list] == (IPv4Network(f"{S3}/32"),)
    targets = {route.destination: route.target for route in found.route_tables[table].routes}
    assert (targets[endpoint.prefix_list], targets[_ANY]) == (s3, nat_id)
    assert (found.endpoints[ecr].service, found.endpoints[ecr].kind) == ("ecr.api", "interface")
    assert not found.endpoints[ecr].private_dns
    assert [each.owner for each in _owned(found, "endpoint")] == [("endpoint", ecr)]
    assert [each.owner for each in _owned(found, "nat_gateway")] == [("nat_gateway", nat_id)]
    aws.ec2.delete_nat_gateway(NatGatewayId=nat_id)
    after = _read(aws)
    assert after.nat_gateways == {}
    assert Route(_ANY, nat_id, active=False) in after.route_tables[table].routes


def test_endpoint_s_interfaces_and_routes_follow_its_changes(aws: InProcess) -> None:
    network = aws.network(zones=2)
    tables = [aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    make = {"VpcId": network.vpc}
    gateway = aws.ec2.create_vpc_endpoint(**make, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=tables[:1])
    api = {"VpcEndpointType": "Interface", "SubnetIds": network.subnets[:1]}
    interface = aws.ec2.create_vpc_endpoint(**make, ServiceName="com.amazonaws.eu-west-1.sqs", **api)
    s3, sqs = (each["VpcEndpoint"]["VpcEndpointId"] for each in (gateway, interface))
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=s3, AddRouteTableIds=tables[1:], RemoveRouteTableIds=tables[:1])
    change = {"AddSubnetIds": network.subnets[1:], "RemoveSubnetIds": network.subnets[:1]}
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=sqs, **change, PrivateDnsEnabled=False)
    found = _read(aws)
    assert [{route.target for route in found.route_tables[table].routes} for table in tables] == [
        {"local"},
        {"local", s3},
    ]
    assert [each.subnet for each in _owned(found, "endpoint")] == network.subnets[1:]
    assert not found.endpoints[sqs].private_dns


def test_instance(aws: InProcess) -> None:
    network = aws.network()
    aws.iam.create_role(RoleName="app", AssumeRolePolicyDocument=_TRUST)
    profile = aws.iam.create_instance_profile(InstanceProfileName="app")["InstanceProfile"]["Arn"]
    aws.iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    aws.ec2.create_key_pair(KeyName="k", KeyType="ed25519")
    group = aws.ec2.create_security_group(GroupName="g", Description="g", VpcId=network.vpc)["GroupId"]
    before = time.time()
    instance = aws.launch(
        network.subnet,
        InstanceType="g4dn.xlarge",
        KeyName="k",
        SecurityGroupIds=[group],
        UserData="#!/bin/sh\n\0",
        IamInstanceProfile={"Name": "app"},
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "n"}]}],
    )
    volume = aws.ec2.create_volume(Size=5, AvailabilityZone="eu-west-1a")["VolumeId"]
    aws.ec2.attach_volume(VolumeId=volume, InstanceId=instance["InstanceId"], Device="/dev/sdf")
    account = _read(aws)
    found = account.instances[instance["InstanceId"]]
    assert (found.state, found.image, found.type) == ("pending", aws.image(), "g4dn.xlarge")
    assert (found.region, found.zone) == ("eu-west-1", "eu-west-1a")
    assert before - 1 < found.launched < time.time() + 1
    assert found.public_key
    assert found.public_key.startswith("ssh-ed25519 ")
    assert (found.key_name, found.user_data) == ("k", b"#!/bin/sh\n\0")
    assert found.profile == (profile, "app")
    assert (found.tokens_required, found.hop_limit, found.instance_tags) == (True, 2, True)
    assert found.tags == (("Name", "n"),)
    assert (found.vcpus, found.memory, found.gpus, found.reboots) == (4, 16384, 1, 0)
    root, data = found.attachments
    assert (root.device, root.root, data) == ("/dev/xvda", True, Attachment(volume, "/dev/sdf", root=False))
    assert (account.volumes[volume].size, account.volumes[volume].zone) == (5, "eu-west-1a")
    interface = account.interfaces[found.interface]
    assert (interface.owner, interface.groups) == (("instance", found.id), (group,))
    assert (interface.address, interface.public) == (IPv4Address(instance["PrivateIpAddress"]), None)


def test_template_of_an_auto_scaling_group_is_the_instance_s(aws: InProcess) -> None:
    network = aws.network()
    data = {"ImageId": aws.image(), "InstanceType": "t3.small", "UserData": base64.b64encode(b"boot").decode()}
    options = {"MetadataOptions": {"HttpTokens": "required"}}
    aws.ec2.create_launch_template(LaunchTemplateName="workers", LaunchTemplateData={**data, **options})
    aws.ec2.modify_subnet_attribute(SubnetId=network.subnet, MapPublicIpOnLaunch={"Value": True})
    size = {"MinSize": 2, "MaxSize": 2, "VPCZoneIdentifier": network.subnet}
    launch = {"LaunchTemplate": {"LaunchTemplateName": "workers"}}
    aws.autoscaling.create_auto_scaling_group(AutoScalingGroupName="g", **size, **launch)
    found = _read(aws)
    assert {(each.type, each.user_data, each.tokens_required) for each in found.instances.values()} == {
        ("t3.small", b"boot", True)
    }
    assert len({each.public for each in found.interfaces.values()} - {None}) == 2


def test_interface_s_groups_check_and_address_follow_the_instance(aws: InProcess) -> None:
    network = aws.network()
    groups = [
        aws.ec2.create_security_group(GroupName=name, Description="g", VpcId=network.vpc)["GroupId"] for name in "abc"
    ]
    instance = aws.launch(network.subnet, SecurityGroupIds=groups[:1])["InstanceId"]
    told = {"InstanceId": instance}
    aws.ec2.modify_instance_attribute(**told, Groups=groups[1:2])
    (interface,) = _owned(_read(aws), "instance")
    assert (interface.groups, interface.source_dest_check) == ((groups[1],), True)
    aws.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface.id, Groups=groups[2:])
    aws.ec2.modify_instance_attribute(**told, SourceDestCheck={"Value": False})
    (interface,) = _owned(_read(aws), "instance")
    assert (interface.groups, interface.source_dest_check) == ((groups[2],), False)
    assert [group["GroupId"] for group in aws.instance(instance)["SecurityGroups"]] == groups[2:]
    address = aws.ec2.allocate_address(Domain="vpc")
    aws.ec2.associate_address(InstanceId=instance, AllocationId=address["AllocationId"])
    (interface,) = _owned(_read(aws), "instance")
    assert interface.public == IPv4Address(address["PublicIp"])


def test_terminated_instance_is_gone_with_its_interface(aws: InProcess) -> None:
    instance = aws.launch(aws.network().subnet)["InstanceId"]
    aws.ec2.terminate_instances(InstanceIds=[instance])
    assert _read(aws).instances[instance].state == "shutting-down"
    aws.reality.report("instance", instance, "terminated")
    aws.instance(instance)
    found = _read(aws)
    assert (found.instances, found.interfaces, found.volumes) == ({}, {}, {})


def test_zones_and_records(aws: InProcess) -> None:
    network = aws.network()
    reference = {"VPC": {"VPCRegion": "eu-west-1", "VPCId": network.vpc}, "CallerReference": "r"}
    private = aws.route53.create_hosted_zone(Name="lab.internal", **reference)["HostedZone"]["Id"]
    public = aws.route53.create_hosted_zone(Name="example.com", CallerReference="s")["HostedZone"]["Id"]
    alias = {"HostedZoneId": "Z1", "DNSName": "Web-1.elb.amazonaws.com", "EvaluateTargetHealth": False}
    records = [
        {"Name": "db.lab.internal", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.9"}]},
        {"Name": "*.lab.internal", "Type": "A", "AliasTarget": alias},
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
    aws.route53.change_resource_record_sets(HostedZoneId=private, ChangeBatch={"Changes": changes})
    zones = _read(aws).zones
    zone = zones[private.rpartition("/")[2]]
    assert (zone.name, zone.vpcs, zones[public.rpartition("/")[2]].vpcs) == ("lab.internal.", (network.vpc,), ())
    assert Record("db.lab.internal.", "A", 60, ("10.0.0.9",), None) in zone.records
    assert Record("*.lab.internal.", "A", 0, (), "web-1.elb.amazonaws.com.") in zone.records


def _load_balancer(aws: InProcess) -> tuple[str, str, str]:
    """ARNs of a load balancer, its listener, and a target group that it forwards to."""
    network = aws.network(zones=2)
    balancer = aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets)["LoadBalancers"][0]
    group = aws.elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=network.vpc, TargetType="ip", HealthCheckPath="/health"
    )["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    arn = str(balancer["LoadBalancerArn"])
    listener = aws.elbv2.create_listener(LoadBalancerArn=arn, Port=80, Protocol="HTTP", DefaultActions=forward)
    return arn, str(listener["Listeners"][0]["ListenerArn"]), str(group)


def test_load_balancer(aws: InProcess) -> None:
    arn, listener, group = _load_balancer(aws)
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    weighted = {"TargetGroups": [{"TargetGroupArn": group, "Weight": 3}]}
    query = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    conditions: list[list[dict[str, Any]]] = [
        [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}}],
        [
            {"Field": "path-pattern", "Values": ["/api/*"]},
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["1", "2"]}},
            {"Field": "query-string", "QueryStringConfig": {"Values": query[:1]}},
            {"Field": "query-string", "QueryStringConfig": {"Values": query}},
        ],
    ]
    actions = [{"Type": "redirect", "RedirectConfig": redirect}, {"Type": "forward", "ForwardConfig": weighted}]
    for priority, condition, action in zip((20, 10), conditions, actions, strict=True):
        aws.elbv2.create_rule(ListenerArn=listener, Priority=priority, Conditions=condition, Actions=[action])
    account = _read(aws)
    found = account.load_balancers[arn]
    assert (found.type, found.scheme, found.idle_timeout, found.cross_zone) == (
        "application",
        "internet-facing",
        60,
        True,
    )
    (port,) = found.listeners
    assert (port.protocol, port.port, port.certificates, port.ssl_policy) == ("HTTP", 80, (), None)
    assert [rule.priority for rule in port.rules] == [10, 20, None]
    assert port.rules[0].conditions == (
        Condition("path-pattern", "", ("/api/*",)),
        Condition("http-header", "X-A", ("1", "2")),
        Condition("query-string", "a", ("1",)),
        Condition("query-string", "", ("a=1", "b=2")),
    )
    assert [rule.action for rule in port.rules] == [
        Action("forward", target_groups=((group, 3),)),
        Action("redirect", settings=tuple(sorted(redirect.items()))),
        Action("forward", target_groups=((group, 1),)),
    ]
    interfaces = _owned(account, "load_balancer")
    assert [each.owner[1] for each in interfaces] == [arn, arn]
    assert all(each.public for each in interfaces)
    assert {each.subnet for each in interfaces} == set(found.subnets)


def test_load_balancer_s_interfaces_follow_its_subnets(aws: InProcess) -> None:
    network = aws.network(zones=3)
    made = aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets[:2])["LoadBalancers"][0]
    before = {each.subnet: each.id for each in _owned(_read(aws), "load_balancer")}
    aws.elbv2.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=network.subnets[1:])
    after = {each.subnet: each.id for each in _owned(_read(aws), "load_balancer")}
    assert set(after) == set(network.subnets[1:])
    assert after[network.subnets[1]] == before[network.subnets[1]]


def test_network_load_balancer_has_the_addresses_it_was_given_and_no_groups(aws: InProcess) -> None:
    network = aws.network()
    address = aws.ec2.allocate_address(Domain="vpc")
    mapping = {"SubnetId": network.subnet, "AllocationId": address["AllocationId"]}
    aws.elbv2.create_load_balancer(Name="tcp", Type="network", SubnetMappings=[mapping])
    (interface,) = _owned(_read(aws), "load_balancer")
    assert (interface.public, interface.groups) == (IPv4Address(address["PublicIp"]), ())


def test_target_group(aws: InProcess) -> None:
    _, _, group = _load_balancer(aws)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 8080}, {"Id": "10.0.0.8"}])
    settings = {
        "stickiness.enabled": "true",
        "stickiness.lb_cookie.duration_seconds": "60",
        "deregistration_delay.timeout_seconds": "5",
    }
    attributes = [{"Key": key, "Value": value} for key, value in settings.items()]
    aws.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)
    found = _read(aws).target_groups[group]
    assert found.targets == (Target("10.0.0.9", 8080), Target("10.0.0.8", 80))
    assert (found.protocol, found.port, found.target_type) == ("HTTP", 80, "ip")
    assert (found.health.path, found.health.port, found.health.codes) == ("/health", "traffic-port", "200")
    assert (found.stickiness, found.deregistration_delay) == (60, 5)


def _self_signed() -> tuple[bytes, bytes]:
    """A certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web.example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), private


def test_certificate_with_its_key(aws: InProcess) -> None:
    certificate, key = _self_signed()
    chain, _ = _self_signed()
    given = {"Certificate": certificate, "PrivateKey": key}
    alone = aws.acm.import_certificate(**given)["CertificateArn"]
    chained = aws.acm.import_certificate(**given, CertificateChain=chain)["CertificateArn"]
    found = _read(aws).certificates
    assert (found[alone].certificate.encode(), found[alone].private_key.encode()) == (certificate, key)
    assert (found[alone].chain, found[chained].chain.encode()) == ("", chain)
    assert "PRIVATE" not in repr(found)
    assert io.BytesIO(state.content(None)).getbuffer().nbytes  # also with a key that pickle cannot write by itself


def test_database(aws: InProcess) -> None:
    network = aws.network(zones=2)
    group = aws.ec2.create_security_group(GroupName="g", Description="g", VpcId=network.vpc)["GroupId"]
    aws.rds.create_db_subnet_group(DBSubnetGroupName="m", DBSubnetGroupDescription="m", SubnetIds=network.subnets)
    aws.rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="postgres15", Description="p")
    parameter = {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"}
    aws.rds.modify_db_parameter_group(DBParameterGroupName="p", Parameters=[parameter])
    size = {"DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, "AvailabilityZone": "eu-west-1b"}
    login = {"MasterUsername": "slipway", "ManageMasterUserPassword": True, "DBName": "platform"}
    aws.rds.create_db_instance(
        DBInstanceIdentifier="main",
        Engine="postgres",
        EngineVersion="15.4",
        DBSubnetGroupName="m",
        DBParameterGroupName="p",
        VpcSecurityGroupIds=[group],
        **size,
        **login,
    )
    described = aws.rds.describe_db_instances()["DBInstances"][0]
    account = _read(aws)
    (found,) = account.databases.values()
    assert (found.id, found.name, found.status) == (described["DbiResourceId"], "main", "creating")
    assert (found.engine, found.version, found.port) == ("postgres", "15.4", 5432)
    assert (found.vpc, found.zone, found.groups) == (network.vpc, "eu-west-1b", (group,))
    assert (found.database, found.username, found.parameters) == ("platform", "slipway", (("work_mem", "8192"),))
    secret = aws.secretsmanager.get_secret_value(SecretId=described["MasterUserSecret"]["SecretArn"])
    assert json.loads(secret["SecretString"]) == {"username": "slipway", "password": found.password}
    assert found.password not in repr(account)
    (interface,) = _owned(account, "database")
    assert (interface.owner[1], interface.subnet, interface.groups) == (found.id, network.subnets[1], (group,))
    aws.reality.report("database", found.id, "available")
    other = aws.ec2.create_security_group(GroupName="h", Description="h", VpcId=network.vpc)["GroupId"]
    change = {"VpcSecurityGroupIds": [other], "RotateMasterUserPassword": True, "ApplyImmediately": True}
    aws.rds.modify_db_instance(DBInstanceIdentifier="main", **change)
    after = _read(aws)
    assert after.databases[found.id].password not in ("", found.password)
    assert [each.groups for each in _owned(after, "database")] == [(other,)]


def test_database_without_groups_has_its_vpc_s_default_group(aws: InProcess) -> None:
    network = aws.network(zones=2)
    aws.rds.create_db_subnet_group(DBSubnetGroupName="m", DBSubnetGroupDescription="m", SubnetIds=network.subnets)
    make = {"DBInstanceIdentifier": "main", "DBInstanceClass": "db.t3.micro", "Engine": "postgres"}
    login = {"MasterUsername": "slipway", "MasterUserPassword": "correct-horse", "AllocatedStorage": 20}
    aws.rds.create_db_instance(**make, **login, DBSubnetGroupName="m")
    found = _read(aws)
    ((database,), (interface,)) = found.databases.values(), _owned(found, "database")
    assert database.password == "correct-horse"
    assert [found.security_groups[group].vpc for group in interface.groups] == [network.vpc]
    assert [group["VpcSecurityGroupId"] for group in _groups(aws)] == list(interface.groups)


def _groups(aws: InProcess) -> Any:
    return aws.rds.describe_db_instances()["DBInstances"][0]["VpcSecurityGroups"]


def test_repositories(aws: InProcess) -> None:
    made = aws.ecr.create_repository(repositoryName="app", imageTagMutability="IMMUTABLE")["repository"]
    found = _read(aws).repositories[made["repositoryArn"]]
    assert (found.name, found.region, found.immutable) == ("app", "eu-west-1", True)


def test_reading_is_quick(aws: InProcess) -> None:
    subnets = aws.network(zones=2).subnets
    for subnet in subnets:
        aws.ec2.run_instances(ImageId=aws.image(), InstanceType="t3.micro", SubnetId=subnet, MinCount=10, MaxCount=10)
    _read(aws)
    times = []
    for _ in range(5):
        started = time.thread_time()
        assert len(_read(aws).instances) == 20
        times.append(time.thread_time() - started)
    assert min(times) < 0.010
