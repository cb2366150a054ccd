# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages: sizes, flags, and whatever else may arrive at a resolver."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from dns.message import Message
from hypothesis import given
from hypothesis import strategies as st

from lab.account.model import Record, Zone
from lab.dns.answer import View
from lab.dns.wire import respond
from tests.lab.accounts import Accounts

MANY = tuple(f"192.0.2.{number}" for number in range(1, 101))


def _view() -> View:
    held = Accounts()
    records = (
        Record("few.example.com.", "A", 60, MANY[:2], None),
        Record("some.example.com.", "A", 60, MANY[:40], None),
        Record("many.example.com.", "A", 60, MANY, None),
    )
    held.put("zones", "Z1", Zone("Z1", "example.com.", (), records))
    return View(held.account, None)


VIEW = _view()


def ask(query: Message, *, datagram: bool = True) -> Message:
    wire = respond(VIEW, query.to_wire(), 0, datagram=datagram)
    assert wire is not None
    return dns.message.from_wire(wire)


def question(name: str = "few.example.com", rdtype: str = "A", edns: int | None = None) -> Message:
    query = dns.message.make_query(name, rdtype)
    if edns is not None:
        query.use_edns(0, payload=edns)
    return query


@pytest.mark.parametrize("edns", [None, 4096])
def test_an_answer_fits_its_question(edns: int | None) -> None:
    query = question("FEW.Example.com", edns=edns)
    response = ask(query)
    assert query.is_response(response)
    assert response.question[0].name.to_text() == "FEW.Example.com."
    assert sorted(str(each) for each in response.answer[0]) == ["192.0.2.1", "192.0.2.2"]
    assert response.flags & dns.flags.RA
    assert (response.edns >= 0) is (edns is not None)


@pytest.mark.parametrize(
    ("name", "edns", "cut", "limit"),
    [
        ("some", None, True, 512),
        ("some", 100, True, 512),
        ("some", 1232, False, 1232),
        ("many", 1232, True, 1232),
        ("many", 65535, True, 1232),
    ],
)
def test_what_is_too_long_for_a_datagram_is_cut_off(name: str, edns: int | None, cut: bool, limit: int) -> None:
    query = question(f"{name}.example.com", edns=edns)
    wire = respond(VIEW, query.to_wire(), 0, datagram=True)
    assert wire is not None
    assert len(wire) <= limit
    assert bool(dns.message.from_wire(wire).flags & dns.flags.TC) is cut


def test_a_connection_carries_it_whole() -> None:
    response = ask(question("many.example.com"), datagram=False)
    assert not response.flags & dns.flags.TC
    assert len(response.answer[0]) == len(MANY)


def test_what_is_no_question_is_refused() -> None:
    notify = question()
    notify.set_opcode(dns.opcode.NOTIFY)
    chaos = dns.message.make_query("version.bind", "TXT", "CH")
    transfer = dns.message.make_query("example.com", "AXFR")
    newer = question()
    newer.use_edns(1)
    double = question()
    double.question.append(question("many.example.com").question[0])
    codes = [dns.rcode.to_text(ask(query).rcode()) for query in (notify, chaos, transfer, newer, double)]
    assert codes == ["NOTIMP", "REFUSED", "REFUSED", "BADVERS", "FORMERR"]


def test_a_broken_message_is_told_so() -> None:
    query = question().to_wire()
    wire = respond(VIEW, query[:-3], 0, datagram=True)
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert (response.id, response.rcode()) == (int.from_bytes(query[:2]), dns.rcode.FORMERR)


def test_answers_are_not_answered() -> None:
    assert respond(VIEW, dns.message.make_response(question()).to_wire(), 0, datagram=True) is None


@given(st.binary(max_size=64) | st.binary(max_size=40).map(lambda tail: question().to_wire()[:12] + tail))
def test_nothing_that_arrives_is_a_failure(wire: bytes) -> None:
    respond(VIEW, wire, 0, datagram=True)
