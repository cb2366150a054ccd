# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a host's volumes."""

from __future__ import annotations

import pytest

from lab.host.table import Entry, Full, assign, dump, load

LOOPS = range(1040, 1043)
FIRST = Entry(1, 1040, "vol-1", "/dev/sdf")
SECOND = Entry(2, 1041, "vol-2", "/dev/sdg")


@pytest.mark.parametrize(
    ("before", "attached", "after"),
    [
        ([], [], []),
        ([], [("vol-2", "/dev/sdg"), ("vol-1", "/dev/sdf")], [FIRST, SECOND]),
        ([FIRST, SECOND], [("vol-2", "/dev/sdg")], [SECOND]),
        ([SECOND], [("vol-2", "/dev/sdg"), ("vol-1", "/dev/sdf")], [FIRST, SECOND]),
        ([FIRST], [("vol-1", "/dev/sdh")], [Entry(1, 1040, "vol-1", "/dev/sdh")]),
    ],
    ids=["none", "by device", "a volume keeps its name", "lowest free", "attached again elsewhere"],
)
def test_assign(before: list[Entry], attached: list[tuple[str, str]], after: list[Entry]) -> None:
    assert assign(before, attached, LOOPS) == after


def test_too_many() -> None:
    attached = [(f"vol-{number}", f"/dev/sd{number}") for number in range(4)]
    with pytest.raises(Full, match="vol-3: the lab gives a host at most 3 volumes"):
        assign([], attached, LOOPS)


def test_it_is_read_as_it_was_written() -> None:
    assert dump([FIRST]) == "nvme1n1 7:1040 vol-1 /dev/sdf\n"
    assert load(dump([FIRST, SECOND])) == [FIRST, SECOND]
