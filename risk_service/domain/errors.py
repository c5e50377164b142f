"""The transport-free error tree. One table in the rpc room maps it to gRPC codes.

RiskError
├── InvalidInput            a request or file breaks the contract; names the fields
│   └── TooLarge            within the contract's shape, beyond its size
├── RequestIdReused         the request id was used for another payload
├── DecisionNotFound        no decision under that key
├── ChallengeNotOpen        the challenge is unknown, completed or expired
├── Unauthenticated         nobody known asks: no token, or one of no actor
├── Forbidden               the actor may not do this
├── NotFound                nothing governed is known by that name
├── Conflict                what is governed is not in a state for this
├── TooManyAttempts         too many verifications failed; says until when
├── Overloaded              refused to keep the promise to the orders already taken
├── StoreUnavailable        the answer could not be made durable
├── ProviderUnavailable     the provider of real names gave no answer in time
├── BundleRefused           a model bundle failed verification
├── DataFault               a row of a data set cannot be read; names file and row
└── ConfigFault             a setting or a start condition is wrong
"""

from dataclasses import dataclass
from typing import Self

from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText


class RiskError(Exception):
    """Base of every error that we raise on purpose.

    Attributes
    ----------
    zh
        What a person reads in Chinese; empty where no person reads it.
    """

    def __init__(self, message: str | LocalizedText = "") -> None:
        super().__init__(message if isinstance(message, str) else message.en)
        self.zh = "" if isinstance(message, str) else message.zh

    def said(self, language: str) -> str:
        """Return the message in one language, in English where it has no Chinese."""
        return (language == "zh" and self.zh) or str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken constraint. ``field`` is a path such as ``order.lines[3].quantity``.

    ``description_zh`` says the same in Chinese where analysts read it, and is empty elsewhere.
    """

    field: str
    description: str
    description_zh: str = ""


class InvalidInput(RiskError):
    """The request breaks the contract."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in violations))
        self.violations = violations

    @classmethod
    def at(cls, field: str, description: str | LocalizedText, description_zh: str = "") -> Self:
        """Return the error of one field."""
        if isinstance(description, str):
            told = LocalizedText(zh=description_zh, en=description)
        else:
            told = description
        return cls((Violation(field=field, description=told.en, description_zh=told.zh),))


class TooLarge(InvalidInput):
    """The request has the right shape and too much of it."""


class RequestIdReused(RiskError):
    """The request id was used for another payload."""


class DecisionNotFound(RiskError):
    """There is no decision under that key."""


class ChallengeNotOpen(RiskError):
    """The challenge is unknown, already completed or expired."""


class Unauthenticated(RiskError):
    """Nobody known asks: the call has no token, or one of no actor."""


class Forbidden(RiskError):
    """The actor may not do this; the message says who may."""


class NotFound(RiskError):
    """Nothing governed (a version, a list, an entry, a change) is known by that name."""


class Conflict(RiskError):
    """What is governed is not in a state for this; the message says in which it is."""


class TooManyAttempts(RiskError):
    """So many verifications failed that no further one is tried for a while.

    Parameters
    ----------
    violations
        The fields whose attempts are used up.
    retry_after_s
        From when on a new attempt may be made.
    customer_text
        What the customer may read.
    """

    def __init__(
        self, violations: tuple[Violation, ...], retry_after_s: int, customer_text: LocalizedText
    ) -> None:
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in violations))
        self.violations = violations
        self.retry_after_s = retry_after_s
        self.customer_text = customer_text


class Overloaded(RiskError):
    """The server is full; try again later with the same request id."""


class StoreUnavailable(RiskError):
    """The answer could not be made durable; try again with the same request id."""


class ProviderUnavailable(RiskError):
    """The provider of real names gave no answer in time; nothing was verified."""


class BundleRefused(RiskError):
    """The model bundle failed verification.

    Parameters
    ----------
    check
        Name of the check that failed, such as ``signature`` or ``digest``.
    file
        Name of the file at fault within the bundle; empty for the bundle as a whole.
    """

    def __init__(self, check: str, file: str, message: str | LocalizedText) -> None:
        where = file or refusal("bundle_whole")
        super().__init__(refusal("bundle_refused", check=check, where=where, why=message))
        self.check = check
        self.file = file
        self.reason = message if isinstance(message, str) else message.en


class DataFault(RiskError):
    """A row of a data set cannot be read.

    Parameters
    ----------
    file
        Path of the file as the user named it.
    row
        1-based row (CSV: line of the file), or None when the whole file is at fault.
    """

    def __init__(self, file: str, row: int | None, message: str | LocalizedText) -> None:
        where = file if row is None else f"{file}, row {row}"
        where_zh = file if row is None else f"{file} 第 {row} 行"
        if isinstance(message, LocalizedText):
            zh, en = f"{where_zh}：{message.zh}", f"{where}: {message.en}"
            super().__init__(LocalizedText(zh=zh, en=en))
        else:
            super().__init__(f"{where}: {message}")
        self.file = file
        self.row = row


class ConfigFault(RiskError):
    """A setting or a start condition is wrong; the message says what to do."""
