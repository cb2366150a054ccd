# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: moto's own, with the log, credentials, latency, lag and client tokens around it."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app

from lab.emulator import checks, state, strict
from lab.emulator.answers import Answer, error, header_items
from lab.emulator.calls import CallLog
from lab.emulator.control import Control
from lab.emulator.credentials import REGISTRY_PASSWORD, Credentials, RoleCredentials
from lab.emulator.keeper import Keeper
from lab.emulator.lag import Lag
from lab.emulator.options import ACCOUNT_ID, Options
from lab.emulator.reality import Reality
from lab.emulator.request import Call
from lab.emulator.speed import Dispatcher, speed_up
from lab.emulator.tokens import ClientTokens
from lab.emulator.transitions import TRANSITIONS

StartResponse = Callable[[str, list[tuple[str, str]]], object]
# These wait inside moto; holding the lock meanwhile would stop everybody else.
_WAITING = {("sqs", "ReceiveMessage")}
# Whose resources have real parts somewhere: a change of another service's is told to nobody.
_FOLLOWED = frozenset(
    {"acm", "autoscaling", "cloudformation", "ec2", "ecr", "elbv2", "iam", "rds", "route53", "secretsmanager"}
)


class Application:
    """AWS's API for one account. moto is called by one thread at a time: its models are not safe for more.

    `reality`: says the states of what has real parts. `on_change` is called after each call that may have changed
    something for a real part, and when a state has ended; it must not block. `lock` is held while moto is used.
    """

    def __init__(self, options: Options, reality: Reality | None = None) -> None:
        self.options = options
        self.log = CallLog()
        self.lock = threading.RLock()
        self.on_change: Callable[[], None] | None = None
        self._credentials = Credentials(options.credentials[0])
        self._lag = Lag(options.lag, options.seed) if options.lag else None
        self._tokens = ClientTokens()
        self._moto = Dispatcher(create_backend_app)
        self._keeper = Keeper(self._settle_due, self._write if options.state_dir else None)
        self._control = Control(self.log, self._reset, self._show)
        TRANSITIONS.delay = options.transition / 1000
        TRANSITIONS.reality = reality
        if reality:
            reality.wake = self._keeper.wake
        strict.use(options)
        speed_up()

    def start(self) -> None:
        """Keep the account from now on: end states in time without a request, and save what changes."""
        self._keeper.start()

    def restore(self) -> None:
        """Go on with the account that the last run left in the state directory, if there is one, and keep it."""
        if not self.options.state_dir:
            return
        saved = state.restore(self.options.state_dir)
        if saved is None:
            self._keeper.changed()  # the registry's password is kept from the beginning
        else:
            self._tokens, self._credentials, REGISTRY_PASSWORD[0], transitions = saved
            TRANSITIONS.restore(transitions)
        self.start()

    def save(self) -> None:
        """Leave the account in the state directory, if there is one: states that have not ended go on from there."""
        self._keeper.end()
        if self.options.state_dir:
            self._write()

    def role_credentials(self, role: str, session: str) -> RoleCredentials:
        """Credentials of a role that the API accepts; their identity is ``assumed-role/ROLE/SESSION``.

        An instance's session is its id. The same are given until an hour before they expire; that they are saved with
        the account makes them good after a restart. Raises LookupError where there is no such role.
        """
        with self.lock:
            given = self._credentials.of_role(role, session)
        self._keeper.changed()
        return given

    def registry_password(self) -> str:
        """The password, for the user ``AWS``, of the authorization tokens that ECR gives."""
        return REGISTRY_PASSWORD[0]

    def _write(self) -> None:
        assert self.options.state_dir
        with self.lock:
            content = state.content((self._tokens, self._credentials, REGISTRY_PASSWORD[0], TRANSITIONS.saved()))
        state.write(self.options.state_dir, content)

    def _settle_due(self) -> float | None:
        with self.lock:
            settled = TRANSITIONS.settle()
            remaining = TRANSITIONS.remaining()
        if settled:
            self._changed()
        return remaining

    def _changed(self, service: str = "ec2") -> None:
        self._keeper.changed()
        if self.on_change and service in _FOLLOWED:
            self.on_change()

    def preload(self, services: Iterable[str]) -> None:
        """Load what the first request to these services would load; meant for a thread of its own."""
        for service in services:
            with self.lock:
                strict.load(service)
                importlib.import_module(f"moto.{service}.responses")
                models: Any = importlib.import_module(f"moto.{service}.models")
                getattr(models, f"{service}_backends")[ACCOUNT_ID]["us-east-1"]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        call = Call(environ, _body(environ))
        answer = self._controlled(call) if self._control.meant(call) else self._logged(call)
        start_response(f"{answer.status} ", answer.headers)
        return [answer.body]

    def _controlled(self, call: Call) -> Answer:
        with self.lock:
            answer = self._control.answer(call)
        if call.environ["REQUEST_METHOD"] == "POST":
            self._changed()
        return answer

    def _reset(self) -> None:
        self._tokens.clear()
        self._credentials.forget()
        if self._lag:
            self._lag.clear()

    def _show(self) -> None:
        if self._lag:
            self._lag.show()

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
        if call.mutating and answer.status < 400:
            self._changed(call.service)
        return answer

    def _answer(self, call: Call) -> Answer:
        held = (call.service, call.operation) not in _WAITING
        with self.lock if held else contextlib.nullcontext():
            strict.load(call.service)
            if TRANSITIONS.settle():
                self._changed()
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
