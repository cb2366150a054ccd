# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, databases, identities, buckets, zones, secrets, tags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.lab.emulator.support import Aws, Network, refused

_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


def _balancer(aws: Aws, network: Network, name: str = "web", **more: Any) -> dict[str, Any]:
    answer = aws.elbv2.create_load_balancer(Name=name, Subnets=network.subnets, **more)
    balancer: dict[str, Any] = answer["LoadBalancers"][0]
    return balancer


def _target_group(aws: Aws, vpc: str) -> str:
    answer = aws.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def _listen(aws: Aws, balancer: str, group: str, port: int = 80) -> str:
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    answer = aws.elbv2.create_listener(LoadBalancerArn=balancer, Port=port, Protocol="HTTP", DefaultActions=actions)
    return str(answer["Listeners"][0]["ListenerArn"])


def _database(aws: Aws, network: Network, **more: Any) -> dict[str, Any]:
    aws.rds.create_db_subnet_group(DBSubnetGroupName="main", DBSubnetGroupDescription="main", SubnetIds=network.subnets)
    answer: dict[str, Any] = aws.rds.create_db_instance(
        DBInstanceIdentifier="main",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="slipway",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="main",
        **more,
    )["DBInstance"]
    return answer


def _database_state(aws: Aws) -> str:
    return str(aws.rds.describe_db_instances(DBInstanceIdentifier="main")["DBInstances"][0]["DBInstanceStatus"])


def test_application_load_balancer_needs_two_zones(aws: Aws) -> None:
    with refused("ValidationError"):
        _balancer(aws, aws.network())
    _balancer(aws, aws.network(zones=2))


def test_load_balancer_is_provisioned_with_time_however_often_looked_at(slow: Aws) -> None:
    arn = _balancer(slow, slow.network(zones=2))["LoadBalancerArn"]

    def look() -> str:
        found = slow.elbv2.describe_load_balancers(LoadBalancerArns=[arn])
        return str(found["LoadBalancers"][0]["State"]["Code"])

    assert [look(), look()] == ["provisioning", "provisioning"]
    slow.emulator.settle()
    assert look() == "active"


def test_load_balancer_s_name_is_taken_once(aws: Aws) -> None:
    network = aws.network(zones=2)
    _balancer(aws, network)
    with refused("DuplicateLoadBalancerName"):
        _balancer(aws, network)


def test_protected_load_balancer_stays(aws: Aws) -> None:
    arn = _balancer(aws, aws.network(zones=2))["LoadBalancerArn"]
    for value in ("true", "false"):
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
        if value == "true":
            with refused("OperationNotPermitted"):
                aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


def test_subnets_of_one_zone_are_one_too_many(aws: Aws) -> None:
    network = aws.network(zones=2)
    third = aws.ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="eu-west-1a")
    network.subnets.append(third["Subnet"]["SubnetId"])
    with refused("InvalidConfigurationRequest"):
        _balancer(aws, network)


def test_interfaces_of_a_load_balancer_follow_its_groups(aws: Aws) -> None:
    network = aws.network(zones=2)
    a, b = (
        aws.ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc)["GroupId"] for name in "ab"
    )
    arn = _balancer(aws, network, SecurityGroups=[a])["LoadBalancerArn"]
    aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[b])
    aws.ec2.delete_security_group(GroupId=a)
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=b)


def test_https_listener_needs_a_certificate(aws: Aws) -> None:
    network = aws.network(zones=2)
    arn, group = _balancer(aws, network)["LoadBalancerArn"], _target_group(aws, network.vpc)
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    with refused("ValidationError"):
        aws.elbv2.create_listener(LoadBalancerArn=arn, Port=443, Protocol="HTTPS", DefaultActions=actions)


