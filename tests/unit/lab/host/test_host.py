# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs neither root nor containers: console, jobs, watching, limits, images."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from lab.emulator.strict.images import IMAGES
from lab.host.amis import image_of
from lab.host.console import LENGTH, console
from lab.host.jobs import Jobs
from lab.host.machine import cpu_limit, domain, memory_limit
from lab.host.watch import Watch

TIME = "2026-11-21T13:41:06.428919571+00:00"


def _nothing() -> None: ...


def test_the_console_is_without_podmans_frame() -> None:
    log = f"cut off line\n{TIME} stdout F one\r\n{TIME} stdout P tw\n{TIME} stdout F o\r\n{TIME} stdout F \n"
    assert console(log) == "one\ntwo\n\n"


def test_the_console_keeps_its_end() -> None:
    text = console(f"{TIME} stdout F {'x' * LENGTH}\n{TIME} stdout F end\n")
    assert len(text) == LENGTH
    assert text.endswith("x\nend\n")


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_one_job_a_subject_at_a_time() -> None:
    gate, done, noticed = threading.Event(), [], threading.Event()
    jobs = Jobs("test", 2, noticed.set)

    def work() -> None:
        gate.wait(10)
        done.append(1)

    jobs.begin("i-1", "is booting", work)
    jobs.begin("i-1", "is booting", work)
    assert [(each.subject, each.why) for each in jobs.pending()] == [("i-1", "is booting")]
    gate.set()
    assert noticed.wait(10)
    assert (done, jobs.pending(), jobs.busy("i-1")) == ([1], [], False)
    jobs.close()


def test_a_job_that_fails_is_told_and_waits_before_it_is_tried_again() -> None:
    noticed = threading.Event()
    jobs = Jobs("test", 1, noticed.set)

    def fail() -> None:
        raise ValueError("no space")

    jobs.begin("i-1", "is booting", fail)
    assert noticed.wait(10)
    assert [(each.subject, each.why) for each in jobs.pending()] == [("i-1", "no space")]
    assert jobs.busy("i-1")
    jobs.begin("i-2", "is booting", _nothing)  # the others go on
    _eventually(lambda: not jobs.busy("i-2"))
    jobs.forget("i-1")
    assert jobs.pending() == []
    jobs.close()


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
