# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real parts report is what the API says, and nothing else ends a state."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import create_environ

from lab.account.read import read
from lab.emulator.reality import Reality
from tests.unit.lab.emulator.support import InProcess, Network, refused


def _state(aws: InProcess, instance: str) -> str:
    return str(aws.instance(instance)["State"]["Name"])


def _launch(aws: InProcess, **more: Any) -> str:
    return str(aws.launch(aws.network().subnet, **more)["InstanceId"])


def test_instance_follows_the_reports(told: InProcess) -> None:
    instance = _launch(told)
    assert [_state(told, instance), _state(told, instance)] == ["pending", "pending"]
    told.reality.report("instance", instance, "stopped")
    assert _state(told, instance) == "pending"
    told.reality.report("instance", instance, "running")
    assert _state(told, instance) == "running"
    told.ec2.stop_instances(InstanceIds=[instance])
    told.reality.report("instance", instance, "running")  # a round that began before
    assert _state(told, instance) == "stopping"
    told.reality.report("instance", instance, "stopped")
    assert _state(told, instance) == "stopped"
    told.ec2.start_instances(InstanceIds=[instance])
    told.reality.report("instance", instance, "stopped")
    assert _state(told, instance) == "pending"
    told.reality.report("instance", instance, "running")
    told.ec2.terminate_instances(InstanceIds=[instance])
    assert _state(told, instance) == "shutting-down"
    told.reality.report("instance", instance, "terminated")
    assert _state(told, instance) == "terminated"


def test_settling_does_not_stand_in_for_a_report(told: InProcess) -> None:
    instance = _launch(told)
    told.emulator.settle()
    assert _state(told, instance) == "pending"


@pytest.mark.parametrize(("behaviour", "state"), [("stop", "stopped"), ("terminate", "shutting-down")])
def test_instance_that_is_powered_off_inside(told: InProcess, behaviour: str, state: str) -> None:
    instance = _launch(told, InstanceInitiatedShutdownBehavior=behaviour)
    told.reality.report("instance", instance, "running")
    assert _state(told, instance) == "running"
    told.reality.report("instance", instance, "stopped")
    assert _state(told, instance) == state


def test_reboots_are_counted_and_need_a_running_instance(told: InProcess) -> None:
    instance = _launch(told)
    with refused("IncorrectInstanceState"):
        told.ec2.reboot_instances(InstanceIds=[instance])
    told.reality.report("instance", instance, "running")
    told.ec2.reboot_instances(InstanceIds=[instance])
    told.ec2.reboot_instances(InstanceIds=[instance])
    assert read(told.application).instances[instance].reboots == 2
    assert _state(told, instance) == "running"


def test_console_output_is_what_the_host_wrote(told: InProcess) -> None:
    instance = _launch(told)
    assert "Output" not in told.ec2.get_console_output(InstanceId=instance)
    told.reality.report("console", instance, "boot\n" * 20_000 + "login:")
    output = told.ec2.get_console_output(InstanceId=instance)["Output"]
    assert (len(output), output[-11:]) == (64 * 1024, "boot\nlogin:")


def test_group_s_instance_is_in_service_and_registered_once_it_runs(told: InProcess) -> None:
    network = told.network()
    group = _target_group(told, network)
    told.ec2.create_launch_template(
        LaunchTemplateName="workers", LaunchTemplateData={"ImageId": told.image(), "InstanceType": "t3.micro"}
    )
    told.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": "workers"},
        VPCZoneIdentifier=network.subnet,
        TargetGroupARNs=[group],
    )

    def members() -> list[tuple[str, str]]:
        found = told.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
        return [(each["InstanceId"], each["LifecycleState"]) for each in found]

    ((instance, lifecycle),) = members()
    assert (lifecycle, _health(told, group)) == ("Pending", {})
    told.reality.report("instance", instance, "running")
    assert members() == [(instance, "InService")]
    assert list(_health(told, group)) == [instance]


def _target_group(aws: InProcess, network: Network, **more: Any) -> str:
    answer = aws.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=network.vpc, **more)
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def _health(aws: InProcess, group: str) -> dict[str, tuple[str, str | None]]:
    found = aws.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return {each["Target"]["Id"]: (each["TargetHealth"]["State"], each["TargetHealth"].get("Reason")) for each in found}


def _balanced(aws: InProcess) -> tuple[str, str]:
    """A load balancer's ARN, and that of its group of one target, 10.0.0.9:8080."""
    network = aws.network(zones=2)
    group = _target_group(aws, network, TargetType="ip")
    balancer = aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets)["LoadBalancers"][0]
    arn = str(balancer["LoadBalancerArn"])
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 8080}])
    assert _health(aws, group) == {"10.0.0.9": ("unused", "Target.NotInUse")}
    aws.elbv2.create_listener(LoadBalancerArn=arn, Port=80, Protocol="HTTP", DefaultActions=forward)
    return arn, group


def test_load_balancer_is_active_when_it_is(told: InProcess) -> None:
    arn, _ = _balanced(told)
    look = told.elbv2.describe_load_balancers
    assert look()["LoadBalancers"][0]["State"]["Code"] == "provisioning"
    told.reality.report("load_balancer", arn, "active")
    assert look()["LoadBalancers"][0]["State"]["Code"] == "active"


def test_target_s_health_is_what_the_load_balancer_found(told: InProcess) -> None:
    _, group = _balanced(told)
    target = f"{group} 10.0.0.9:8080"
    assert _health(told, group) == {"10.0.0.9": ("initial", "Elb.RegistrationInProgress")}
    told.reality.report("target", target, "healthy")
    assert _health(told, group) == {"10.0.0.9": ("healthy", None)}
    told.reality.report("target", target, "unhealthy", "Target.ResponseCodeMismatch: Health checks failed: [500]")
    assert _health(told, group) == {"10.0.0.9": ("unhealthy", "Target.ResponseCodeMismatch")}


