# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client tokens: the same token with the same parameters gives the same answer, with others an error.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

from lab.emulator.answers import Answer, error
from lab.emulator.request import Call

_TOKEN = "ClientToken"  # noqa: S105  # the name of a parameter


class ClientTokens:
    """The tokens that EC2's creating calls have used, each with its parameters and its answer."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, str, str], tuple[dict[str, str], Answer]] = {}

    def clear(self) -> None:
        """Forget all tokens."""
        self._used.clear()

    def replay(self, call: Call) -> Answer | None:
        """The answer to a call whose token was used before; None for a new one."""
        key = _key(call)
        if key is None or key not in self._used:
            return None
        parameters, answer = self._used[key]
        if parameters == call.form:
            return answer
        return error(
            "ec2", "IdempotentParameterMismatch", f"The client token {key[-1]} was used with other parameters."
        )

    def remember(self, call: Call, answer: Answer) -> None:
        """Keep the answer of a call that succeeded: a failed one may be tried again with its token."""
        key = _key(call)
        if key is not None and answer.status == 200:
            self._used[key] = (call.form, answer)


def _key(call: Call) -> tuple[str, str, str, str] | None:
    token = call.form.get(_TOKEN, "") if call.service == "ec2" else ""
    return (call.environ.get("HTTP_X_MOTO_ACCOUNT_ID", ""), call.region, call.operation, token) if token else None
