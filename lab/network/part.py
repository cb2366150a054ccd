# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's part that keeps the network as the account says."""

from __future__ import annotations

from collections.abc import Sequence

from lab.account.model import Account
from lab.network.machine import Machine
from lab.network.ruleset import core, ruleset
from lab.network.topology import CORE, topology
from lab.place import Place
from lab.reconcile import Pending


class Network:
    """Namespaces, links and filters. The first part of all: what the others start, they start in its namespaces."""

    name = "network"

    def __init__(self, place: Place) -> None:
        self._machine = Machine(place)

    def converge(self, account: Account) -> Sequence[Pending]:
        """One round; milliseconds when nothing changed."""
        rulesets = {CORE: core(account)} | {vpc: ruleset(account, vpc) for vpc in account.vpcs}
        return self._machine.converge(topology(account), rulesets)

    def close(self) -> None:
        """It has neither threads nor sockets."""
