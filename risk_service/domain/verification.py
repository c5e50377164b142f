"""Who stands behind an account: evidence that is checked once, and the level that is kept.

Times are microseconds since 1970 UTC.
"""

from enum import IntEnum
from typing import Literal

from msgspec import Struct

from risk_service.domain.vocabulary import VerificationLevel

# Whose failed attempts are counted: an account's, or those with one document's number.
AttemptOf = Literal["account", "real_name"]


class PhoneCodeResult(IntEnum):
    """How the code sent to the customer's phone ended."""

    NOT_SENT = 0
    PASSED = 1
    FAILED = 2


class RealNameResult(IntEnum):
    """What came of a verification, numbered as in ``proto/risk/v1``."""

    VERIFIED = 1
    MISMATCH = 2
    PROVIDER_UNAVAILABLE = 3
    TOO_MANY_ACCOUNTS = 4
    PHONE_FAILED = 5


class RealNameEvidence(Struct, frozen=True, kw_only=True, gc=False):
    """What the provider is asked about. Raw: never stored, never logged."""

    name: str
    real_name_id: str
    face_token: str = ""

    def __repr__(self) -> str:
        """Keep names and numbers out of logs and tracebacks."""
        return "RealNameEvidence(...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Keep them out of what rich prints as well: it does not ask ``__repr__``."""
        return []


class ProviderAnswer(Struct, frozen=True, kw_only=True, gc=False):
    """What the provider found; ``face_matches`` is None when no face was handed in."""

    name_matches: bool
    face_matches: bool | None = None


class Verification(Struct, frozen=True, kw_only=True, gc=False):
    """One verification as it is kept: tokens and what came of it, no name and no number.

    Parameters
    ----------
    account, real_name
        Tokens; ``real_name`` is empty when only the phone was verified.
    level
        What this verification itself shows; L0 when it shows nothing.
    expires_at_us
        From then on it shows nothing; 0 when it never did.
    provider
        Who checked; empty when nobody was asked.
    accounts_of_real_name
        Accounts with this real name in force, this one included, when it was decided.
    in_force_level, in_force_until_us
        What the account was verified to from then on, by this verification or an earlier one.
    refused_name
        Token of the number that the provider was asked about in vain; empty when the attempt did
        not fail there. It counts failed attempts and shows nothing about the account.
    """

    request_id: str
    fingerprint: bytes
    account: str
    real_name: str
    result: RealNameResult
    level: VerificationLevel
    verified_at_us: int
    expires_at_us: int
    provider: str
    accounts_of_real_name: int
    in_force_level: VerificationLevel
    in_force_until_us: int
    policy: str
    service: str
    refused_name: str = ""
