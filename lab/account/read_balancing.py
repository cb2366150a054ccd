# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers and target groups, out of moto's ELBv2 backend."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lab.account.model import (
    Action,
    Condition,
    HealthCheck,
    Listener,
    ListenerRule,
    LoadBalancer,
    Target,
    TargetGroup,
)
from lab.emulator.strict.targets import draining

_IDLE_TIMEOUT = 60
_COOKIE = 86400
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
_CODES = "200"
_CODES_OF_NETWORK = "200-399"
_SETTINGS = {"redirect": "RedirectConfig", "fixed-response": "FixedResponseConfig"}


def target_group(group: Any) -> TargetGroup:
    """One target group."""
    stuck = group.attributes.get("stickiness.enabled") == "true"
    return TargetGroup(
        arn=group.arn,
        name=group.name,
        vpc=group.vpc_id or "",
        protocol=group.protocol or "",
        port=int(group.port or 0),
        target_type=group.target_type,
        targets=tuple(_target(group, each) for each in group.targets.values()),
        health=_health(group),
        deregistration_delay=int(group.attributes["deregistration_delay.timeout_seconds"]),
        stickiness=int(group.attributes.get("stickiness.lb_cookie.duration_seconds", _COOKIE)) if stuck else None,
        draining=tuple(_target(group, each) for each in draining(group)),
    )


def _target(group: Any, target: Mapping[str, Any]) -> Target:
    return Target(target["Id"], int(target.get("Port") or group.port or 0))


def _health(group: Any) -> HealthCheck:
    codes = _CODES if group.protocol in ("HTTP", "HTTPS") else _CODES_OF_NETWORK
    protocol = group.health_check_protocol or "HTTP"
    return HealthCheck(
        protocol=protocol,
        port=str(group.health_check_port or "traffic-port"),
        path=(group.health_check_path or "/") if protocol in ("HTTP", "HTTPS") else None,
        interval=int(group.health_check_interval_seconds),
        timeout=int(group.health_check_timeout_seconds),
        healthy=int(group.healthy_threshold_count),
        unhealthy=int(group.unhealthy_threshold_count),
        codes=(getattr(group, "matcher", None) or {}).get("HttpCode") or codes,
    )


def load_balancer(balancer: Any, region: str) -> LoadBalancer:
    """One load balancer with its listeners and rules."""
    attributes = balancer.attrs
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes
    cross_zone = balancer.type == "application" or attributes.get("load_balancing.cross_zone.enabled") == "true"
    return LoadBalancer(
        arn=balancer.arn,
        name=balancer.name,
        type=balancer.type,
        scheme=balancer.scheme,
        dns_name=balancer.dns_name,
        region=region,
        vpc=balancer.vpc_id,
        subnets=tuple(subnet.id for subnet in balancer.subnets),
        groups=tuple(balancer.security_groups or ()),
        idle_timeout=int(attributes.get("idle_timeout.timeout_seconds") or _IDLE_TIMEOUT),
        cross_zone=cross_zone,
        listeners=tuple(map(_listener, balancer.listeners.values())),
    )


def _listener(listener: Any) -> Listener:
    rules = sorted(map(_rule, listener.rules.values()), key=lambda rule: (rule.priority is None, rule.priority or 0))
    secure = listener.protocol in ("HTTPS", "TLS")
    return Listener(
        arn=listener.arn,
        protocol=listener.protocol,
        port=int(listener.port),
        certificates=tuple(dict.fromkeys(listener.certificates)) if secure else (),
        ssl_policy=listener.ssl_policy if secure else None,
        rules=tuple(rules),
    )


def _rule(rule: Any) -> ListenerRule:
    priority = None if rule.priority == "default" else int(rule.priority)
    conditions = tuple(map(_condition, rule.conditions or ()))
    return ListenerRule(rule.arn, priority, conditions, _action(rule.actions[-1].data))  # authentication comes before


def _condition(condition: Mapping[str, Any]) -> Condition:
    field = condition["Field"]
    config = next((value for key, value in condition.items() if key.endswith("Config") and value), condition)
    values = config.get("Values") or condition.get("Values") or ()
    if field == "query-string":
        return _query(values)
    return Condition(field, config.get("HttpHeaderName") or "", tuple(map(str, values)))


def _query(pairs: Collection[Mapping[str, str]]) -> Condition:
    keys = {pair.get("Key") or "" for pair in pairs}
    if len(keys) == 1:
        return Condition("query-string", keys.pop(), tuple(pair["Value"] for pair in pairs))
    return Condition("query-string", "", tuple(f"{pair.get('Key') or '*'}={pair['Value']}" for pair in pairs))


def _action(data: Mapping[str, Any]) -> Action:
    kind = data["Type"]
    if kind == "forward":
        return Action(kind, target_groups=tuple(_forwarded(data)))
    settings = {key: value for key, value in (data.get(_SETTINGS.get(kind, "")) or {}).items() if value is not None}
    return Action(kind, settings=tuple(sorted((key, str(value)) for key, value in settings.items())))


def _forwarded(data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    groups = (data.get("ForwardConfig") or {}).get("TargetGroups") or [{"TargetGroupArn": data.get("TargetGroupArn")}]
    for group in groups:
        yield group["TargetGroupArn"], int(group.get("Weight", 1))
