# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gunicorn's threaded worker, which on SIGTERM takes what its socket already holds and closes it at once.

gunicorn keeps the socket open until the last request has ended: clients that connect meanwhile wait for nothing, and
are reset at the end. Here they are answered, and later ones are refused, which a client or load balancer may retry.
"""

from __future__ import annotations

import select

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    def set_accept_enabled(self, enabled: bool | None) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:
            self._close_listeners()

    def _close_listeners(self) -> None:
        for listener in self.sockets:
            listener.setblocking(False)
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()