def test_load_balancer_holds_subnets_groups_and_gateway_a_while_longer(slow: Aws) -> None:
    network = slow.network(zones=2)
    group = slow.ec2.create_security_group(GroupName="a", Description="a", VpcId=network.vpc)["GroupId"]
    arn = _balancer(slow, network, SecurityGroups=[group])["LoadBalancerArn"]
    filters = [{"Name": "group-id", "Values": [group]}]
    holders = slow.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert {holder["Description"] for holder in holders} == {f"ELB {arn.partition(':loadbalancer/')[2]}"}
    slow.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    with refused("DependencyViolation"):
        slow.ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        slow.ec2.delete_subnet(SubnetId=network.subnet)
    with refused("DependencyViolation"):
        slow.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    slow.emulator.settle()
    assert slow.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"] == []
    slow.ec2.delete_security_group(GroupId=group)
    slow.ec2.delete_subnet(SubnetId=network.subnet)


def test_listener_has_its_port_alone_and_holds_its_target_group(aws: Aws) -> None:
    network = aws.network(zones=2)
    arn, group = _balancer(aws, network)["LoadBalancerArn"], _target_group(aws, network.vpc)
    listener = _listen(aws, arn, group)
    with refused("DuplicateListener"):
        _listen(aws, arn, group)
    with refused("ResourceInUse"):
        aws.elbv2.delete_target_group(TargetGroupArn=group)
    aws.elbv2.delete_listener(ListenerArn=listener)
    aws.elbv2.delete_target_group(TargetGroupArn=group)


def test_database_takes_time(slow: Aws) -> None:
    network = slow.network(zones=2)
    assert _database(slow, network)["DBInstanceStatus"] == "creating"
    with refused("InvalidDBInstanceState"):
        slow.rds.modify_db_instance(DBInstanceIdentifier="main", AllocatedStorage=30)
    slow.emulator.settle()
    assert _database_state(slow) == "available"
    slow.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    assert _database_state(slow) == "deleting"
    with refused("InvalidDBSubnetGroupStateFault"):
        slow.rds.delete_db_subnet_group(DBSubnetGroupName="main")
    with refused("DependencyViolation"):
        slow.ec2.delete_subnet(SubnetId=network.subnet)
    slow.emulator.settle()
    assert len(slow.rds.describe_db_instances()["DBInstances"]) == 0
    with refused("DBInstanceNotFound"):
        _database_state(slow)
    slow.rds.delete_db_subnet_group(DBSubnetGroupName="main")
    slow.ec2.delete_subnet(SubnetId=network.subnet)


def test_modified_subnet_group_stays(aws: Aws) -> None:
    network = aws.network(zones=3)
    group = {"DBSubnetGroupName": "main", "DBSubnetGroupDescription": "main"}
    aws.rds.create_db_subnet_group(**group, SubnetIds=network.subnets[:2])
    aws.rds.modify_db_subnet_group(DBSubnetGroupName="main", SubnetIds=network.subnets)
    found = aws.rds.describe_db_subnet_groups(DBSubnetGroupName="main")["DBSubnetGroups"][0]
    assert {subnet["SubnetIdentifier"] for subnet in found["Subnets"]} == set(network.subnets)


def test_subnet_group_needs_two_zones(aws: Aws) -> None:
    group = {"DBSubnetGroupName": "main", "DBSubnetGroupDescription": "main"}
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
        aws.rds.create_db_subnet_group(**group, SubnetIds=aws.network().subnets)
    subnets = aws.network(zones=2).subnets
    aws.rds.create_db_subnet_group(**group, SubnetIds=subnets)
    with refused("DBSubnetGroupAlreadyExists"):
        aws.rds.create_db_subnet_group(**group, SubnetIds=subnets)


def test_parameter_group_in_use_stays(aws: Aws) -> None:
    group = {"DBParameterGroupName": "main", "DBParameterGroupFamily": "postgres16", "Description": "main"}
    aws.rds.create_db_parameter_group(**group)
    _database(aws, aws.network(zones=2), DBParameterGroupName="main")
    with refused("InvalidDBParameterGroupState"):
        aws.rds.delete_db_parameter_group(DBParameterGroupName="main")


