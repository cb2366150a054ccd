# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control path: what a test or an operator asks of the emulator itself, on the same port as AWS's API."""

from __future__ import annotations

import json
from collections.abc import Callable

from lab.emulator import foreign, strict
from lab.emulator.answers import Answer, json_answer
from lab.emulator.calls import CallLog
from lab.emulator.request import Call
from lab.emulator.transitions import TRANSITIONS
from lab.place import CONTROL

_PATH = "/_emulator/"
# In a lab, hosts reach the same server: only the machine itself and the operator's place control it.
_CONTROLLERS = frozenset({"127.0.0.1", str(CONTROL)})


class Control:
    """Answers the control path. ``reset`` and ``show`` do their part of resetting and settling for the application."""

    def __init__(self, log: CallLog, reset: Callable[[], None], show: Callable[[], None]) -> None:
        self._log, self._reset, self._show = log, reset, show
        self._acts: dict[str, Callable[[Call], Answer]] = {
            "GET health": lambda _: json_answer({"status": "ok", "transition": strict.options().transition}),
            "GET calls": lambda _: json_answer(self._log.all()),
            "DELETE calls": self._clear_calls,
            "POST reset": self._make_empty,
            "POST settle": self._settle,
            "POST foreign": self._make_foreign,
        }

    def meant(self, call: Call) -> bool:
        """Whether a request is for the control path, from somebody who may use it."""
        own = call.environ["PATH_INFO"].startswith(_PATH)
        return own and call.environ.get("REMOTE_ADDR", "127.0.0.1") in _CONTROLLERS

    def answer(self, call: Call) -> Answer:
        """Do what a request asks; the application's lock is held."""
        name = call.environ["PATH_INFO"].removeprefix(_PATH)
        act = self._acts.get(f"{call.environ['REQUEST_METHOD']} {name}")
        if act is None:
            return json_answer({"error": f"the control path has only {', '.join(self._acts)}"}, 404)
        try:
            return act(call)
        except (KeyError, TypeError, ValueError) as cause:
            return json_answer({"error": f"{name}: {type(cause).__name__}: {cause}"}, 400)

    def _clear_calls(self, _: Call) -> Answer:
        self._log.clear()
        return json_answer({})

    def _settle(self, _: Call) -> Answer:
        TRANSITIONS.settle(everything=True)
        self._show()
        return json_answer({})

    def _make_empty(self, _: Call) -> Answer:
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        TRANSITIONS.clear()
        BackendDict.reset()
        reset_model_data()
        self._log.clear()
        self._reset()
        return json_answer({})

    def _make_foreign(self, call: Call) -> Answer:
        wanted = json.loads(call.body or b"{}")
        return json_answer(foreign.make(int(wanted["count"]), wanted["region"]))