def test_target_drains_until_it_has_or_the_delay_is_over(told: InProcess) -> None:
    _, group = _balanced(told)
    target = f"{group} 10.0.0.9:8080"
    one = {"TargetGroupArn": group, "Targets": [{"Id": "10.0.0.9", "Port": 8080}]}
    draining = {"10.0.0.9": ("draining", "Target.DeregistrationInProgress")}
    told.reality.report("target", target, "healthy")
    told.elbv2.deregister_targets(**one)
    assert _health(told, group) == draining
    assert [each.id for each in read(told.application).target_groups[group].draining] == ["10.0.0.9"]
    told.reality.report("target", target, "unused", "Target.NotRegistered")
    assert _health(told, group) == {}
    assert read(told.application).target_groups[group].draining == ()
    told.elbv2.register_targets(**one)
    assert _health(told, group) == {"10.0.0.9": ("initial", "Elb.RegistrationInProgress")}
    told.reality.report("target", target, "healthy")
    told.elbv2.deregister_targets(**one)
    told.emulator.settle()  # the delay of 300 s is over
    assert _health(told, group) == {}


def _database(aws: InProcess) -> tuple[str, str]:
    """The subnet group's VPC has one database, main; its id in the account, and a subnet."""
    network = aws.network(zones=2)
    aws.rds.create_db_subnet_group(DBSubnetGroupName="main", DBSubnetGroupDescription="m", SubnetIds=network.subnets)
    _create_database(aws)
    return _identity(aws), network.subnet


def _create_database(aws: InProcess) -> None:
    size = {"DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
    login = {"MasterUsername": "slipway", "ManageMasterUserPassword": True}
    aws.rds.create_db_instance(
        DBInstanceIdentifier="main", Engine="postgres", EngineVersion="15.4", DBSubnetGroupName="main", **size, **login
    )


def _identity(aws: InProcess, name: str = "main") -> str:
    return next(each.id for each in read(aws.application).databases.values() if each.name == name)


def _status(aws: InProcess, name: str = "main") -> str:
    return str(aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"])


def test_database_follows_the_reports(told: InProcess) -> None:
    identity, _ = _database(told)
    assert _status(told) == "creating"
    told.reality.report("database", identity, "available")
    assert _status(told) == "available"
    told.rds.reboot_db_instance(DBInstanceIdentifier="main")
    told.reality.report("database", identity, "available")  # a round that began before
    assert _status(told) == "rebooting"
    told.reality.report("database", identity, "rebooting")
    told.reality.report("database", identity, "available")
    assert (_status(told), read(told.application).databases[identity].reboots) == ("available", 1)
    told.rds.stop_db_instance(DBInstanceIdentifier="main")
    assert _status(told) == "stopping"
    told.reality.report("database", identity, "stopped")
    assert _status(told) == "stopped"
    told.rds.start_db_instance(DBInstanceIdentifier="main")
    assert _status(told) == "starting"
    told.reality.report("database", identity, "available")
    assert _status(told) == "available"


def test_database_is_there_until_it_is_deleted_and_its_successor_is_another(told: InProcess) -> None:
    identity, _ = _database(told)
    told.reality.report("database", identity, "available")
    assert _status(told) == "available"
    told.rds.delete_db_instance(DBInstanceIdentifier="main", FinalDBSnapshotIdentifier="last")
    (snapshot,) = read(told.application).database_snapshots.values()
    assert (_status(told), snapshot.database) == ("deleting", identity)
    told.reality.report("snapshot", snapshot.id, "available")
    told.reality.report("database", identity, "deleted")
    with refused("DBInstanceNotFound"):
        _status(told)
    _create_database(told)
    assert _status(told) == "creating"
    assert _identity(told) != identity


def test_snapshot_is_restored_once_it_has_been_taken(told: InProcess) -> None:
    identity, _ = _database(told)
    told.reality.report("database", identity, "available")
    told.rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="s")
    copy = {"DBInstanceIdentifier": "copy", "DBSnapshotIdentifier": "s"}
    with refused("InvalidDBSnapshotState"):
        told.rds.restore_db_instance_from_db_snapshot(**copy)
    (snapshot,) = read(told.application).database_snapshots
    told.reality.report("snapshot", snapshot, "available")
    told.rds.restore_db_instance_from_db_snapshot(**copy)
    databases = read(told.application).databases
    assert [databases[_identity(told, name)].snapshot for name in ("main", "copy")] == [None, snapshot]


def test_only_known_kinds_are_reported() -> None:
    with pytest.raises(ValueError, match="'host' is none of"):
        Reality().report("host", "i-1", "running")


def test_change_is_told(told: InProcess) -> None:
    seen: list[int] = []
    told.application.on_change = lambda: seen.append(1)
    try:
        instance = _launch(told)
        assert seen
        seen.clear()
        _state(told, instance)
        told.sqs.create_queue(QueueName="q")
        assert not seen  # nothing real follows from these
        told.reality.report("instance", instance, "running")
        _state(told, instance)
        assert seen
    finally:
        told.application.on_change = None


def test_only_the_machine_and_the_operator_control_the_emulator(told: InProcess) -> None:
    def status(address: str) -> str:
        environ = create_environ("/_emulator/reset", method="POST")
        seen: list[str] = []
        told.application({**environ, "REMOTE_ADDR": address}, lambda line, _: seen.append(line))
        return seen[0].strip()

    vpc = told.network().vpc
    assert status("10.0.0.4") != "200"
    assert vpc in read(told.application).vpcs
    assert status("203.0.113.10") == "200"
    assert vpc not in read(told.application).vpcs