def test_roles_and_policies_are_deleted_when_free(aws: Aws) -> None:
    aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument=_TRUST)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = aws.iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    aws.iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    with refused("DeleteConflict", 409):
        aws.iam.delete_role(RoleName="r")
    with refused("DeleteConflict", 409):
        aws.iam.delete_policy(PolicyArn=policy)
    aws.iam.detach_role_policy(RoleName="r", PolicyArn=policy)
    aws.iam.delete_policy(PolicyArn=policy)
    aws.iam.create_instance_profile(InstanceProfileName="i")
    aws.iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    with refused("DeleteConflict", 409):
        aws.iam.delete_role(RoleName="r")
    with refused("DeleteConflict", 409):
        aws.iam.delete_instance_profile(InstanceProfileName="i")


def test_managed_policy_is_there_to_read(aws: Aws) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    assert aws.iam.get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "AmazonSSMManagedInstanceCore"
    assert aws.iam.list_policies(Scope="Local")["Policies"] == []


def test_managed_policy_is_there_to_attach(aws: Aws) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument=_TRUST)
    aws.iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    attached = aws.iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]


def test_managed_policies_are_listed(aws: Aws) -> None:
    names = {policy["PolicyName"] for policy in aws.iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]}
    assert len(names) > 500


def test_roles_are_listed_by_path(aws: Aws) -> None:
    for name, path in (("mine", "/slipway/demo-dev/"), ("other", "/slipway/demo-prod/"), ("foreign", "/")):
        aws.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=_TRUST)
    found = aws.iam.list_roles(PathPrefix="/slipway/demo-dev/")["Roles"]
    assert [role["RoleName"] for role in found] == ["mine"]


