# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong when EC2 was read, in a sentence with its remedy."""

from __future__ import annotations

REFUSED = (
    "AWS refused the credentials: they are wrong, or the region is not enabled for the account; "
    "see which identity is in use with 'aws sts get-caller-identity'"
)
EXPIRED = "the AWS credentials have expired: renew them (for example with 'aws sso login') and run again"
FORBIDDEN = (
    "these AWS credentials may not read instances: allow them ec2:DescribeInstances, "
    "as the policy printed by playbooks/permissions.yml does"
)
NOT_ENABLED = "the region is not enabled for this account: enable it, or remove it from 'regions'"
THROTTLED = "AWS limits the rate of calls: run again in a minute, and consider the inventory cache ('cache: true')"
MISSING = (
    "no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or run where a role is attached"
)
UNREACHABLE = "EC2's endpoint cannot be reached: check the network, a proxy, and AWS_ENDPOINT_URL where it is set"
NO_PROFILE = "the profile that AWS_PROFILE names is not in the AWS configuration: correct it, or run 'aws configure'"
BAD_REGION = "this is no region of AWS: correct 'regions' in the inventory source"

# By the code that EC2 answers (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html)
# or the name of the exception of botocore.
SENTENCES = {
    "AuthFailure": REFUSED,
    "InvalidAccessKeyId": REFUSED,
    "InvalidClientTokenId": REFUSED,
    "SignatureDoesNotMatch": REFUSED,
    "UnrecognizedClientException": REFUSED,
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "RequestExpired": EXPIRED,
    "SSOTokenLoadError": EXPIRED,
    "TokenRetrievalError": EXPIRED,
    "UnauthorizedSSOTokenError": EXPIRED,
    "AccessDenied": FORBIDDEN,
    "AccessDeniedException": FORBIDDEN,
    "UnauthorizedOperation": FORBIDDEN,
    "OptInRequired": NOT_ENABLED,
    "RequestLimitExceeded": THROTTLED,
    "Throttling": THROTTLED,
    "CredentialRetrievalError": MISSING,
    "NoCredentialsError": MISSING,
    "PartialCredentialsError": MISSING,
    "ConnectTimeoutError": UNREACHABLE,
    "ConnectionClosedError": UNREACHABLE,
    "EndpointConnectionError": UNREACHABLE,
    "ProxyConnectionError": UNREACHABLE,
    "ReadTimeoutError": UNREACHABLE,
    "SSLError": UNREACHABLE,
    "ProfileNotFound": NO_PROFILE,
    "InvalidRegionError": BAD_REGION,
}


class ReadError(Exception):
    """EC2 could not be read; the message is one sentence with the remedy."""


def code_of(error: Exception) -> str:
    """The code of an answer of the API, else the name of the exception."""
    response: dict[str, dict[str, str]] = getattr(error, "response", {})
    return response.get("Error", {}).get("Code") or type(error).__name__


def explain(error: Exception, region: str, known_region: bool = True) -> str:
    """One sentence: the region, what is wrong and what to do, the original code."""
    code = code_of(error)
    sentence = SENTENCES.get(code)
    if sentence is UNREACHABLE and not known_region:
        sentence = BAD_REGION
    if sentence is None:
        return f"Cannot read instances of {region}: {error}"
    return f"Cannot read instances of {region}: {sentence} ({code})."
