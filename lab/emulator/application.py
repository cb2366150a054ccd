# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: moto's own, with the log, credentials, latency, lag and client tokens around it."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app

from lab.emulator import checks, foreign, state, strict
from lab.emulator.answers import Answer, error, header_items, json_answer
from lab.emulator.calls import CallLog
from lab.emulator.credentials import Credentials
from lab.emulator.lag import Lag
from lab.emulator.options import ACCOUNT_ID, Options
from lab.emulator.request import Call
from lab.emulator.speed import Dispatcher, speed_up
from lab.emulator.tokens import ClientTokens
from lab.emulator.transitions import TRANSITIONS

StartResponse = Callable[[str, list[tuple[str, str]]], object]
CONTROL = "/_emulator/"
# These wait inside moto; holding the lock meanwhile would stop everybody else.
_WAITING = {("sqs", "ReceiveMessage")}


class Application:
    """AWS's API for one account. moto is called by one thread at a time: its models are not safe for more."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.log = CallLog()
        self._credentials = Credentials(options.credentials[0])
        self._lag = Lag(options.lag, options.seed) if options.lag else None
        self._tokens = ClientTokens()
        self._moto = Dispatcher(create_backend_app)
        self._lock = threading.RLock()
        self._control: dict[str, Callable[[Call], Answer]] = {
            "GET health": lambda _: json_answer({"status": "ok", "transition": options.transition}),
            "GET calls": lambda _: json_answer(self.log.all()),
            "DELETE calls": self._clear_calls,
            "POST reset": self._reset,
            "POST settle": self._settle,
            "POST foreign": self._make_foreign,
        }
        TRANSITIONS.delay = options.transition / 1000
        strict.use(options)
        speed_up()

    def restore(self) -> None:
        """Go on with the account that the last run left in the state directory, if there is one."""
        saved = state.restore(self.options.state_dir) if self.options.state_dir else None
        if saved is not None:
            self._tokens, self._credentials = saved

    def save(self) -> None:
        """Leave the account, in its final states, in the state directory, if there is one."""
        if self.options.state_dir:
            with self._lock:
                TRANSITIONS.settle(everything=True)
                state.save(self.options.state_dir, (self._tokens, self._credentials))

    def preload(self, services: Iterable[str]) -> None:
        """Load what the first request to these services would load; meant for a thread of its own."""
        for service in services:
            with self._lock:
                strict.load(service)
                importlib.import_module(f"moto.{service}.responses")
                models: Any = importlib.import_module(f"moto.{service}.models")
                getattr(models, f"{service}_backends")[ACCOUNT_ID]["us-east-1"]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        call = Call(environ, _body(environ))
        path = environ["PATH_INFO"]
        answer = self._controlled(call, path[len(CONTROL) :]) if path.startswith(CONTROL) else self._logged(call)
        start_response(f"{answer.status} ", answer.headers)
        return [answer.body]

    def _controlled(self, call: Call, name: str) -> Answer:
        act = self._control.get(f"{call.environ['REQUEST_METHOD']} {name}")
        if act is None:
            return json_answer({"error": f"the control path has only {', '.join(self._control)}"}, 404)
        try:
            with self._lock:
                return act(call)
        except (KeyError, TypeError, ValueError) as cause:
            return json_answer({"error": f"{name}: {type(cause).__name__}: {cause}"}, 400)

    def _clear_calls(self, _: Call) -> Answer:
        self.log.clear()
        return json_answer({})

    def _settle(self, _: Call) -> Answer:
        TRANSITIONS.settle(everything=True)
        if self._lag:
            self._lag.show()
        return json_answer({})

    def _reset(self, _: Call) -> Answer:
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        TRANSITIONS.clear()
        BackendDict.reset()
        reset_model_data()
        self.log.clear()
        self._tokens.clear()
        self._credentials.forget()
        if self._lag:
            self._lag.clear()
        return json_answer({})

    def _make_foreign(self, call: Call) -> Answer:
        wanted = json.loads(call.body or b"{}")
        return json_answer(foreign.make(int(wanted["count"]), wanted["region"]))

    def _logged(self, call: Call) -> Answer:
        if self.options.latency:
            time.sleep(self.options.latency / 1000)
        started = time.time()
        answer = self._credentials.refusal(call) or self._answer(call)
        self.log.add(
            {
                "service": call.service,
                "operation": call.operation,
                "region": call.region,
                "mutating": call.mutating,
                "status": answer.status,
                "error": answer.error_code,
                "time": started,
            }
        )
        return answer

    def _answer(self, call: Call) -> Answer:
        held = (call.service, call.operation) not in _WAITING
        with self._lock if held else contextlib.nullcontext():
            strict.load(call.service)
            TRANSITIONS.settle()
            early = checks.refusal(call) or (self._lag and self._lag.missing(call)) or self._tokens.replay(call)
            if early:
                return early
            answer = self._of_moto(call)
            self._tokens.remember(call, answer)
            self._credentials.learn(call, answer)
            return self._lag.apply(call, answer) if self._lag else answer

    def _of_moto(self, call: Call) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            started.append((status, headers))

        call.environ["wsgi.input"] = io.BytesIO(call.body)
        try:
            body = b"".join(self._moto(call.environ, start_response))
        except strict.Refused as refused:
            return error(call.protocol, refused.code, refused.message, refused.status)
        except NotImplementedError as cause:
            return _not_implemented(call, cause)
        except Exception as cause:
            traceback.print_exc(file=sys.stderr)
            return error(call.protocol, "EmulatorFailure", f"{call.operation}: {type(cause).__name__}: {cause}")
        status, headers = started[-1]
        if int(status[:3]) >= 404 and body.startswith(b"<!doctype html>"):
            return _not_implemented(call, NotImplementedError("no such operation"))
        return Answer(int(status[:3]), header_items(headers), body)


def _body(environ: dict[str, Any]) -> bytes:
    """The whole body, also of a chunked request: werkzeug's server unchunks it."""
    if environ.get("wsgi.input_terminated"):
        body = bytes(environ["wsgi.input"].read())
        environ["CONTENT_LENGTH"] = str(len(body))
        return body
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def _not_implemented(call: Call, cause: NotImplementedError) -> Answer:
    """moto lets these become a page of HTML with status 500, which no SDK can read."""
    code = "UnknownOperationException" if call.protocol in ("json", "rest-json") else "InvalidAction"
    if "filter" in str(cause).lower():
        code = "InvalidParameterValue"
    return error(call.protocol, code, f"{call.service} {call.operation} is not in the emulator: {cause}")
