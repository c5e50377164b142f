"""How real names are verified: reads ``real_names.toml``."""

from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from risk_service.decisions.assessing.texts import Strict, Text, read_content
from risk_service.domain.vocabulary import VerificationLevel

FILE = "real_names.toml"
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


class _ValidityDays(Strict):
    L1: Annotated[int, Field(ge=1, le=3650)]
    L2: Annotated[int, Field(ge=1, le=3650)]
    L3: Annotated[int, Field(ge=1, le=3650)]


class _Accounts(Strict):
    per_real_name_max: Annotated[int, Field(ge=1, le=10_000)]
    above: Literal["refuse", "report"]


class AttemptLimits(Strict):
    """How many verifications may fail, and what a customer reads who has had them all."""

    window_hours: Annotated[int, Field(ge=1, le=720)]
    failed_per_account_max: Annotated[int, Field(ge=1, le=10_000)]
    failed_per_real_name_max: Annotated[int, Field(ge=1, le=10_000)]
    customer_zh: Text
    customer_en: Text

    @property
    def window_us(self) -> int:
        """Return for how long a failed attempt counts, in microseconds."""
        return self.window_hours * HOUR_US


class _Provider(Strict):
    timeout_ms: Annotated[int, Field(ge=1, le=60_000)]
    calls_at_once_max: Annotated[int, Field(ge=1, le=256)]


class _RealNamesFile(Strict):
    name: str
    validity_days: _ValidityDays
    accounts: _Accounts
    attempts: AttemptLimits
    provider: _Provider


class RealNamePolicy:
    """The policy in force.

    Attributes
    ----------
    version
        Name and digest of the file.
    accounts_max
        Accounts that one real name may stand behind.
    refuses_above
        Whether a further account is refused; else it is told.
    attempts
        How many verifications may fail before the provider is asked no more.
    timeout_s, calls_at_once_max
        How long the provider may take, and how many calls wait for it at once.
    """

    def __init__(self, text: str) -> None:
        content, self.version = read_content(text, FILE, _RealNamesFile)
        days = content.validity_days
        self._validity_us = {
            VerificationLevel.L1: days.L1 * DAY_US,
            VerificationLevel.L2: days.L2 * DAY_US,
            VerificationLevel.L3: days.L3 * DAY_US,
        }
        self.accounts_max = content.accounts.per_real_name_max
        self.refuses_above = content.accounts.above == "refuse"
        self.attempts = content.attempts
        self.timeout_s = content.provider.timeout_ms / 1000
        self.calls_at_once_max = content.provider.calls_at_once_max

    def expires_at_us(self, level: VerificationLevel, now_us: int) -> int:
        """Return until when a level holds that was reached now; 0 for none."""
        validity_us = self._validity_us.get(level)
        return 0 if validity_us is None else now_us + validity_us


def load_real_name_policy() -> RealNamePolicy:
    """Return the policy that ships with the service."""
    return RealNamePolicy(files(__package__).joinpath(FILE).read_text("utf-8"))
