# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public addresses, routes, ACLs, quotas, tag filters and certificates: where moto is laxer than AWS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lab.emulator import Emulator
from tests.unit.lab.emulator.support import CONFIG, Aws, refused


def _allocate(aws: Aws) -> dict[str, Any]:
    answer: dict[str, Any] = aws.ec2.allocate_address(Domain="vpc")
    return answer


def _in(aws: Aws, region: str) -> Any:
    key, secret = aws.emulator.options.credentials
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    return boto3.client("ec2", endpoint_url=aws.emulator.endpoint, region_name=region, config=CONFIG, **keys)


def test_public_address_is_the_lowest_free_one_of_the_account(aws: Aws) -> None:
    first, second = _allocate(aws), _allocate(aws)
    elsewhere = _in(aws, "us-east-1").allocate_address(Domain="vpc")
    addresses = [each["PublicIp"] for each in (first, second, elsewhere)]
    assert addresses == ["198.19.0.1", "198.19.0.2", "198.19.0.3"]
    aws.ec2.release_address(AllocationId=second["AllocationId"])
    assert _allocate(aws)["PublicIp"] == "198.19.0.2"


def test_assigned_public_address_lasts_while_the_instance_runs(aws: Aws) -> None:
    network = aws.network()
    aws.ec2.modify_subnet_attribute(SubnetId=network.subnet, MapPublicIpOnLaunch={"Value": True})
    launched = aws.launch(network.subnet)["InstanceId"]
    instance = aws.instance(launched)
    assert (instance["PublicIpAddress"], instance["PublicDnsName"]) == (
        "198.19.0.1",
        "ec2-198-19-0-1.eu-west-1.compute.amazonaws.com",
    )
    association = instance["NetworkInterfaces"][0]["Association"]
    assert (association["PublicDnsName"], association["IpOwnerId"]) == (instance["PublicDnsName"], "amazon")
    aws.ec2.stop_instances(InstanceIds=[launched])
    assert _allocate(aws)["PublicIp"] == "198.19.0.1"
    aws.ec2.start_instances(InstanceIds=[launched])
    assert aws.instance(launched)["PublicIpAddress"] == "198.19.0.2"
    aws.ec2.terminate_instances(InstanceIds=[launched])
    assert _allocate(aws)["PublicIp"] == "198.19.0.2"


def test_elastic_address_stays_with_a_stopped_instance(aws: Aws) -> None:
    network = aws.network()
    aws.ec2.modify_subnet_attribute(SubnetId=network.subnet, MapPublicIpOnLaunch={"Value": True})
    instance = aws.launch(network.subnet)["InstanceId"]
    address = _allocate(aws)
    aws.ec2.associate_address(InstanceId=instance, AllocationId=address["AllocationId"])
    for act in (aws.ec2.stop_instances, aws.ec2.start_instances):
        act(InstanceIds=[instance])
        assert aws.instance(instance)["PublicIpAddress"] == address["PublicIp"]
    association = aws.ec2.describe_addresses()["Addresses"][0]["AssociationId"]
    aws.ec2.disassociate_address(AssociationId=association)
    assert aws.instance(instance)["PublicIpAddress"] not in ("", address["PublicIp"])


def test_launch_without_a_subnet_is_in_the_default_one(aws: Aws) -> None:
    launch = {"ImageId": aws.image(), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    instance = aws.ec2.run_instances(**launch)["Instances"][0]
    subnet = aws.ec2.describe_subnets(SubnetIds=[instance["SubnetId"]])["Subnets"][0]
    assert (subnet["DefaultForAz"], instance["PrivateIpAddress"][:7]) == (True, "172.31.")
    assert [group["GroupName"] for group in aws.instance(instance["InstanceId"])["SecurityGroups"]] == ["default"]


def test_route_leads_to_a_nat_gateway_that_there_is(aws: Aws) -> None:
    network = aws.network()
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidNatGatewayID.NotFound"):
        aws.ec2.create_route(**route, NatGatewayId="nat-00000000000000000")
    aws.ec2.create_route(**route, GatewayId=network.gateway)
    with refused("InvalidNatGatewayID.NotFound"):
        aws.ec2.replace_route(**route, NatGatewayId="nat-00000000000000000")


def test_route_to_a_gateway_that_is_not_attached_is_a_black_hole(aws: Aws) -> None:
    network = aws.network()
    table = aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=network.gateway)

    def states() -> dict[str, str]:
        routes = aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return {route["GatewayId"]: route["State"] for route in routes}

    assert states() == {"local": "active", network.gateway: "active"}
    aws.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    assert states() == {"local": "active", network.gateway: "blackhole"}


