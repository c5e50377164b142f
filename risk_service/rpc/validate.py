"""The thorough check: walks the table of constraints over a parsed message.

It names every field at fault, at a cost of some 100 us; ``screen`` lets the plainly
valid order pass without it. At most 20 violations are named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from google.protobuf.message import Message

from risk_service.domain.currency import CURRENCIES
from risk_service.domain.errors import InvalidInput, TooLarge, Violation
from risk_service.rpc.constraints import (
    SCORE_ORDER,
    SUMS,
    Constraint,
    Kind,
    is_ip,
)

VIOLATIONS_MAX = 20
YEAR_10000_S = 253_402_300_800


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """Which times of order are taken; None leaves a side open (replay of history)."""

    earliest_us: int | None
    latest_us: int | None


def micros(stamp: Any) -> int:
    """Return a protobuf Timestamp as microseconds since 1970 UTC, rounded down.

    Raises
    ------
    ValueError
        The nanoseconds are no part of a second.
    """
    nanos: int = stamp.nanos
    if not 0 <= nanos < 1_000_000_000:
        raise ValueError(nanos)
    seconds: int = stamp.seconds
    return seconds * 1_000_000 + nanos // 1000


def require(message: Message, rows: tuple[Constraint, ...], window: TimeWindow) -> None:
    """Raise when the message breaks a row of the table.

    Raises
    ------
    TooLarge
        A repeated field has too many elements; nothing else of it is looked at.
    InvalidInput
        Any other constraint is broken.
    """
    _require_counts(message, rows)
    found = tuple(islice(_violations(message, rows, window), VIOLATIONS_MAX))
    if found:
        raise InvalidInput(found)


def require_order(request: Message, window: TimeWindow) -> None:
    """Hold a ``ScoreOrderRequest`` to its constraints, then to the sums of the order."""
    require(request, SCORE_ORDER, window)
    found = tuple(_sum_violations(request))
    if found:
        raise InvalidInput(found)


def _require_counts(message: Message, rows: tuple[Constraint, ...]) -> None:
    for row in rows:
        if row.kind is not Kind.COUNT:
            continue
        for path, value in _values(message, row.field):
            if len(value) > row.high:
                words = f"{row.message}, has {len(value)}"
                raise TooLarge.at(path, words)


def _violations(
    message: Message, rows: tuple[Constraint, ...], window: TimeWindow
) -> Iterator[Violation]:
    absent: list[str] = []
    for row in rows:
        if any(row.field.startswith(f"{prefix}.") for prefix in absent):
            continue
        for path, value in _values(message, row.field):
            words = _CHECKS[row.kind](row, value, window)
            if words and row.kind is Kind.PRESENT:
                absent.append(row.field)  # its inner fields need no words of their own
            if words:
                yield Violation(field=path, description=words)


def _values(message: Message, field: str) -> Iterator[tuple[str, Any]]:
    """Yield (concrete path, value) of every place the path stands for.

    An unset message yields an ``_Unset``; scalars yield their default.
    """
    places: list[tuple[str, Any]] = [("", message)]
    for step in field.split("."):
        name, _, many = step.partition("[")
        places = [place for parent in places for place in _step(parent, name, bool(many))]
    yield from places


def _step(parent: tuple[str, Any], name: str, many: bool) -> Iterator[tuple[str, Any]]:
    path, message = parent
    here = f"{path}.{name}" if path else name
    value = getattr(message, name)
    if many:
        for index, element in enumerate(value):
            yield f"{here}[{index}]", element
    elif isinstance(value, Message) and (isinstance(message, _Unset) or not message.HasField(name)):
        yield here, _Unset(value)
    else:
        yield here, value


class _Unset:
    """An unset message: reads like its empty value and can be told from it."""

    def __init__(self, empty: Message) -> None:
        self.empty = empty

    def __getattr__(self, name: str) -> Any:
        return getattr(self.empty, name)


def _present(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return row.message if isinstance(value, _Unset) else ""


def _text(row: Constraint, value: Any, _window: TimeWindow) -> str:
    if not row.low <= len(value) <= row.high:
        return f"{row.message}, has {len(value)}"
    if row.kind is Kind.ID and row.low and value.isspace():
        # Ids lose the space around them: this one would be no id at all.
        return f"{row.message}, is blank"
    spared = "\t\n\r" if row.kind is Kind.TEXT else ""
    plain = all((char >= " " and not "\x7f" <= char <= "\x9f") or char in spared for char in value)
    if not plain or (row.kind is Kind.ASCII_ID and not value.isascii()):
        return row.message
    return ""


def _number(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return "" if row.low <= value <= row.high else f"{row.message}, is {value}"


def _order_time(row: Constraint, value: Any, window: TimeWindow) -> str:
    if isinstance(value, _Unset):
        return row.message
    if not _is_time(value):
        return "must be a time between 1970 and 9999"
    if window.latest_us is not None and micros(value) > window.latest_us:
        ahead_s = (micros(value) - window.latest_us) // 1_000_000
        return f"must not lie in the future, is {ahead_s} s past what the server accepts"
    if window.earliest_us is not None and micros(value) < window.earliest_us:
        behind_s = (window.earliest_us - micros(value)) // 1_000_000
        return f"must be recent, is {behind_s} s older than what the server accepts"
    return ""


def _past_time(row: Constraint, value: Any, window: TimeWindow) -> str:
    if isinstance(value, _Unset):
        return ""
    if not _is_time(value):
        return "must be a time between 1970 and 9999, or be left unset"
    late = window.latest_us is not None and micros(value) > window.latest_us
    return row.message if late else ""


def _event_time(row: Constraint, value: Any, _window: TimeWindow) -> str:
    # The window is of orders: an event may be late, and one ahead of us counts as now.
    return "" if not isinstance(value, _Unset) and _is_time(value) else row.message


def _is_time(value: Any) -> bool:
    return bool(0 <= value.seconds < YEAR_10000_S and 0 <= value.nanos < 1_000_000_000)


def _any_time(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return "" if isinstance(value, _Unset) or _is_time(value) else row.message


def _ip(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return "" if is_ip(value) else row.message


def _ip_if_known(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return "" if not value or is_ip(value) else row.message


def _currency(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return "" if value in CURRENCIES else row.message


def _count(row: Constraint, value: Any, _window: TimeWindow) -> str:
    return "" if row.low <= len(value) else f"{row.message}, has {len(value)}"


_CHECKS: dict[Kind, Callable[[Constraint, Any, TimeWindow], str]] = {
    Kind.PRESENT: _present,
    Kind.ASCII_ID: _text,
    Kind.ID: _text,
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.ENUM: _number,
    Kind.ORDER_TIME: _order_time,
    Kind.PAST_TIME: _past_time,
    Kind.EVENT_TIME: _event_time,
    Kind.ANY_TIME: _any_time,
    Kind.IP: _ip,
    Kind.IP_IF_KNOWN: _ip_if_known,
    Kind.CURRENCY: _currency,
    Kind.COUNT: _count,
}


def _sum_violations(request: Any) -> Iterator[Violation]:
    order = request.order
    totals = order.totals
    sides = (
        (totals.goods_minor, sum(line.quantity * line.unit_price_minor for line in order.lines)),
        (totals.discount_minor, sum(discount.amount_minor for discount in order.discounts)),
        (totals.payable_minor, totals.goods_minor - totals.discount_minor + totals.shipping_minor),
    )
    for (field, words), (told, summed) in zip(SUMS, sides, strict=True):
        if told != summed:
            yield Violation(field=field, description=f"is {told}, but the {words} is {summed}")
