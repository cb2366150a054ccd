# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners as HAProxy's frontends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.account.model import Account, Certificate, Listener, ListenerRule
from lab.load_balancer.action import answer, forward
from lab.load_balancer.condition import acl
from lab.load_balancer.target import USED

_SECURE = ("HTTPS", "TLS")
_RULE = "txn.rule"
_TRACE = "X-Amzn-Trace-Id"
_FORWARDED = "X-Forwarded-For"
_NEW_TRACE = "1-%[date,hex,bytes(8,8),lower]-%[uuid,regsub(-,,g),bytes(0,24)]"


@dataclass(frozen=True)
class Frontend:
    """``lines``: the section; none where the listener cannot stand, which `notes` then explain.

    ``files``: path (from the configuration's folder) → content.
    """

    lines: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def frontend(listener: Listener, account: Account) -> Frontend:
    """What a listener needs. Rules are tried in their order; the first that matches decides, here kept as a number.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
    """
    if listener.protocol not in USED:
        return Frontend((), notes=(f"port {listener.port}: {listener.protocol} is not spoken here",))
    certificates = [account.certificates[arn] for arn in listener.certificates if arn in account.certificates]
    if listener.protocol in _SECURE and not any(one.private_key for one in certificates):
        return Frontend((), notes=(f"port {listener.port}: its certificate or the key of it is not in the store",))
    files = _certificates(listener, certificates) if listener.protocol in _SECURE else {}
    http = listener.protocol in ("HTTP", "HTTPS")
    body = [_bind(listener), *(_http(listener, account) if http else _tcp(listener, account))]
    lines = (f"frontend {listener.port}", *(f"    {line}" for line in body if line))
    return Frontend(lines, tuple(files.items()), tuple(_unknown(listener)))


def _unknown(listener: Listener) -> Iterator[str]:
    for rule in listener.rules:
        if rule.action.type not in ("forward", "redirect", "fixed-response"):
            yield f"port {listener.port}: {rule.action.type} is not done here; its requests are answered 503"


def _bind(listener: Listener) -> str:
    if listener.protocol not in _SECURE:
        return f"bind :{listener.port}"
    versions = _versions(listener.ssl_policy or "")
    protocols = " alpn h2,http/1.1" if listener.protocol == "HTTPS" else ""
    return f"bind :{listener.port} ssl crt-list {_list(listener)} {versions}{protocols}"


def _versions(policy: str) -> str:
    """The TLS versions of a security policy; its ciphers are the library's own, and TLS before 1.2 it does not speak.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    """
    least = "TLSv1.3" if "TLS13-1-3" in policy else "TLSv1.2"
    most = "TLSv1.3" if "TLS13" in policy else "TLSv1.2"
    return f"ssl-min-ver {least} ssl-max-ver {most}"


def _list(listener: Listener) -> str:
    return f"certificates-{listener.port}.list"


def _certificates(listener: Listener, certificates: list[Certificate]) -> dict[str, str]:
    """A file of each certificate, and their list; the first is for clients that name no server or one without any.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
    """
    parts = ((one.certificate, one.chain, one.private_key) for one in certificates if one.private_key)
    texts = ["".join(f"{part.strip()}\n" for part in triple if part) for triple in parts]
    files = {f"certificate-{listener.port}-{index}.pem": text for index, text in enumerate(texts)}
    return {**files, _list(listener): "".join(f"{name}\n" for name in files)}


def _tcp(listener: Listener, account: Account) -> Iterator[str]:
    """A network load balancer's listener has one rule, which forwards.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
    """
    yield "mode tcp"
    yield "option tcplog"
    for rule in listener.rules:
        yield from forward(rule.action, None, account)


def _http(listener: Listener, account: Account) -> Iterator[str]:
    yield "mode http"
    yield "option httplog"
    yield f"acl decided var({_RULE}) -m found"
    for number, rule in enumerate(listener.rules):
        yield from _decision(number, rule)
    for number, rule in enumerate(listener.rules):
        yield from answer(rule.action, listener, _taken(number))
    yield from _forwarded(listener)
    yield from _trace()
    for number, rule in enumerate(listener.rules):
        yield from forward(rule.action, _taken(number), account)


def _decision(number: int, rule: ListenerRule) -> Iterator[str]:
    names = [f"rule-{number}-{index}" for index in range(len(rule.conditions))]
    for name, condition in zip(names, rule.conditions, strict=True):
        yield from acl(name, condition)
    yield f"http-request set-var({_RULE}) int({number}) if {' '.join(['!decided', *names])}"


def _taken(number: int) -> str:
    return f"{{ var({_RULE}) -m int {number} }}"


def _forwarded(listener: Listener) -> Iterator[str]:
    """The client's address is added behind what is there; protocol and port are the listener's.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    there = f"{{ req.fhdr({_FORWARDED}) -m found }}"
    yield f"http-request set-header {_FORWARDED} '%[req.fhdr({_FORWARDED})], %[src]' if {there}"
    yield f"http-request set-header {_FORWARDED} %[src] unless {there}"
    yield f"http-request set-header X-Forwarded-Proto {listener.protocol.lower()}"
    yield f"http-request set-header X-Forwarded-Port {listener.port}"


def _trace() -> Iterator[str]:
    """A new root where the request brings none, else an own field before it, in place of an older one.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    rooted = f"{{ req.fhdr({_TRACE}) -m sub Root= }}"
    yield f"http-request replace-header {_TRACE} '(?:Self=[^;]*;?)?(.*)' 'Self={_NEW_TRACE};\\1' if {rooted}"
    yield f"http-request set-header {_TRACE} 'Root={_NEW_TRACE}' unless {rooted}"
