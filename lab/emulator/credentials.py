# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses requests that are signed with a key this account does not know.

Codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (AuthFailure, RequestExpired),
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (InvalidClientTokenId),
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (InvalidAccessKeyId, ExpiredToken).
Only the access key is looked at; signatures are not verified.
"""

from __future__ import annotations

import re

from lab.emulator.answers import Answer, error
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


class Credentials:
    """The access keys this account knows: the given one and those that IAM and STS give out later."""

    def __init__(self, access_key: str) -> None:
        self._first = access_key
        self._known = {access_key}

    def forget(self) -> None:
        """Know only the given key again."""
        self._known = {self._first}

    def refusal(self, call: Call) -> Answer | None:
        """The answer to a request with an unknown or expired key or for no region; None where it may go on.

        An unsigned request passes: it is S3's public reading, or the web identity calls of STS.
        """
        if not call.access_key or (call.access_key in self._known and call.region in known_regions()):
            return None
        expired = call.access_key.startswith(EXPIRED_ACCESS_KEY)
        codes, query = (_EXPIRED, _EXPIRED_QUERY) if expired else (_UNKNOWN, _UNKNOWN_QUERY)
        return error(call.protocol, *codes.get(call.protocol, query))

    def learn(self, call: Call, answer: Answer) -> None:
        """Remember the keys that `answer` gives out."""
        if call.service in ("iam", "sts") and answer.status == 200:
            self._known.update(key.decode() for key in _ISSUED.findall(answer.body))