def test_subnet_has_one_route_table(aws: Aws) -> None:
    network = aws.network()
    first, second = (aws.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    aws.ec2.associate_route_table(RouteTableId=first, SubnetId=network.subnet)
    with refused("Resource.AlreadyAssociated"):
        aws.ec2.associate_route_table(RouteTableId=second, SubnetId=network.subnet)


def test_main_route_table_and_default_acl_stay_with_their_vpc(aws: Aws) -> None:
    vpc = aws.network().vpc
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    table = aws.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"][0]["RouteTableId"]
    acl = aws.ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"][0]["NetworkAclId"]
    with refused("DependencyViolation"):
        aws.ec2.delete_route_table(RouteTableId=table)
    with refused("InvalidParameterValue"):
        aws.ec2.delete_network_acl(NetworkAclId=acl)


def test_acl_is_free_when_its_subnet_is_deleted(aws: Aws) -> None:
    network = aws.network()
    acl = aws.ec2.create_network_acl(VpcId=network.vpc)["NetworkAcl"]["NetworkAclId"]
    standing = aws.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [network.subnet]}])
    association = standing["NetworkAcls"][0]["Associations"][0]["NetworkAclAssociationId"]
    aws.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    aws.ec2.delete_subnet(SubnetId=network.subnet)
    aws.ec2.delete_network_acl(NetworkAclId=acl)


def test_tags_filter_where_moto_does_not_look(aws: Aws) -> None:
    tags = [{"Key": "stack", "Value": "mine"}]
    wanted = [{"Name": "tag:stack", "Values": ["mine"]}]
    vpcs = [aws.ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(3)]
    peerings = [
        aws.ec2.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=peer)["VpcPeeringConnection"]
        for peer in vpcs[1:]
    ]
    mine = peerings[1]["VpcPeeringConnectionId"]
    lists = [
        aws.ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=1, AddressFamily="IPv4")["PrefixList"]
        for name in ("a", "b")
    ]
    gateways = [
        aws.ec2.create_customer_gateway(Type="ipsec.1", BgpAsn=asn, PublicIp="192.0.2.1")["CustomerGateway"]
        for asn in (65001, 65002)
    ]
    ways_out = [aws.ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"] for vpc in vpcs[:2]]
    resources = [mine, lists[1]["PrefixListId"], gateways[1]["CustomerGatewayId"]]
    resources.append(ways_out[1]["EgressOnlyInternetGatewayId"])
    aws.ec2.create_tags(Resources=resources, Tags=tags)
    found = [
        aws.ec2.describe_vpc_peering_connections(Filters=wanted)["VpcPeeringConnections"],
        aws.ec2.describe_managed_prefix_lists(Filters=wanted)["PrefixLists"],
        aws.ec2.describe_customer_gateways(Filters=wanted)["CustomerGateways"],
        aws.ec2.describe_egress_only_internet_gateways(Filters=wanted)["EgressOnlyInternetGateways"],
    ]
    keys = ("VpcPeeringConnectionId", "PrefixListId", "CustomerGatewayId", "EgressOnlyInternetGatewayId")
    assert [[each[key] for each in every] for key, every in zip(keys, found, strict=True)] == [
        [each] for each in resources
    ]


def test_attachments_of_a_transit_gateway_filter_by_tag(aws: Aws) -> None:
    gateway = aws.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    ids = []
    for network in (aws.network(), aws.network()):
        attach = {"TransitGatewayId": gateway, "VpcId": network.vpc, "SubnetIds": network.subnets}
        ids.append(aws.ec2.create_transit_gateway_vpc_attachment(**attach)["TransitGatewayVpcAttachment"])
    mine = ids[1]["TransitGatewayAttachmentId"]
    aws.ec2.create_tags(Resources=[mine], Tags=[{"Key": "stack", "Value": "mine"}])
    wanted = [{"Name": "tag:stack", "Values": ["mine"]}]
    found = aws.ec2.describe_transit_gateway_vpc_attachments(Filters=wanted)["TransitGatewayVpcAttachments"]
    assert [each["TransitGatewayAttachmentId"] for each in found] == [mine]


@pytest.fixture(scope="module")
def limited() -> Iterator[Aws]:
    """An emulator that enforces small quotas."""
    quotas = {"L-0263D0A3": 1.0, "L-F678F1CE": 2.0, "L-1216C47A": 4.0, "L-DB2E81BA": 0.0}
    with Emulator(lag=None, transition=0, quotas=quotas) as emulator:
        yield Aws(emulator)


def test_quotas_that_are_set_are_enforced(limited: Aws) -> None:
    address = _allocate(limited)["AllocationId"]
    with refused("AddressLimitExceeded"):
        _allocate(limited)
    limited.ec2.release_address(AllocationId=address)
    _allocate(limited)
    subnet = limited.network().subnet  # beside the default VPC
    with refused("VpcLimitExceeded"):
        limited.ec2.create_vpc(CidrBlock="10.1.0.0/16")
    with refused("VcpuLimitExceeded"):
        limited.launch(subnet, InstanceType="g4dn.xlarge")
    first, second = (limited.launch(subnet)["InstanceId"] for _ in range(2))
    with refused("VcpuLimitExceeded"):
        limited.launch(subnet)
    limited.ec2.stop_instances(InstanceIds=[first])
    limited.launch(subnet)
    with refused("VcpuLimitExceeded"):
        limited.ec2.start_instances(InstanceIds=[first])
    limited.ec2.terminate_instances(InstanceIds=[second])
    limited.ec2.start_instances(InstanceIds=[first])


def test_quota_that_is_not_set_is_no_limit(aws: Aws) -> None:
    assert len({_allocate(aws)["PublicIp"] for _ in range(6)}) == 6


def test_certificate_in_use_stays(aws: Aws) -> None:
    network = aws.network(zones=2)
    certificate = aws.acm.request_certificate(DomainName="a.example")["CertificateArn"]
    balancer = aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets)["LoadBalancers"][0]
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    listen = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Port": 443, "Protocol": "HTTPS"}
    listener = aws.elbv2.create_listener(**listen, Certificates=[{"CertificateArn": certificate}], DefaultActions=fixed)
    with refused("ResourceInUseException"):
        aws.acm.delete_certificate(CertificateArn=certificate)
    aws.elbv2.delete_listener(ListenerArn=listener["Listeners"][0]["ListenerArn"])
    aws.acm.delete_certificate(CertificateArn=certificate)


