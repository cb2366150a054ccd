# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of listener rules as lines of an HAProxy frontend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lab.account.model import Account, Action, Listener
from lab.load_balancer.target import backend
from lab.load_balancer.text import literal, quoted

SERVER = "hdr Server awselb/2.0"
"""Marks what the load balancer itself answers."""
QUERY = "txn.query"
"""Variable that holds a redirect's query."""

_PARTS = {
    "protocol": "{scheme}",
    "host": "%[req.hdr(host),host_only]",
    "port": "{port}",
    "path": "%[path,regsub(^/,)]",
    "query": "%[query]",
}


def answer(action: Action, listener: Listener, condition: str) -> list[str]:
    """The lines that answer a request which the rule of `condition` took; none where it is forwarded."""
    settings = dict(action.settings)
    if action.type == "redirect":
        return _redirect(settings, listener, condition)
    if action.type == "fixed-response":
        return [_fixed(settings, condition)]
    return []


def forward(action: Action, condition: str | None, account: Account) -> Iterator[str]:
    """The lines that send a request to one of an action's target groups, by lot where there are several.

    A group of weight 0 gets nothing; requests do not move to another group because their own has no healthy target:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
    """
    groups = [(arn, weight) for arn, weight in action.target_groups if weight > 0 and arn in account.target_groups]
    left = sum(weight for _arn, weight in groups)
    for arn, weight in groups:
        lot = f"{{ rand({left}) lt {weight} }}" if weight < left else ""
        tests = " ".join(test for test in (condition, lot) if test)
        yield f"use_backend {backend(arn)}" + (f" if {tests}" if tests else "")
        left -= weight


def _fixed(settings: Mapping[str, str], condition: str) -> str:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#fixed-response-actions"""
    kind, body = settings.get("ContentType") or "text/plain", settings.get("MessageBody")
    content = f"content-type {quoted(kind)} string {quoted(body)} " if body else ""
    return f"http-request return status {settings['StatusCode']} {content}{SERVER} if {condition}"


def _redirect(settings: Mapping[str, str], listener: Listener, condition: str) -> list[str]:
    """A Location with its port always said; what the action does not say stays as in the request.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions
    """
    names = (("Protocol", "#{protocol}"), ("Host", "#{host}"), ("Port", "#{port}"), ("Path", "/#{path}"))
    scheme, host, port, path = (_format(settings.get(name) or default, listener) for name, default in names)
    query = _format(settings.get("Query", "#{query}"), listener)
    status = settings.get("StatusCode", "HTTP_302").removeprefix("HTTP_")
    where = f"{scheme.lower() if scheme.isalpha() else scheme}://{host}:{port}{path}"
    begin = f"http-request return status {status} {SERVER} hdr Location"
    return [
        f"http-request set-var-fmt({QUERY}) {quoted(query)} if {condition}" if query else "",
        f"{begin} {quoted(f'{where}?%[var({QUERY})]')} if {condition} {{ var({QUERY}) -m len gt 0 }}" if query else "",
        f"{begin} {quoted(where)} if {condition}",
    ]


def _format(text: str, listener: Listener) -> str:
    """A setting with ``#{…}`` as a log format."""
    given = {"scheme": listener.protocol.lower(), "port": listener.port}
    pieces = re.split(r"#\{(protocol|host|port|path|query)\}", text)
    return "".join(_PARTS[piece].format(**given) if index % 2 else literal(piece) for index, piece in enumerate(pieces))
