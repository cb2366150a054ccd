# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""botocore's exceptions as one ``ProviderError``, with a sentence to act on where the cause is on the user's side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError

try:
    from botocore import exceptions
    from botocore.parsers import ResponseParserError
except ImportError:
    exceptions = None

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REJECTED = frozenset(
    {
        "AuthFailure",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "IncompleteSignature",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_ABSENT_WORDS = ("NotFound", "NoSuch", "InvalidInstanceID", "DoesNotExist")


class Unusable(ProviderError):
    """Credentials, region or endpoint do not work: nothing else will either."""


@contextmanager
def translated(service: str, operation: str, region: str) -> Iterator[None]:
    """Turn what botocore raises inside the block into ``ProviderError`` (or ``Unusable``)."""
    try:
        yield
    except exceptions.ClientError as error:
        raise from_code(service, operation, region, error.response["Error"]) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise Unusable(
            "NoCredentials",
            f"{error}. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use an instance profile",
        ) from error
    except exceptions.ProfileNotFound as error:
        raise Unusable(
            "ProfileNotFound", f"{error}. Correct AWS_PROFILE or create the profile (aws configure)"
        ) from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise Unusable(
            "Unreachable",
            f"no answer from {service} in {region}: {error}. Check the region, AWS_ENDPOINT_URL, and the network",
        ) from error
    except exceptions.ParamValidationError as error:
        raise ProviderError("ParamValidation", str(error)) from error
    except ResponseParserError as error:
        raise Unusable(
            "NoAnswerOfAws", f"what answered for {service} is not AWS: check AWS_ENDPOINT_URL and proxies"
        ) from error
    except exceptions.BotoCoreError as error:
        raise ProviderError(type(error).__name__, str(error)) from error


def from_code(service: str, operation: str, region: str, error: dict[str, str]) -> ProviderError:
    code, message = error.get("Code", ""), error.get("Message", "")
    if code in _EXPIRED:
        return Unusable(code, f"the AWS credentials have expired ({message}); log in again, then run again")
    # EC2 also says AuthFailure of a resource that belongs to another service.
    if code in _REJECTED and not (code == "AuthFailure" and "credentials" not in message):
        return Unusable(
            code,
            f"AWS does not accept these credentials in {region} ({message}); check AWS_PROFILE or AWS_ACCESS_KEY_ID, "
            "and that the region is enabled for the account",
        )
    if code in _DENIED:
        return ProviderError(
            code,
            f"{service}:{operation} is not allowed: {message}; playbooks/permissions.yml prints the policy this needs",
        )
    absent = any(word in code for word in _ABSENT_WORDS)
    return ProviderError(code, message, absent)
