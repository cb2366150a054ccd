# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS messages: from the bytes of a question to those of its answer."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
from dns.message import Message
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from lab.dns.answer import View, answer

_PAYLOAD = 1232
"""Bytes of a datagram that need no fragments, as resolvers have agreed (DNS flag day 2020)."""
_WITHOUT_EDNS = 512
_HEADER = 12
_TRANSFERS = {RdataType.AXFR, RdataType.IXFR}


def respond(view: View, wire: bytes, turn: int, *, datagram: bool) -> bytes | None:
    """The answer to a message; None where none is due. One that is too long for a datagram is cut off and says so."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return _malformed(wire)
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, recursion_available=True, our_payload=_PAYLOAD)
    refusal = _refusal(query)
    if refusal:
        response.set_rcode(refusal)
    else:
        _fill(response, view, query, turn)
    return response.to_wire(max_size=_limit(query) if datagram else 65535, prefer_truncation=True)


def _refusal(query: Message) -> dns.rcode.Rcode | None:
    if query.edns > 0:
        return dns.rcode.BADVERS
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    if query.question[0].rdclass != RdataClass.IN or query.question[0].rdtype in _TRANSFERS:
        return dns.rcode.REFUSED
    return None


def _fill(response: Message, view: View, query: Message, turn: int) -> None:
    asked = query.question[0]
    found = answer(view, asked.name, RdataType.to_text(asked.rdtype), turn)
    response.set_rcode(found.rcode)
    response.answer.extend(found.answer)
    response.authority.extend(found.authority)


def _limit(query: Message) -> int:
    """Bytes; less than 512 counts as 512 in to_wire."""
    return min(_PAYLOAD, query.payload) if query.edns >= 0 else _WITHOUT_EDNS


def _malformed(wire: bytes) -> bytes | None:
    """A header that says FORMERR, for what begins like a question."""
    if len(wire) < _HEADER or wire[2] & 0x80:
        return None
    header = Message(id=int.from_bytes(wire[:2]))
    header.flags = dns.flags.QR | dns.flags.RA
    header.set_rcode(dns.rcode.FORMERR)
    return header.to_wire()
