# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks for what: service, operation, region and access key of one request, for every protocol of AWS.

Sources: the AWS query, EC2, JSON and REST protocols (https://smithy.io/2.0/aws/protocols/) and Signature Version 4
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
"""

from __future__ import annotations

import dataclasses
import json
import re
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

# Where the name a request is signed with is not the API's name in botocore.
SERVICE_OF_SIGNING_NAME = {
    "aps": "amp",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "sso": "sso-admin",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
READING = re.compile(
    r"(Describe|List|Get|Head|BatchGet|BatchCheck|Lookup|Search|Scan|Query|Select|Filter|Simulate|Validate|Check"
    r"|Estimate|Decode|TestDNS|TransactGet|AssumeRole|ReceiveMessage)"
)
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_FORM = "application/x-www-form-urlencoded"


@dataclasses.dataclass(frozen=True)
class Call:
    """One request to AWS's API: its WSGI environment and its whole body."""

    environ: dict[str, Any]
    body: bytes

    @cached_property
    def _credential(self) -> tuple[str, str, str]:
        text = self.environ.get("HTTP_AUTHORIZATION") or ""
        if not text and "X-Amz-Credential" in self.environ.get("QUERY_STRING", ""):
            text = "Credential=" + dict(parse_qsl(self.environ["QUERY_STRING"])).get("X-Amz-Credential", "")
        found = _CREDENTIAL.search(text)
        return (found[1], found[2], found[3].lower()) if found else ("", "us-east-1", "")

    @property
    def access_key(self) -> str:
        """The access key the request is signed with; empty when it is not signed."""
        return self._credential[0]

    @property
    def session_token(self) -> str:
        """The session token of temporary credentials; empty where the request has none."""
        query = dict(parse_qsl(self.environ.get("QUERY_STRING", "")))
        return str(self.environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or query.get("X-Amz-Security-Token", ""))

    @property
    def region(self) -> str:
        """The region the request is signed for."""
        return self._credential[1]

    @cached_property
    def service(self) -> str:
        """The name of the API as botocore names its client; an unsigned request is S3's."""
        signing_name = self._credential[2] or "s3"
        if signing_name == "apigateway" and self.environ["PATH_INFO"].startswith("/v2/"):
            return "apigatewayv2"
        if signing_name == "elasticloadbalancing" and self.form.get("Version") == "2012-06-01":
            return "elb"
        return SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of a query or EC2 request; empty for other protocols."""
        if not self.environ.get("CONTENT_TYPE", "").startswith(_FORM):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def arguments(self) -> list[tuple[str, str]]:
        """The texts that the request names something by, each with its parameter; filters are left out.

        A list gives an entry a member. Segments of a REST path come as ``path``, S3's bucket as ``bucket``.
        """
        if self.form:
            return [(name.partition(".")[0], value) for name, value in self.form.items() if name[:6] != "Filter"]
        if "HTTP_X_AMZ_TARGET" in self.environ:
            return _texts(json.loads(self.body or b"{}"))
        return self._segments("bucket")[:1] if self.service == "s3" else self._segments("path")

    def _segments(self, name: str) -> list[tuple[str, str]]:
        return [(name, segment) for segment in self.environ["PATH_INFO"].split("/") if segment]

    @property
    def protocol(self) -> str:
        """One of ec2, query, json, rest-json, s3, rest-xml: what an error has to look like."""
        if "Action" in self.form:
            return "ec2" if self.service == "ec2" else "query"
        if "HTTP_X_AMZ_TARGET" in self.environ:
            return "json"
        return {"s3": "s3", "route53": "rest-xml", "cloudfront": "rest-xml"}.get(self.service, "rest-json")

    @cached_property
    def operation(self) -> str:
        """The operation's name in the API, for example CreateVpc; "Unknown" where it cannot be told."""
        if action := self.form.get("Action"):
            return action
        if target := self.environ.get("HTTP_X_AMZ_TARGET"):
            return str(target).rpartition(".")[2]
        try:
            return str(get_service_router(self.service).match(Request(self.environ))[0].name)
        except (NotFound, NotImplementedError, ValueError, LookupError):
            return "Unknown"
        except Exception as error:  # botocore's UnknownServiceError, without importing botocore here
            if type(error).__name__ == "UnknownServiceError":
                return "Unknown"
            raise

    @property
    def mutating(self) -> bool:
        """Whether the call changes anything: by S3's method, elsewhere by the operation's verb."""
        if self.service == "s3":
            return self.environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")
        return not READING.match(self.operation)


def _texts(given: dict[str, Any]) -> list[tuple[str, str]]:
    lists = ((name, value if isinstance(value, list) else [value]) for name, value in given.items())
    return [(name, item) for name, items in lists for item in items if isinstance(item, str)]
