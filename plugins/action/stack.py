# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``slipway.platform.stack``: checks the documents where their positions are known, and shows the module's
progress live.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid, locate
from ansible_collections.slipway.platform.plugins.module_utils.stack.report import progress_line
from ansible_collections.slipway.platform.plugins.module_utils.stack_options import STACK_OPTIONS, scope_of

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # A private name of ansible-core 2.19: without it, messages lack the file and line.
    Origin = None


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(STACK_OPTIONS)
        documents = self._task.args["resources"]
        try:
            CATALOGUE.load(documents, scope_of(options))
        except Invalid as error:
            return {**result, "failed": True, "msg": _located(documents, error.problems)}
        with _shown_progress() as progress:
            arguments = {**self._task.args, "progress": progress}
            result.update(self._execute_module("slipway.platform.stack", arguments, task_vars=task_vars))
        if "problems" in result:
            result["msg"] = _located(documents, result.pop("problems"))
        if "diff" in result and not result["changed"]:
            # Ansible prints the diff of a change only; a plan without one still tells what is outdated or left alone.
            Display().display(result["diff"]["prepared"])
        return result


_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
_LINE_SECONDS = 2.0
"""In which a line is shown, unless the controller reads no more."""


@contextmanager
def _shown_progress() -> Iterator[str]:
    """A FIFO whose lines are shown as they come, because a module answers only at its end."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        path = os.path.join(folder, "progress")
        os.mkfifo(path, 0o600)
        # Opened for both ways: neither side waits for the other to open, and the reader ends when told.
        descriptor = os.open(path, os.O_RDWR)
        showing = threading.Lock()
        thread = threading.Thread(target=_show, args=(descriptor, showing), daemon=True)
        thread.start()
        try:
            with _interrupted_between(showing):
                yield path
        finally:
            os.write(descriptor, b"\n")
            thread.join()


def _show(descriptor: int, showing: threading.Lock) -> None:
    # The kernel may give this thread an interruption, and the main one would wait for the module as if there were none.
    signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
    with os.fdopen(descriptor, encoding="utf-8") as lines:
        for line in lines:
            if line == "\n":
                return
            with showing:
                Display().display(progress_line(json.loads(line)))


@contextmanager
def _interrupted_between(showing: threading.Lock) -> Iterator[None]:
    """Let an interruption wait until a line is shown: it ends this process, and if that held the lock of Ansible's
    queue of results then, the controller would wait for the lock for ever.
    """
    handlers = {int(number): handler for number in _INTERRUPTIONS if callable(handler := signal.getsignal(number))}

    def handle(number: int, frame: Any) -> None:
        held = showing.acquire(timeout=_LINE_SECONDS)
        try:
            handlers[number](number, frame)
        finally:
            if held:
                showing.release()

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _located(documents: list[Any], problems: Sequence[Sequence[str]]) -> str:
    """One line a problem, with file:line:column of the innermost value on its path that has an origin."""
    lines = []
    for path, message in problems:
        origin = _origin(documents, path) if path else None
        lines.append(": ".join(str(part) for part in (origin, path, message) if part))
    return "\n".join(lines)


def _origin(documents: list[Any], path: str) -> Any:
    origin = None
    value: Any = documents
    for key in locate(path):
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            break
        origin = (Origin.get_tag(value) if Origin else None) or origin
    return origin
