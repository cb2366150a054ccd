# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECR lets a client do, before its images are touched. Pure.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html and, for paths and errors,
https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from lab.account.model import Account, Repository

HOST = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")
_PATH = re.compile(
    r"/v2/(?P<name>[a-z0-9]+(?:(?:[._]|__|-+|/)[a-z0-9]+)*)/(?P<rest>(?P<kind>blobs|manifests|tags)/[^?]*)(\?(?P<query>.*))?"
)


@dataclass(frozen=True)
class Refusal:
    """An answer with one error. ``code``: the distribution specification's."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Passage:
    """A request that may go on. ``target``: its path and query, in the registry behind; of a bare ``/v2/`` empty.

    ``prefix`` begins that path and is none of the client's business. ``tag``: what a manifest is to be stored as, if
    the repository does not let a tag move.
    """

    target: str = ""
    prefix: str = ""
    repository: str = ""
    tag: str = ""


def judge(
    account: Account, password: str, method: str, host: str, target: str, authorization: str
) -> Refusal | Passage:
    """Whether a request may go on: its token first, then its repository, as on ECR. The arguments as in HTTP."""
    if not authorization:
        return Refusal(401, "UNAUTHORIZED", "Not Authorized")
    if not _authorized(authorization, password):
        return Refusal(403, "DENIED", "Your authorization token is invalid. Reauthenticate and try again.")
    name = HOST.fullmatch(host.partition(":")[0])
    if name is None or name["account"] != account.id:
        return Refusal(403, "DENIED", f"{host} is no registry of the account {account.id}")
    if target in ("/v2/", "/v2"):
        return Passage()
    path = _PATH.fullmatch(target)
    if path is None:
        return Refusal(404, "UNSUPPORTED", "ECR has no such resource")
    repository = _repository(account, name["region"], path["name"])
    if repository is None:
        message = f"The repository with name '{path['name']}' does not exist in the registry with id '{account.id}'"
        return Refusal(404, "NAME_UNKNOWN", message)
    return _passage(method, repository, path)


def moved(passage: Passage) -> Refusal:
    """The answer to a manifest for a tag that names another one and must not move.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    return Refusal(
        400,
        "TAG_INVALID",
        f"The image tag '{passage.tag}' already exists in the '{passage.repository}' repository and cannot be "
        "overwritten because the tag is immutable.",
    )


def _passage(method: str, repository: Repository, path: re.Match[str]) -> Passage:
    prefix = f"/v2/{repository.region}"
    query = path["query"] or ""
    if method == "POST":
        # A layer of another repository would have to be named with its region; without these it is pushed once more.
        query = urlencode([each for each in parse_qsl(query) if each[0] not in ("mount", "from")])
    target = f"{prefix}/{repository.name}/{path['rest']}" + (f"?{query}" if query else "")
    reference = path["rest"].removeprefix("manifests/")
    fixed = method == "PUT" and path["kind"] == "manifests" and repository.immutable and ":" not in reference
    return Passage(target, prefix, repository.name, reference if fixed else "")


def _authorized(header: str, password: str) -> bool:
    scheme, _, encoded = header.partition(" ")
    try:
        user, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return scheme.lower() == "basic" and user == "AWS" and hmac.compare_digest(given.encode(), password.encode())


def _repository(account: Account, region: str, name: str) -> Repository | None:
    return next((each for each in account.repositories.values() if (each.region, each.name) == (region, name)), None)
