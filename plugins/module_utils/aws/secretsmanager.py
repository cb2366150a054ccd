# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets, by name only: a value is made as its one request is sent, and never read here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.keys import kms_key
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    integer,
    mapping,
    record,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Generated

RECOVERY_TAG = "slipway:recovery-days"
GONE = ("ResourceNotFoundException",)
ARN_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
"""What Secrets Manager adds to a name in its ARN."""


class Secret(Kind):
    """A deleted secret blocks its name until its days of recovery are over. One of ours counts as absent, and creation
    restores it with the value that it had:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html"""

    name = "secret"
    doc = "A secret of Secrets Manager. Its value is generated, or put there by somebody else."
    service = "secretsmanager"
    identity = "name"
    arn = r"arn:aws[a-z-]*:secretsmanager:[^:]+:\d+:secret:.+"
    fields = {
        "description": string("What it is for."),
        "generate": record(
            {
                "length": integer("Characters.", default=32, minimum=8, maximum=4096),
                "punctuation": string("Punctuation it may hold, beside letters and digits.", default=""),
                "key": string("Make the value a JSON object with the generated text under this key."),
                "fields": mapping("Further keys of that object.", default={}),
            },
            "Make its first value; without, it begins with none.",
            change=Change.CREATE_ONLY,
        ),
        "kms_key": kms_key("ARN of the key that encrypts it, instead of the account's own."),
        "recovery_days": integer("Days in which a deletion can be undone, 7 to 30; 0 for none.", default=7, maximum=30),
    }
    attributes = {"id": "its ARN", "arn": "its ARN", "secret_name": "its name"}
    calls = {
        "read": ("DescribeSecret",),
        "write": ("RestoreSecret", "CreateSecret", "UpdateSecret", "TagResource", "UntagResource", "DeleteSecret"),
    }

    def physical_name(self, scope: Scope, name: str, values: Mapping[str, Any]) -> str:
        return f"{scope.stack}/{name}"

    def read(self, reader: Reader, request: Request) -> list[Have]:
        wanted = {want.physical_name: want.name for want in request.wants}
        swept = {ARN_SUFFIX.sub("", one.arn.split(":", 6)[6]) for one in request.swept}

        def have(name: str) -> Have | None:
            row = reader.call("secretsmanager", "DescribeSecret", {"SecretId": name}, missing=GONE)
            return self._have(reader.scope, row, wanted) if row else None

        return [found for found in reader.each(have, sorted(wanted.keys() | swept)) if found]

    def _have(self, scope: Scope, row: Mapping[str, Any], wanted: Mapping[str, str]) -> Have | None:
        tags = as_map(row.get("Tags", ()))
        foreign = tags.get(STACK_TAG) != scope.stack
        if (row.get("DeletedDate") and not foreign) or (foreign and row["Name"] not in wanted):
            return None
        fields = {
            "description": row.get("Description"),
            "kms_key": row.get("KmsKeyId"),
            "recovery_days": int(tags[RECOVERY_TAG]) if RECOVERY_TAG in tags else None,
        }
        attributes = {"id": row["ARN"], "arn": row["ARN"], "secret_name": row["Name"]}
        name = wanted.get(row["Name"]) or tags.get(NAME_TAG, "")
        return Have(self.name, name, fields, attributes, tags, row["Name"], foreign)

    def create(self, want: Want) -> Iterator[Step]:
        name = {"SecretId": want.physical_name}
        yield Call("secretsmanager", "RestoreSecret", name, done=GONE)
        tags = as_list({**want.tags, **self._recovery(want)})
        params = {"Name": want.physical_name, "Tags": tags, **self._settings(want, want.values)}
        if "generate" in want.values:
            params["SecretString"] = _generated(want["generate"])
        yield Call(
            "secretsmanager",
            "CreateSecret",
            params,
            done=("ResourceExistsException",),
            patience={"InvalidRequestException": 60},  # while the restored one is still seen as deleted
        )
        gives = {"id": "ARN", "arn": "ARN", "secret_name": "Name"}
        yield Wait("secretsmanager", "DescribeSecret", name, "Name", until=(want.physical_name,), gives=gives)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        settings = self._settings(want, changed)
        if settings:
            yield Call("secretsmanager", "UpdateSecret", {"SecretId": have.id, **settings})
        if "recovery_days" in changed:
            yield from self.retag(have, self._recovery(want), ())

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        if tags:
            yield Call("secretsmanager", "TagResource", {"SecretId": have.id, "Tags": as_list(tags)})
        if gone:
            yield Call("secretsmanager", "UntagResource", {"SecretId": have.id, "TagKeys": list(gone)})

    def delete(self, have: Have) -> Iterator[Step]:
        days = have.fields["recovery_days"]
        how = {"ForceDeleteWithoutRecovery": True} if days == 0 else {"RecoveryWindowInDays": days} if days else {}
        # One that is scheduled already is an invalid request; the wait tells it from any other.
        done = (*GONE, "InvalidRequestException")
        yield Call("secretsmanager", "DeleteSecret", {"SecretId": have.id, **how}, done=done)
        scheduled = "DeletedDate && 'scheduled'"
        yield Wait(
            "secretsmanager", "DescribeSecret", {"SecretId": have.id}, scheduled, until=("scheduled",), gone=GONE
        )

    def check(self, want: Want) -> Iterator[str]:
        if want["recovery_days"] != 0 and want["recovery_days"] < 7:
            yield f"recovery_days {want['recovery_days']} is neither 0 nor 7 to 30; choose one that is"
        generate = want.get("generate", {})
        if generate.get("fields") and "key" not in generate:
            yield "generate.fields needs generate.key, under which the generated text goes into the same object"

    def _settings(self, want: Want, fields: Any) -> dict[str, Any]:
        names = {"description": "Description", "kms_key": "KmsKeyId"}
        return {parameter: want[field] for field, parameter in names.items() if field in fields}

    def _recovery(self, want: Want) -> dict[str, str]:
        return {RECOVERY_TAG: str(want["recovery_days"])}


def _generated(generate: Mapping[str, Any]) -> Generated:
    fields = tuple(sorted(generate["fields"].items()))
    return Generated(generate["length"], generate["punctuation"], generate.get("key", ""), fields)
