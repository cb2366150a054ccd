# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret's value is in no output, however much is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.stack.world import DEMO, World

CANARY = "canary-7f3c91e0b2"
PLAY = """\
- hosts: localhost
  gather_facts: false
  vars:
    scope: {project: demo, environment: test, region: us-east-1}
  tasks:
    - name: Apply
      slipway.platform.stack:
        project: demo
        environment: test
        region: us-east-1
        resources:
          - {type: secret, name: planted}
          - {type: secret, name: made, generate: {length: 40, key: password, fields: {username: admin}}}
    - name: Read
      slipway.platform.secrets:
        project: demo
        environment: test
        region: us-east-1
        names: [planted, made]
      register: secrets
      when: planted_value
    - name: Use
      ansible.builtin.copy:
        content: "{{ secrets.secrets.planted }}"
        dest: "{{ playbook_dir }}/used"
        mode: "0600"
      no_log: true
      when: planted_value
"""
OUTPUT = ("-vvv", "--diff")


def value(world: World, name: str) -> str:
    answer = world.provider.send("secretsmanager", "GetSecretValue", {"SecretId": f"{DEMO.stack}/{name}"})
    text: str = answer["SecretString"]
    return text


@pytest.fixture
def play(world: World) -> Path:
    path = world.folder / "play.yml"
    path.write_text(PLAY)
    return path


def test_neither_a_planted_nor_a_generated_secret_is_shown(world: World, play: Path) -> None:
    checked = world.play(play, *OUTPUT, "--check", "-e", '{"planted_value": false}')
    made = world.play(play, *OUTPUT, "-e", '{"planted_value": false}')
    assert (checked.code, made.code) == (0, 0), checked.output + made.output
    world.provider.send(
        "secretsmanager", "PutSecretValue", {"SecretId": f"{DEMO.stack}/planted", "SecretString": CANARY}
    )
    read = world.play(play, *OUTPUT, "-e", '{"planted_value": true}')
    assert read.code == 0, read.output
    assert (world.folder / "used").read_text() == CANARY
    generated = json.loads(value(world, "made"))["password"]
    assert len(generated) == 40
    for secret in (CANARY, generated):
        assert [played for played in (checked, made, read) if secret in played.output] == []
    assert "(generated secret)" in json.dumps(checked.plan)


def test_a_secret_that_is_not_there_is_named_and_no_other_is_shown(world: World, play: Path) -> None:
    world.apply([{"type": "secret", "name": "planted"}])
    world.provider.send(
        "secretsmanager", "PutSecretValue", {"SecretId": f"{DEMO.stack}/planted", "SecretString": CANARY}
    )
    play.write_text(PLAY.replace("names: [planted, made]", "names: [planted, absent]"))
    played = world.play(play, *OUTPUT, "-e", '{"planted_value": true}')
    assert played.code != 0
    assert "no secret absent in stack demo-test" in played.text
    assert CANARY not in played.output