def test_new_bucket_is_private_encrypted_and_owned(aws: Aws) -> None:
    aws.s3.create_bucket(Bucket="new", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    block = aws.s3.get_public_access_block(Bucket="new")["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    rules = aws.s3.get_bucket_encryption(Bucket="new")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    rules = aws.s3.get_bucket_ownership_controls(Bucket="new")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    aws.s3.put_object(Bucket="new", Key="a b/ü", Body=b"content")
    assert aws.s3.get_object(Bucket="new", Key="a b/ü")["Body"].read() == b"content"


def test_bucket_is_born_with_its_tags(aws: Aws) -> None:
    tags = [{"Key": "slipway:stack", "Value": "demo-dev"}, {"Key": "empty", "Value": ""}]
    configuration = {"LocationConstraint": "eu-west-1", "Tags": tags}
    aws.s3.create_bucket(Bucket="tagged", CreateBucketConfiguration=configuration)
    assert aws.s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags


def test_bucket_without_encryption_has_the_default_one(aws: Aws) -> None:
    aws.s3.create_bucket(Bucket="new", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.s3.delete_bucket_encryption(Bucket="new")
    assert aws.s3.get_bucket_encryption(Bucket="new")["ServerSideEncryptionConfiguration"]["Rules"]


def test_hosted_zone_s_reference_and_records_are_used_once(aws: Aws) -> None:
    zone = aws.route53.create_hosted_zone(Name="a.example", CallerReference="1")["HostedZone"]["Id"]
    with refused("HostedZoneAlreadyExists"):
        aws.route53.create_hosted_zone(Name="a.example", CallerReference="1")
    record = {"Name": "x.a.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    aws.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    with refused("InvalidChangeBatch"):
        aws.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    with refused("HostedZoneNotEmpty"):
        aws.route53.delete_hosted_zone(Id=zone)


def test_deleted_secret_s_name_is_blocked_until_restored(aws: Aws) -> None:
    aws.secretsmanager.create_secret(Name="db", SecretString="x")
    aws.secretsmanager.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    with refused("InvalidRequestException"):
        aws.secretsmanager.create_secret(Name="db", SecretString="y")
    aws.secretsmanager.restore_secret(SecretId="db")
    assert aws.secretsmanager.get_secret_value(SecretId="db")["SecretString"] == "x"


def test_secrets_without_a_value_are_the_errors_of_a_batch(aws: Aws) -> None:
    aws.secretsmanager.create_secret(Name="full", SecretString="x")
    aws.secretsmanager.create_secret(Name="empty")
    aws.secretsmanager.create_secret(Name="deleted", SecretString="y")
    aws.secretsmanager.delete_secret(SecretId="deleted")
    answer = aws.secretsmanager.batch_get_secret_value(SecretIdList=["empty", "deleted", "missing", "full"])
    assert [row["SecretString"] for row in answer["SecretValues"]] == ["x"]
    assert {error["SecretId"]: error["ErrorCode"] for error in answer["Errors"]} == {
        "empty": "ResourceNotFoundException",
        "deleted": "InvalidRequestException",
        "missing": "ResourceNotFoundException",
    }


def test_conditional_put_is_a_lock(aws: Aws) -> None:
    aws.dynamodb.create_table(
        TableName="lease",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "stack", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "stack", "KeyType": "HASH"}],
    )
    free = {"ConditionExpression": "attribute_not_exists(stack)", "TableName": "lease"}
    aws.dynamodb.put_item(Item={"stack": {"S": "a"}, "run": {"S": "1"}}, **free)
    with refused("ConditionalCheckFailedException"):
        aws.dynamodb.put_item(Item={"stack": {"S": "a"}, "run": {"S": "2"}}, **free)
    expected = {"ConditionExpression": "run = :old", "ExpressionAttributeValues": {":old": {"S": "1"}}}
    aws.dynamodb.put_item(TableName="lease", Item={"stack": {"S": "a"}, "run": {"S": "2"}}, **expected)


@pytest.mark.parametrize("kind", ["vpc", "elastic-ip", "launch-template", "key-pair"])
def test_tagging_api_finds_every_kind(aws: Aws, kind: str) -> None:
    tags = [{"ResourceType": kind, "Tags": [{"Key": "stack", "Value": "mine"}]}]
    aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")
    make = {
        "vpc": lambda: aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags),
        "elastic-ip": lambda: aws.ec2.allocate_address(Domain="vpc", TagSpecifications=tags),
        "key-pair": lambda: aws.ec2.create_key_pair(KeyName="k", KeyType="ed25519", TagSpecifications=tags),
        "launch-template": lambda: aws.ec2.create_launch_template(
            LaunchTemplateName="t", LaunchTemplateData={"InstanceType": "t3.micro"}, TagSpecifications=tags
        ),
    }
    make[kind]()
    filters = [{"Key": "stack", "Values": ["mine"]}]
    found = aws.resourcegroupstaggingapi.get_resources(TagFilters=filters)["ResourceTagMappingList"]
    assert [resource["ResourceARN"].split(":")[5].split("/")[0] for resource in found] == [kind]


def test_tags_are_described_by_aws_s_names(aws: Aws) -> None:
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "stack", "Value": "mine"}]}]
    aws.ec2.allocate_address(Domain="vpc", TagSpecifications=tags)
    found = aws.ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["elastic-ip"]}])["Tags"]
    assert [(tag["ResourceType"], tag["Key"]) for tag in found] == [("elastic-ip", "stack")]


def test_images_and_quotas_are_found(aws: Aws) -> None:
    dlami = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
    for name, owner in (("/aws/service/debian/release/12/latest/amd64", "136693071363"), (dlami, "898082745236")):
        image = aws.ssm.get_parameter(Name=name)["Parameter"]["Value"]
        found = aws.ec2.describe_images(ImageIds=[image])["Images"]
        assert [(image["OwnerId"], image["State"]) for image in found] == [(owner, "available")]
    for service, code in (("ec2", "L-0263D0A3"), ("vpc", "L-F678F1CE"), ("ec2", "L-1216C47A"), ("ec2", "L-DB2E81BA")):
        quota = aws.service_quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
        assert (quota["QuotaCode"], quota["Value"] > 0) == (code, True)
