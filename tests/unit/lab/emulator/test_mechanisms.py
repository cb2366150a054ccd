# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log, checks, credentials, client tokens and foreign resources."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.emulator import Emulator
from tests.unit.lab.emulator.support import CONFIG, Aws, eventually, refused


def _logged(aws: Aws) -> list[tuple[str, str, bool, int, str | None]]:
    return [(c["service"], c["operation"], c["mutating"], c["status"], c["error"]) for c in aws.emulator.calls()]


def _client(aws: Aws, service: str, key: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws.emulator.endpoint,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        config=CONFIG,
    )


def test_every_protocol_is_logged_by_the_name_of_its_operation(aws: Aws) -> None:
    aws.ec2.describe_vpcs()
    aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")
    aws.iam.list_roles()
    aws.elbv2.describe_load_balancers()
    aws.dynamodb.list_tables()
    aws.s3.create_bucket(Bucket="some", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.s3.put_object(Bucket="some", Key="a/b", Body=b"x")
    aws.s3.get_bucket_versioning(Bucket="some")
    aws.route53.create_hosted_zone(Name="a.example", CallerReference="1")
    aws.eks.list_clusters()
    aws.cloudwatch.describe_alarms()
    aws.resourcegroupstaggingapi.get_resources()
    assert _logged(aws) == [
        ("ec2", "DescribeVpcs", False, 200, None),
        ("ec2", "CreateVpc", True, 200, None),
        ("iam", "ListRoles", False, 200, None),
        ("elbv2", "DescribeLoadBalancers", False, 200, None),
        ("dynamodb", "ListTables", False, 200, None),
        ("s3", "CreateBucket", True, 200, None),
        ("s3", "PutObject", True, 200, None),
        ("s3", "GetBucketVersioning", False, 200, None),
        ("route53", "CreateHostedZone", True, 201, None),
        ("eks", "ListClusters", False, 200, None),
        ("cloudwatch", "DescribeAlarms", False, 200, None),
        ("resourcegroupstaggingapi", "GetResources", False, 200, None),
    ]


@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("ec2", "describe_vpcs", {"VpcIds": ["vpc-00000000000000000"]}, "InvalidVpcID.NotFound"),
        ("iam", "get_role", {"RoleName": "nobody"}, "NoSuchEntity"),
        ("secretsmanager", "describe_secret", {"SecretId": "none"}, "ResourceNotFoundException"),
        ("route53", "get_hosted_zone", {"Id": "Z0"}, "NoSuchHostedZone"),
        ("s3", "get_bucket_policy", {"Bucket": "nothing"}, "NoSuchBucket"),
        ("eks", "describe_cluster", {"name": "none"}, "ResourceNotFoundException"),
    ],
)
def test_error_codes_are_logged(aws: Aws, service: str, call: str, arguments: dict[str, Any], code: str) -> None:
    with refused(code):
        getattr(aws.client(service), call)(**arguments)
    assert [error for *_, error in _logged(aws)] == [code]


def test_log_keeps_region_and_order_and_is_cleared(aws: Aws) -> None:
    before = time.time()
    for region in ("us-east-1", "eu-central-1"):
        boto3.client("ec2", endpoint_url=aws.emulator.endpoint, region_name=region, **_keys(aws)).describe_vpcs()
    calls = aws.emulator.calls()
    assert [call["region"] for call in calls] == ["us-east-1", "eu-central-1"]
    assert before <= calls[0]["time"] <= calls[1]["time"] <= time.time()
    aws.emulator.clear_calls()
    assert aws.emulator.calls() == []


def _keys(aws: Aws) -> dict[str, str]:
    key, secret = aws.emulator.options.credentials
    return {"aws_access_key_id": key, "aws_secret_access_key": secret}


def test_reset_empties_the_account(aws: Aws) -> None:
    aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")
    aws.iam.create_instance_profile(InstanceProfileName="i")
    aws.emulator.reset()
    assert [vpc["IsDefault"] for vpc in aws.ec2.describe_vpcs()["Vpcs"]] == [True]
    assert aws.iam.list_instance_profiles()["InstanceProfiles"] == []


