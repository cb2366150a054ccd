# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto without what it works out anew for every request: half of its time."""

from __future__ import annotations

import functools

import moto.core.responses
from moto.moto_server.werkzeug_app import DomainDispatcherApplication


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher; the service that a host name stands for is looked up once (moto lists a directory)."""

    @functools.cache  # noqa: B019  # there is one dispatcher a process
    def get_backend_for_host(self, host: str | None) -> object:
        """The name of the service behind a host name; raises NotImplementedError where moto has none."""
        backend = super().get_backend_for_host(host)
        if backend is None and host is not None:
            raise NotImplementedError(f"there is no backend for {host}")
        return backend


def speed_up() -> None:
    """Look the methods of a response class up once (moto inspects the class)."""
    moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)
