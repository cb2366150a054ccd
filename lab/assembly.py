# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab put together: the API, the reconciler with all its parts, and what the daemon tells of them."""

from __future__ import annotations

import threading
from typing import Any

from lab.account.read import read
from lab.api import Api
from lab.authority import Authority
from lab.conversation import Conversation
from lab.database.part import Databases
from lab.dns.part import Names
from lab.emulator.application import Application
from lab.emulator.options import Options
from lab.emulator.reality import Reality
from lab.host.part import Hosts
from lab.image import ensure
from lab.load_balancer.part import LoadBalancers
from lab.metadata.part import Metadata
from lab.mirror.part import Mirror
from lab.network.part import Network
from lab.place import Place
from lab.reconcile import Part, Reconciler
from lab.registry.part import Registry
from lab.status import status


class Assembly:
    """Everything that the daemon runs, wired."""

    def __init__(self, place: Place, options: Options) -> None:
        self.place = place
        self.reality = Reality()
        self.application = Application(options, self.reality)
        authority = Authority(place.part("authority"))
        # The network first: the others listen and start in its namespaces. Hosts ask for names and metadata at once.
        databases = Databases(place, self.reality, authority, ensure)
        self._notes = databases.notes
        parts: list[Part] = [
            Network(place),
            Api(place, self.application, authority),
            Names(place),
            Metadata(place, self.application.role_credentials),
            Mirror(place, ensure),
            Hosts(place, self.reality, authority, ensure, self._notice),
            databases,
            LoadBalancers(place, self.reality, ensure),
            Registry(place, authority, ensure, self.application.registry_password),
        ]
        self.reconciler = Reconciler(lambda: read(self.application), parts)
        self.application.on_change = self._notice
        self._thread = threading.Thread(target=self.reconciler.run, name="reconciler")

    def _notice(self) -> None:
        self.reconciler.notice()

    def start(self) -> None:
        """Go on with the account that is kept in the lab's folder, and answer."""
        self.application.restore()
        self._thread.start()
        Conversation(self.place, {"status": self.status, "calls": self.application.log.all})

    def end(self) -> None:
        """Finish the round that runs, and keep the account."""
        self.reconciler.end()
        self._thread.join()
        self.application.save()

    def status(self) -> dict[str, Any]:
        """See `lab.status.status`."""
        return status(self.place, read(self.application), self.reconciler, self._notes())
