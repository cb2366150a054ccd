# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A question about directed graphs that the standard library does not answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

Vertex = TypeVar("Vertex", bound=Hashable)


def circles(graph: Mapping[Vertex, Iterable[Vertex]]) -> dict[Vertex, int]:
    """The strongly connected component of each vertex, as a number: two vertices of one circle share it.

    Kosaraju's algorithm: https://en.wikipedia.org/wiki/Kosaraju%27s_algorithm
    """
    backward: dict[Vertex, list[Vertex]] = defaultdict(list)
    for vertex, successors in graph.items():
        for successor in successors:
            backward[successor].append(vertex)
    component: dict[Vertex, int] = {}
    for number, vertex in enumerate(reversed(_leaving_order(graph))):
        component |= dict.fromkeys(_reachable(vertex, backward, component), number)
    return component


def _leaving_order(graph: Mapping[Vertex, Iterable[Vertex]]) -> list[Vertex]:
    """The vertices in the order in which a depth-first search leaves them for good."""
    entered: set[Vertex] = set()
    left: list[Vertex] = []
    work = [(vertex, False) for vertex in graph]
    while work:
        vertex, leaving = work.pop()
        if leaving:
            left.append(vertex)
        elif vertex not in entered:
            entered.add(vertex)
            work.append((vertex, True))
            work += [(successor, False) for successor in graph.get(vertex, ())]
    return left


def _reachable(start: Vertex, graph: Mapping[Vertex, Iterable[Vertex]], done: Container[Vertex]) -> Iterator[Vertex]:
    found: set[Vertex] = set()
    work = [start]
    while work:
        vertex = work.pop()
        if vertex in done or vertex in found:
            continue
        found.add(vertex)
        yield vertex
        work += graph.get(vertex, ())