def test_unknown_filter_is_refused_though_nothing_is_there(aws: Aws) -> None:
    with refused("InvalidParameterValue", 400):
        aws.ec2.describe_instances(Filters=[{"Name": "no-such-filter", "Values": ["x"]}])


def test_filter_that_only_aws_has_is_a_clear_error(aws: Aws) -> None:
    aws.launch(aws.network().subnet)
    with pytest.raises(ClientError, match="not in the emulator") as caught:
        aws.ec2.describe_instances(Filters=[{"Name": "instance-lifecycle", "Values": ["spot"]}])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_placement_groups", "InvalidAction"),
        ("eks", "describe_addon_versions", "UnknownOperationException"),
        ("grafana", "list_workspaces", "UnknownOperationException"),
    ],
)
def test_action_that_only_aws_has_is_a_clear_error(aws: Aws, service: str, call: str, code: str) -> None:
    with pytest.raises(ClientError, match="not in the emulator") as caught:
        getattr(aws.client(service), call)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_dry_run_does_nothing(aws: Aws) -> None:
    with refused("DryRunOperation", 412):
        aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(aws.ec2.describe_vpcs()["Vpcs"]) == 1


@pytest.mark.parametrize(
    ("service", "call", "unknown", "expired"),
    [
        ("ec2", "describe_vpcs", "AuthFailure", "RequestExpired"),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "ExpiredToken"),
        ("iam", "list_roles", "InvalidClientTokenId", "ExpiredToken"),
        ("s3", "list_buckets", "InvalidAccessKeyId", "ExpiredToken"),
        ("dynamodb", "list_tables", "UnrecognizedClientException", "ExpiredTokenException"),
        ("route53", "list_hosted_zones", "InvalidClientTokenId", "ExpiredToken"),
    ],
)
def test_wrong_credentials(aws: Aws, service: str, call: str, unknown: str, expired: str) -> None:
    with refused(unknown):
        getattr(_client(aws, service, "AKIAUNKNOWNUNKNOWN00"), call)()
    with refused(expired):
        getattr(_client(aws, service, "EXPIRED"), call)()


def test_region_that_is_none(aws: Aws) -> None:
    client = boto3.client("ec2", endpoint_url=aws.emulator.endpoint, region_name="mars-north-1", **_keys(aws))
    with refused("AuthFailure", 401):
        client.describe_vpcs()


def test_keys_that_the_account_gives_out_are_known(aws: Aws) -> None:
    aws.iam.create_user(UserName="u")
    key = aws.iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    assert _client(aws, "sts", key).get_caller_identity()["Arn"].endswith(":user/u")
    role = aws.sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session")
    assert _client(aws, "ec2", role["Credentials"]["AccessKeyId"]).describe_vpcs()["Vpcs"]
    aws.emulator.reset()
    with refused("InvalidClientTokenId"):
        _client(aws, "sts", key).get_caller_identity()