def _certificate(name: str, end: datetime) -> dict[str, bytes]:
    """A certificate of an elliptic key, by itself, as it is imported."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(datetime.now(UTC) - timedelta(days=1))
    pem = builder.not_valid_after(end).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    return {"Certificate": pem, "PrivateKey": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())}


def test_certificate_imported_again_keeps_its_tags_and_takes_none(aws: Aws) -> None:
    tags, end = [{"Key": "a", "Value": "b"}], datetime.now(UTC) + timedelta(days=9)
    files = _certificate("a.example", end)
    arn = aws.acm.import_certificate(**files, Tags=tags)["CertificateArn"]
    with refused("ValidationException"):
        aws.acm.import_certificate(**files, CertificateArn=arn, Tags=tags)
    renewed = _certificate("a.example", end + timedelta(days=9))
    chain = _certificate("b.example", end)["Certificate"]
    aws.acm.import_certificate(**renewed, CertificateArn=arn, CertificateChain=chain)
    assert aws.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags
    stored = aws.acm.get_certificate(CertificateArn=arn)
    assert stored["Certificate"].encode() == renewed["Certificate"]
    assert stored["CertificateChain"].strip().encode() == chain.strip()


def test_certificates_of_elliptic_keys_are_listed_on_request(aws: Aws) -> None:
    aws.acm.import_certificate(**_certificate("a.example", datetime.now(UTC) + timedelta(days=9)))
    assert aws.acm.list_certificates()["CertificateSummaryList"] == []
    listed = aws.acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
    assert [row["DomainName"] for row in listed] == ["a.example"]


def test_zone_with_a_vpc_is_private(aws: Aws) -> None:
    vpc = {"VPCRegion": "eu-west-1", "VPCId": aws.network().vpc}
    zone = aws.route53.create_hosted_zone(Name="a.internal", CallerReference="1", VPC=vpc)["HostedZone"]
    assert zone["Config"]["PrivateZone"]


def test_registry_token_lasts_twelve_hours(aws: Aws) -> None:
    (given,) = aws.ecr.get_authorization_token()["authorizationData"]
    assert given["proxyEndpoint"] == "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert timedelta(hours=11) < given["expiresAt"] - datetime.now(UTC) <= timedelta(hours=12)


def test_snapshots_and_reboots_of_databases_take_time(slow: Aws) -> None:
    make = {"DBInstanceIdentifier": "main", "DBInstanceClass": "db.t3.micro", "Engine": "postgres"}
    login = {"MasterUsername": "slipway", "MasterUserPassword": "correct-horse", "AllocatedStorage": 20}
    slow.rds.create_db_instance(**make, **login)
    slow.emulator.settle()

    def status() -> str:
        return str(slow.rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"])

    slow.rds.reboot_db_instance(DBInstanceIdentifier="main")
    assert status() == "rebooting"
    with refused("InvalidDBInstanceState"):
        slow.rds.reboot_db_instance(DBInstanceIdentifier="main")
    slow.emulator.settle()
    assert status() == "available"
    made = slow.rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="s")["DBSnapshot"]
    assert made["Status"] == "creating"
    with refused("InvalidDBSnapshotState"):
        slow.rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="copy", DBSnapshotIdentifier="s")
    slow.emulator.settle()
    slow.rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="copy", DBSnapshotIdentifier="s")
