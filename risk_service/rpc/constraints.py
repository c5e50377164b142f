"""The one table of what a request may hold: field, constraint, words for people.

``validate`` walks it, ``screen`` takes its limits from it, ``docs/api.md`` and the tests
of hostile input are made from it. Holds no code that reads a message.

Paths are those of the contract; ``[]`` stands for every element of a repeated field.
"""

import socket
from dataclasses import dataclass
from enum import Enum, IntEnum

from risk_service.domain.vocabulary import (
    ChallengeResult,
    EntryPath,
    EventReason,
    EventType,
    PromotionType,
    VerificationLevel,
)

MONEY_MINOR_MAX = 10**12


class Kind(Enum):
    """How a value is checked."""

    PRESENT = "message"
    ASCII_ID = "printable ASCII id"
    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    ENUM = "enum"
    ORDER_TIME = "time of the order"
    PAST_TIME = "time"
    EVENT_TIME = "time of the event"
    ANY_TIME = "time, or unset"
    IP = "IP address"
    IP_IF_KNOWN = "IP address or empty"
    CURRENCY = "currency code"
    COUNT = "number of elements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """What one field may hold; ``low`` and ``high`` are inclusive.

    They bound characters, values or elements, as the kind has it.
    """

    field: str
    kind: Kind
    low: int = 0
    high: int = 0

    @property
    def message(self) -> str:
        """Say the constraint in words, without the value at fault."""
        return _WORDS[self.kind].format(low=self.low, high=self.high)


_WORDS = {
    Kind.PRESENT: "must be set",
    Kind.ASCII_ID: "must be {low} to {high} printable ASCII characters",
    Kind.ID: "must be {low} to {high} characters without control characters",
    Kind.TEXT: "must be {low} to {high} characters; of control characters only tab and line break",
    Kind.NUMBER: "must be {low} to {high}",
    Kind.ENUM: "must be a value of the contract",
    Kind.ORDER_TIME: "must be set and lie in the window that the server accepts",
    Kind.PAST_TIME: "must not lie in the future, or be left unset",
    Kind.EVENT_TIME: "must be set and lie between 1970 and 9999",
    Kind.ANY_TIME: "must lie between 1970 and 9999, or be left unset",
    Kind.IP: "must be an IPv4 or IPv6 address",
    Kind.IP_IF_KNOWN: "must be an IPv4 or IPv6 address, or empty",
    Kind.CURRENCY: "must be an ISO 4217 code in upper case",
    Kind.COUNT: "must have {low} to {high} elements",
}


def id_field(field: str, low: int, high: int = 128) -> Constraint:
    """Return the row of an identifier."""
    return Constraint(field=field, kind=Kind.ID, low=low, high=high)


def text_field(field: str, high: int, low: int = 0) -> Constraint:
    """Return the row of a text that people write."""
    return Constraint(field=field, kind=Kind.TEXT, low=low, high=high)


def number_field(field: str, high: int, low: int = 0) -> Constraint:
    """Return the row of a number."""
    return Constraint(field=field, kind=Kind.NUMBER, low=low, high=high)


def enum_field(field: str, members: type[IntEnum], low: int = 0) -> Constraint:
    """Return the row of an enum, ``low`` being its first value that may be sent."""
    return Constraint(field=field, kind=Kind.ENUM, low=low, high=max(members))


def _money(field: str) -> Constraint:
    return number_field(field, MONEY_MINOR_MAX)


REQUEST_ID = Constraint(field="request_id", kind=Kind.ASCII_ID, low=1, high=64)

ORDER: tuple[Constraint, ...] = (
    id_field("order.order_id", 1, 64),
    Constraint(field="order.ordered_at", kind=Kind.ORDER_TIME),
    id_field("order.account.account_id", 1),
    Constraint(field="order.account.registered_at", kind=Kind.PAST_TIME),
    id_field("order.account.member_level", 0, 64),
    id_field("order.device_id", 1, 256),
    text_field("order.address.region", 128),
    text_field("order.address.city", 128),
    text_field("order.address.district", 128),
    text_field("order.address.detail", 512),
    text_field("order.address.postcode", 32),
    id_field("order.payment_instrument.payment_instrument_id", 0),
    text_field("order.payment_instrument.payer_name", 128),
    Constraint(field="order.ip", kind=Kind.IP),
    text_field("order.recipient.name", 128),
    text_field("order.recipient.phone", 64),
    text_field("order.real_name_id", 64),
    Constraint(field="order.lines", kind=Kind.COUNT, low=1, high=200),
    id_field("order.lines[].sku", 1),
    number_field("order.lines[].quantity", 10_000, 1),
    _money("order.lines[].unit_price_minor"),
    id_field("order.lines[].seller_id", 1),
    id_field("order.lines[].campaign_id", 0),
    id_field("order.lines[].spu", 0),
    id_field("order.lines[].category", 0),
    enum_field("order.lines[].promotion_type", PromotionType),
    Constraint(field="order.discounts", kind=Kind.COUNT, low=0, high=50),
    id_field("order.discounts[].coupon_id", 0),
    enum_field("order.discounts[].promotion_type", PromotionType),
    _money("order.discounts[].amount_minor"),
    Constraint(field="order.totals", kind=Kind.PRESENT),
    Constraint(field="order.totals.currency_code", kind=Kind.CURRENCY),
    _money("order.totals.goods_minor"),
    _money("order.totals.discount_minor"),
    _money("order.totals.shipping_minor"),
    _money("order.totals.payable_minor"),
    Constraint(
        field="order.session.page_open_to_submit_ms", kind=Kind.NUMBER, low=0, high=2**31 - 1
    ),
    enum_field("order.session.entry_path", EntryPath),
    id_field("order.session.drop_id", 0),
    enum_field("order.verification_level", VerificationLevel),
    Constraint(field="order.balance_due_at", kind=Kind.ANY_TIME),
)

SCORE_ORDER = (REQUEST_ID, Constraint(field="order", kind=Kind.PRESENT), *ORDER)

BATCH = (Constraint(field="requests", kind=Kind.COUNT, low=1, high=500),)

COMPLETE_CHALLENGE = (
    REQUEST_ID,
    id_field("challenge_id", 1, 64),
    enum_field("result", ChallengeResult, low=1),
    enum_field("verification_level", VerificationLevel),
)

GET_DECISION = (
    id_field("decision_id", 1, 64),
    id_field("request_id", 1, 64),
    id_field("order_id", 1, 64),
)

EVENTS = (Constraint(field="events", kind=Kind.COUNT, low=1, high=500),)

# Of one event. One that breaks a row is refused by itself; its neighbours count.
EVENT: tuple[Constraint, ...] = (
    Constraint(field="event_id", kind=Kind.ASCII_ID, low=1, high=64),
    enum_field("type", EventType, low=1),
    Constraint(field="occurred_at", kind=Kind.EVENT_TIME),
    _money("amount_minor"),
    enum_field("reason", EventReason),
    number_field("weight_ratio", 1000),
    id_field("claim_id", 0, 64),
)
LIFE_EVENT = (*EVENT, id_field("order_id", 1, 64))
ACTION_EVENT = (
    *EVENT,
    id_field("action.account_id", 1),
    id_field("action.device_id", 0, 256),
    Constraint(field="action.ip", kind=Kind.IP_IF_KNOWN),
    id_field("action.campaign_id", 0),
    id_field("action.related_account_id", 0),
)

# Sums that must hold in whole minor units; `validate` says both sides when one does not.
SUMS = (
    ("order.totals.goods_minor", "sum of quantity x unit_price_minor over order.lines"),
    ("order.totals.discount_minor", "sum of amount_minor over order.discounts"),
    ("order.totals.payable_minor", "goods_minor - discount_minor + shipping_minor"),
)

BY_FIELD = {row.field: row for row in SCORE_ORDER}


def is_ip(text: str) -> bool:
    """Tell whether the text is an IPv4 or IPv6 address (no zone, no netmask)."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):  # ValueError: an embedded NUL
            continue
        return True
    return False


def markdown() -> str:
    """Return the tables of ``docs/api.md``, one per request."""
    parts = [
        section("ScoreOrderRequest", SCORE_ORDER),
        "### Sums\n\n| field | equals |\n|---|---|\n"
        + "\n".join(f"| `{field}` | {equals} |" for field, equals in SUMS)
        + "\n",
        section("BatchScoreOrdersRequest", BATCH),
        section("CompleteChallengeRequest", COMPLETE_CHALLENGE),
        section("GetDecisionRequest (exactly one of)", GET_DECISION),
        section("ReportEventsRequest", EVENTS),
        section("ReportedEvent", (*LIFE_EVENT, *ACTION_EVENT[len(EVENT) :])),
    ]
    return "\n".join(parts)


def section(title: str, rows: tuple[Constraint, ...]) -> str:
    """Return the table of one request."""
    lines = [f"| `{row.field}` | {row.kind.value} | {row.message} |" for row in rows]
    head = f"### {title}\n\n| field | kind | constraint |\n|---|---|---|\n"
    return head + "\n".join(lines) + "\n"
