# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small questions about directed graphs that the standard library does not answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Vertex = TypeVar("Vertex", bound=Hashable)


def circles(graph: Mapping[Vertex, Iterable[Vertex]]) -> dict[Vertex, int]:
    """The strongly connected component of each vertex, as a number: two vertices of one circle share it.

    Tarjan's algorithm (SIAM J. Comput. 1:2, 1972), iterative so that a long chain does not exhaust the stack.
    """
    index: dict[Vertex, int] = {}
    low: dict[Vertex, int] = {}
    component: dict[Vertex, int] = {}
    stack: list[Vertex] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph.get(root, ())))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            vertex, successors = work[-1]
            for successor in successors:
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    work.append((successor, iter(graph.get(successor, ()))))
                    break
                if successor not in component:
                    low[vertex] = min(low[vertex], index[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[vertex])
                if low[vertex] == index[vertex]:
                    _close(vertex, stack, component)
    return component


def _close(vertex: Vertex, stack: list[Vertex], component: dict[Vertex, int]) -> None:
    number = len(component)
    while True:
        member = stack.pop()
        component[member] = number
        if member == vertex:
            return
