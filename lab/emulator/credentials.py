# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses requests that are signed with a key this account does not know.

Codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (AuthFailure, RequestExpired),
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (InvalidClientTokenId),
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (InvalidAccessKeyId, ExpiredToken).
Only the access key and, of a role's keys, the session token are looked at; signatures are not verified.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from lab.emulator.answers import Answer, error
from lab.emulator.options import ACCOUNT_ID
from lab.emulator.request import Call
from lab.emulator.speed import known_regions

EXPIRED_ACCESS_KEY = "EXPIRED"
_UNKNOWN = {
    "ec2": ("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "s3": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    "json": ("UnrecognizedClientException", "The security token included in the request is invalid.", 400),
    "rest-json": ("UnrecognizedClientException", "The security token included in the request is invalid.", 403),
}
_UNKNOWN_QUERY = ("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
_EXPIRED = {
    "ec2": ("RequestExpired", "Request has expired.", 400),
    "s3": ("ExpiredToken", "The provided token has expired.", 400),
    "json": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "rest-json": ("ExpiredTokenException", "The security token included in the request is expired", 403),
}
_ISSUED = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_EXPIRED_QUERY = ("ExpiredToken", "The security token included in the request is expired", 403)


# The password that GetAuthorizationToken of ECR gives: its answer is made where no `Credentials` is at hand.
REGISTRY_PASSWORD: list[str] = [secrets.token_urlsafe(48)]
_LIFETIME = timedelta(hours=6)
_RENEWED = timedelta(hours=1)


class RoleCredentials(NamedTuple):
    """Temporary credentials of a role; ``expires`` is in UTC."""

    access_key: str
    secret_key: str
    token: str
    expires: datetime


class Credentials:
    """The access keys this account knows: the given one and those that IAM and STS give out later."""

    def __init__(self, access_key: str) -> None:
        self._first = access_key
        self._known = {access_key}
        self._temporary: dict[str, RoleCredentials] = {}
        self._of_role: dict[tuple[str, str], RoleCredentials] = {}

    def forget(self) -> None:
        """Know only the given key again."""
        self._known = {self._first}
        self._temporary.clear()
        self._of_role.clear()

    def refusal(self, call: Call) -> Answer | None:
        """The answer to a request with an unknown or expired key or for no region; None where it may go on.

        An unsigned request passes: it is S3's public reading, or the web identity calls of STS.
        """
        if not call.access_key:
            return None
        temporary = self._temporary.get(call.access_key)
        expired = call.access_key.startswith(EXPIRED_ACCESS_KEY) or _is_over(temporary)
        genuine = temporary.token == call.session_token if temporary else call.access_key in self._known
        if genuine and not expired and call.region in known_regions():
            return None
        codes, query = (_EXPIRED, _EXPIRED_QUERY) if expired else (_UNKNOWN, _UNKNOWN_QUERY)
        return error(call.protocol, *codes.get(call.protocol, query))

    def learn(self, call: Call, answer: Answer) -> None:
        """Remember the keys that `answer` gives out."""
        if call.service in ("iam", "sts") and answer.status == 200:
            self._known.update(key.decode() for key in _ISSUED.findall(answer.body))

    def of_role(self, role: str, session: str) -> RoleCredentials:
        """Credentials of a role in one session, the same until an hour before they expire.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
        Raises LookupError where there is no such role.
        """
        given = self._of_role.get((role, session))
        if given is None or given.expires - _RENEWED < datetime.now(UTC):
            given = self._of_role[role, session] = _assume(role, session)
            self._temporary[given.access_key] = given
        return given


def _is_over(temporary: RoleCredentials | None) -> bool:
    return temporary is not None and temporary.expires <= datetime.now(UTC)


def _assume(role: str, session: str) -> RoleCredentials:
    from moto.iam.models import iam_backends  # late: an emulator that gives no credentials does not need them
    from moto.sts.models import sts_backends

    roles = {each.name: each.arn for each in iam_backends[ACCOUNT_ID]["aws"].roles.values()}
    if role not in roles:
        raise LookupError(f"there is no role {role}")
    assumed = sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name="us-east-1",
        role_session_name=session,
        role_arn=roles[role],
        policy="",
        duration=int(_LIFETIME.total_seconds()),
        external_id="",
    )
    expires = datetime.now(UTC).replace(microsecond=0) + _LIFETIME
    return RoleCredentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token, expires)
