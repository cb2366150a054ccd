# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program: serve, exec, seed; what it passes on and that nothing is left behind."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from lab.emulator import Emulator, Options, options
from tests.unit.lab.emulator.support import Aws, eventually

_MAIN = [sys.executable, "-m", "lab.emulator"]
_ROOT = Path(__file__).resolve().parents[4]


def _run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [*_MAIN, *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=60, check=False, **more)


def _answers(endpoint: str) -> bool:
    try:
        with urlopen(f"{endpoint}/_emulator/health", timeout=5) as answer:  # noqa: S310  # our own
            return bool(answer.status == 200)
    except URLError:
        return False


def _alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_exec_passes_input_output_environment_and_status() -> None:
    script = 'read line; echo "$line $AWS_ENDPOINT_URL $AWS_REGION $AWS_EC2_METADATA_DISABLED"; exit 7'
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = _run("exec", "--", "sh", "-c", script, input="hello\n", env={**environment, "AWS_REGION": "eu-west-3"})
    assert done.returncode == 7
    word, endpoint, region, metadata = done.stdout.split()
    assert (word, region, metadata) == ("hello", "eu-west-3", "true")
    assert endpoint.startswith("http://127.0.0.1:")
    assert not _answers(endpoint)


def test_exec_uses_no_credentials_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = the-user-s\naws_secret_access_key = x\n")
    code = """
        import boto3
        assert boto3.Session().get_credentials().token is None
        print(boto3.client("sts").get_caller_identity()["Account"])
    """
    environment = {
        **os.environ,
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_PROFILE": "user",
        "AWS_SESSION_TOKEN": "x",
    }
    done = _run("exec", "--", sys.executable, "-c", textwrap.dedent(code), env=environment)
    assert (done.returncode, done.stdout.strip()) == (0, "123456789012"), done.stderr


def test_exec_of_a_command_that_is_not_there() -> None:
    done = _run("exec", "--", "no-such-command")
    assert (done.returncode, done.stderr.strip()) == (127, "no-such-command: No such file or directory")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 128 + 15), (signal.SIGINT, 3)])
def test_exec_forwards_signals_and_ends_both(number: signal.Signals, status: int) -> None:
    script = "trap 'exit 3' INT; echo $AWS_ENDPOINT_URL; while :; do sleep 0.05; done"
    process = subprocess.Popen([*_MAIN, "exec", "--", "sh", "-c", script], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    endpoint = process.stdout.readline().strip()
    process.send_signal(number)
    assert process.wait(20) == status
    process.stdout.close()
    assert not _answers(endpoint)


def test_emulator_ends_with_its_parent_however_that_ends() -> None:
    code = """
        import time
        from lab.emulator import Emulator
        with Emulator(lag=None) as emulator:
            print(emulator.endpoint, emulator._process.pid, flush=True)
            time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    endpoint, pid = parent.stdout.readline().split()
    assert _answers(endpoint)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: _alive(int(pid)), False, seconds=20)
    assert not _answers(endpoint)


def test_serve_prints_its_endpoint_when_ready_and_ends_on_a_signal() -> None:
    process = subprocess.Popen([*_MAIN, "serve", "--lag", "0"], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    endpoint = process.stdout.readline().strip()
    assert _answers(endpoint)
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


def test_seed_fills_a_running_emulator(aws: Aws) -> None:
    done = _run("seed", "--foreign", "2", "--endpoint", aws.emulator.endpoint, "--region", "eu-west-1")
    assert (done.returncode, "2 buckets" in done.stdout) == (0, True), done.stderr
    assert len(aws.s3.list_buckets()["Buckets"]) == 2


def test_port_in_use_is_said_plainly(aws: Aws, capfd: pytest.CaptureFixture[str]) -> None:
    port = int(aws.emulator.endpoint.rpartition(":")[2])
    with pytest.raises(RuntimeError, match="did not start"), Emulator(port=port):
        pytest.fail("two emulators on one port")
    assert f"{port}" in capfd.readouterr().err


def test_options_survive_the_command_line(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    for wanted in (
        Options(),
        Options(lag=None, latency=60, transition=0, seed=7, port=4566, quotas={"L-1": 2.0}),
        Options(credentials=("KEY", "se:cret"), state_dir=tmp_path),
    ):
        assert options.from_arguments(parser.parse_args(wanted.arguments())) == wanted


@pytest.mark.parametrize("arguments", ["--lag 500-100", "--latency -1", "--credentials key", "--quota 5", "--lag x"])
def test_wrong_options_are_refused(arguments: str) -> None:
    done = _run("serve", *shlex.split(arguments))
    assert (done.returncode, arguments.split()[0] in done.stderr) == (2, True), done.stderr


def test_account_outlives_the_emulator_in_its_state_directory(tmp_path: Path) -> None:
    with Emulator(lag=None, transition=60_000, state_dir=tmp_path / "state") as emulator:
        aws = Aws(emulator)
        network = aws.network(zones=2)
        launch = {"ImageId": aws.image(), "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
        launch |= {"SubnetId": network.subnet, "ClientToken": "t"}
        instance = aws.ec2.run_instances(**launch)["Instances"][0]["InstanceId"]
        aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets)
        aws.s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        aws.s3.put_object(Bucket="kept", Key="k", Body=b"content")
        aws.secretsmanager.create_secret(Name="db", SecretString="secret")
        aws.ssm.put_parameter(Name="/p", Value="v", Type="String")
        aws.ecr.create_repository(repositoryName="repo")
        aws.iam.create_user(UserName="u")
        key = aws.iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    assert (tmp_path / "state" / "account.pickle").stat().st_mode & 0o777 == 0o600
    with Emulator(lag=None, state_dir=tmp_path / "state") as emulator:
        aws = Aws(emulator)
        assert aws.instance(instance)["State"]["Name"] == "pending"
        emulator.settle()
        assert aws.instance(instance)["State"]["Name"] == "running"
        assert aws.ec2.run_instances(**launch)["Instances"][0]["InstanceId"] == instance
        assert aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"] == "active"
        assert aws.s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"content"
        assert aws.secretsmanager.get_secret_value(SecretId="db")["SecretString"] == "secret"
        assert aws.ssm.get_parameter(Name="/p")["Parameter"]["Value"] == "v"
        assert aws.ecr.describe_repositories()["repositories"][0]["repositoryName"] == "repo"
        user = Aws(Emulator(emulator.options, credentials=(key, "x")), emulator.endpoint)
        assert user.sts.get_caller_identity()["Arn"].endswith(":user/u")
        taken = [aws.instance(instance)["PrivateIpAddress"], aws.launch(network.subnets[1])["PrivateIpAddress"]]
        assert taken == ["10.0.0.4", "10.0.1.5"]


def test_state_that_somebody_else_could_have_written_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "account.pickle").write_bytes(b"")
    (tmp_path / "account.pickle").chmod(0o666)
    with pytest.raises(RuntimeError, match="did not start"), Emulator(state_dir=tmp_path):
        pytest.fail("a file that anybody can write was read")
    assert "somebody else" in capfd.readouterr().err