def _token_calls(aws: Aws) -> dict[str, tuple[dict[str, Any], dict[str, Any], str]]:
    """Operation to its parameters, a change of them, and where its answer has the identity."""
    network = aws.network()
    nat = {"SubnetId": network.subnet, "ConnectivityType": "private"}
    endpoint = {"VpcId": network.vpc, "ServiceName": "com.amazonaws.eu-west-1.s3"}
    launch = {"ImageId": aws.image(), "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
    flow = {"ResourceIds": [network.vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "flow"}
    flow["DeliverLogsPermissionArn"] = "arn:aws:iam::123456789012:role/flow"
    data = {"LaunchTemplateData": {"InstanceType": "t3.micro"}}
    return {
        "run_instances": ({**launch, "SubnetId": network.subnet}, {"InstanceType": "t3.small"}, "InstanceId"),
        "create_nat_gateway": (nat, {"PrivateIpAddress": "10.0.0.9"}, "NatGatewayId"),
        "create_vpc_endpoint": (endpoint, {"VpcEndpointType": "Gateway"}, "VpcEndpointId"),
        "create_route_table": ({"VpcId": network.vpc}, {"VpcId": "vpc-0"}, "RouteTableId"),
        "create_volume": ({"AvailabilityZone": "eu-west-1a", "Size": 1}, {"Size": 2}, "VolumeId"),
        "create_flow_logs": (flow, {"TrafficType": "REJECT"}, "FlowLogIds"),
        "create_launch_template": (
            {"LaunchTemplateName": "t", **data},
            {"VersionDescription": "x"},
            "LaunchTemplateId",
        ),
    }


def _values(tree: Any, key: str) -> list[Any]:
    if isinstance(tree, list):
        return [value for item in tree for value in _values(item, key)]
    if not isinstance(tree, dict):
        return []
    return [value for name, child in tree.items() for value in ([child] if name == key else _values(child, key))]


def test_client_tokens(aws: Aws) -> None:
    for operation, (parameters, change, key) in _token_calls(aws).items():
        call = getattr(aws.ec2, operation)
        first = _values(call(**parameters, ClientToken="t1"), key)
        assert first, operation
        assert _values(call(**parameters, ClientToken="t1"), key) == first, operation
        with refused("IdempotentParameterMismatch", 400):
            call(**{**parameters, **change}, ClientToken="t1")
        if operation not in ("create_flow_logs", "create_launch_template"):
            assert _values(call(**parameters, ClientToken="t2"), key) != first, operation


def test_failed_call_may_be_tried_again_with_its_token(aws: Aws) -> None:
    network = aws.network()
    launch = {"ImageId": aws.image(), "MinCount": 1, "MaxCount": 1, "SubnetId": network.subnet, "KeyName": "late"}
    with refused("InvalidKeyPair.NotFound"):
        aws.ec2.run_instances(**launch, ClientToken="t")
    aws.ec2.create_key_pair(KeyName="late", KeyType="ed25519")
    assert aws.ec2.run_instances(**launch, ClientToken="t")["Instances"]


def test_many_clients_at_once_make_what_one_would(aws: Aws) -> None:
    vpc = aws.network().vpc
    numbers = range(40)

    def make(number: int) -> None:
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{100 + number}.0/24")
        aws.ec2.describe_subnets()

    threads = [threading.Thread(target=make, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = aws.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert len({subnet["CidrBlock"] for subnet in made}) == len(numbers) + 1
    assert {call["status"] for call in aws.emulator.calls()} == {200}


def test_foreign_resources_of_each_kind(aws: Aws) -> None:
    before = {"vpcs": 1, "subnets": 3, "buckets": 0}
    for total in (3, 6):
        made = aws.emulator.make_foreign(3, "eu-west-1")
        assert set(made.values()) == {3}
        assert len(aws.ec2.describe_vpcs()["Vpcs"]) == before["vpcs"] + total
        assert len(aws.ec2.describe_addresses()["Addresses"]) == total
        assert len(aws.ec2.describe_nat_gateways()["NatGateways"]) == total
        assert len(aws.ec2.describe_flow_logs()["FlowLogs"]) == total
        assert len(aws.s3.list_buckets()["Buckets"]) == total
        assert len(aws.iam.list_roles()["Roles"]) == total
    assert aws.ec2.describe_vpcs(Filters=[{"Name": "tag:slipway:stack", "Values": ["*"]}])["Vpcs"] == []
    assert [call["operation"] for call in aws.emulator.calls() if call["mutating"]] == []


def test_quota_is_what_was_asked_for() -> None:
    with Emulator(lag=None, quotas={"L-0263D0A3": 20.0}) as emulator:
        quotas = Aws(emulator).service_quotas
        assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-0263D0A3")["Quota"]["Value"] == 20.0
        listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
        assert {quota["QuotaCode"]: quota["Value"] for quota in listed}["L-0263D0A3"] == 20.0


def test_transition_ends_by_itself() -> None:
    with Emulator(lag=None, transition=50) as emulator:
        aws = Aws(emulator)
        instance = aws.launch(aws.network().subnet)
        assert instance["State"]["Name"] == "pending"
        eventually(lambda: aws.instance(instance["InstanceId"])["State"]["Name"], "running")


def test_latency_is_added_to_each_call_and_not_to_their_sum() -> None:
    with Emulator(lag=None, latency=200) as emulator:
        aws = Aws(emulator)
        aws.sts.get_caller_identity()
        threads = [threading.Thread(target=aws.sts.get_caller_identity) for _ in range(16)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
    assert 0.2 <= took < 16 * 0.2 / 2
