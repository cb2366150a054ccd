# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs neither root nor containers: console, watching, limits, images."""

from __future__ import annotations

import subprocess
import threading

import pytest

from lab.emulator.strict.images import IMAGES
from lab.host.amis import image_of
from lab.host.console import LENGTH, console
from lab.host.machine import cpu_limit, domain, memory_limit
from lab.host.watch import Watch

TIME = "2026-11-21T13:41:06.428919571+00:00"


def test_the_console_is_without_podmans_frame() -> None:
    log = f"cut off line\n{TIME} stdout F one\r\n{TIME} stdout P tw\n{TIME} stdout F o\r\n{TIME} stdout F \n"
    assert console(log) == "one\ntwo\n\n"


def test_the_console_keeps_its_end() -> None:
    text = console(f"{TIME} stdout F {'x' * LENGTH}\n{TIME} stdout F end\n")
    assert len(text) == LENGTH
    assert text.endswith("x\nend\n")


def test_the_end_of_a_process_is_noticed() -> None:
    noticed = threading.Event()
    watch = Watch(noticed.set)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert watch.add(process.pid)
        assert watch.add(process.pid)
        assert not noticed.is_set()
    assert noticed.wait(10)
    assert not watch.add(process.pid)
    watch.close()


@pytest.mark.parametrize(("wanted", "machine", "limit"), [(1024, 24000, 1024), (32768, 24000, 0), (2, 2, 0)])
def test_limits(wanted: int, machine: int, limit: int) -> None:
    assert (memory_limit(wanted, machine), cpu_limit(wanted, machine)) == (limit, limit)


@pytest.mark.parametrize(
    ("region", "name"), [("us-east-1", "ec2.internal"), ("eu-central-1", "eu-central-1.compute.internal")]
)
def test_domain(region: str, name: str) -> None:
    assert domain(region) == name


def test_every_public_image_has_one_of_the_labs() -> None:
    assert [image_of(image.id("eu-west-1"), "eu-west-1") for image in IMAGES] == ["host", "host", "gpu_host"]
    with pytest.raises(ValueError, match="no image of the lab stands for ami-other; there is ami-"):
        image_of("ami-other", "eu-west-1")
