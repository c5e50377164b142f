"""What happens after the orders: life events, and labels that come late and partly wrong."""

from dataclasses import dataclass

import numpy as np

from risk_service.domain.vocabulary import PromotionType
from training.simulate import kinds
from training.simulate.arrays import DAY_US, HOUR_US, Array, Columns, joined, lognormal

EVENT_TYPES = (
    "PAID",
    "CANCELLED",
    "SHIPPED",
    "DELIVERED",
    "REVIEWED",
    "REFUND_REQUESTED",
    "REFUNDED",
    "RETURN_RECEIVED",
    "BLOCKED",
)
(PAID, CANCELLED, SHIPPED, DELIVERED, REVIEWED, REFUND_REQUESTED, REFUNDED, RETURNED, BLOCKED) = (
    range(9)
)
# Share of true abuse that nobody ever notices, by strategy.
MISSED = (0.0, 0.14, 0.3, 0.2, 0.2, 0.34, 0.18, 0.18, 0.18, 0.24)
# Share of an honest persona's orders accused by mistake: (scalping at a drop, refund on a claim).
ACCUSED_AT_DROP: dict[int, float] = {
    kinds.STUDENT: 0.008,
    kinds.COMMUNITY_AGENT: 0.016,
    kinds.QUICK: 0.006,
    kinds.OFFICE_WORKER: 0.004,
    kinds.FAMILY: 0.003,
}
ACCUSED_ON_CLAIM = 0.024
ACCUSED_OF_BRUSHING = 0.0006
# The crowd of a live stream looks like a brushing platform at work.
ACCUSED_IN_LIVE_STREAM = 0.006


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paid:
    """Who pays, cancels and gets a parcel (masks over the orders), and when (microseconds)."""

    cancels: Array
    pays: Array
    goes: Array
    paid: Array
    shipped: Array
    delivered: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """Who claims, sends back and is paid back, and when; ``lost`` says that nothing came."""

    lost: Array
    claims: Array
    returns: Array
    granted: Array
    requested: Array
    returned: Array
    refunded: Array


def life_events(orders: Columns, payable: Array, rng: np.random.Generator) -> Columns:
    """Return the events of all orders, sorted by recording time; ``order`` is the row."""
    # The order of the draws makes the bytes of a world: keep it.
    n = orders["at"].size
    paid = _paid(orders, rng)
    claimed = _claimed(orders, paid, rng)
    cancelled = np.where(paid.pays, paid.paid, orders["at"]) + _hours(rng, 3.0, 1.2, n)
    reviewed = paid.delivered + _hours(rng, 40.0, 1.0, n)
    part = np.where(orders["claim"] == kinds.PARTIAL_RETURN, rng.uniform(0.3, 0.7, n), 1.0)
    back = (payable * part).astype(np.int64)
    arrives = paid.goes & ~(claimed.lost & (rng.random(n) < 0.8))
    happens: tuple[tuple[int, Array, Array, Columns], ...] = (
        (BLOCKED, orders["blocked"], orders["at"], {}),
        (PAID, paid.pays, paid.paid, {"amount": payable}),
        (CANCELLED, paid.cancels, cancelled, {}),
        (SHIPPED, paid.goes, paid.shipped, {"weight": orders["ship_weight"]}),
        (DELIVERED, arrives, paid.delivered, {}),
        (REVIEWED, arrives & (orders["review"] > 0), reviewed, {}),
        (
            REFUND_REQUESTED,
            claimed.claims,
            claimed.requested,
            {"amount": back, "reason": orders["claim"]},
        ),
        (RETURNED, claimed.returns, claimed.returned, {"weight": orders["return_weight"]}),
        (REFUNDED, claimed.granted, claimed.refunded, {"amount": back}),
    )
    row = np.arange(n)
    events = joined(
        [
            _events(kind, row[to], at[to], **{name: told[to] for name, told in more.items()})
            for kind, to, at, more in happens
        ]
    )
    lag = np.where(events["type"] == BLOCKED, 0, _hours(rng, 0.4, 1.3, events["row"].size))
    events["recorded"] = events["at"] + lag
    sequence = np.lexsort((events["type"], events["row"], events["recorded"]))
    return {name: values[sequence] for name, values in events.items()}


def _paid(orders: Columns, rng: np.random.Generator) -> _Paid:
    n = orders["at"].size
    paid = orders["at"] + (lognormal(rng, 40.0, 1.0, n) * 1e6).astype(np.int64)
    allowed = ~orders["blocked"]
    cancels = allowed & (orders["cancels"] > 0)
    # Half of those who cancel never paid.
    pays = allowed & (~cancels | (rng.random(n) < 0.5))
    shipped = paid + _hours(rng, 14.0, 0.5, n)
    return _Paid(
        cancels=cancels,
        pays=pays,
        goes=allowed & ~cancels,
        paid=paid,
        shipped=shipped,
        delivered=shipped + _hours(rng, 52.0, 0.35, n),
    )


def _claimed(orders: Columns, paid: _Paid, rng: np.random.Generator) -> _Claimed:
    n, claim = orders["at"].size, orders["claim"]
    wait = (orders["claim_wait_h"] * HOUR_US).astype(np.int64)
    lost = claim == kinds.NOT_RECEIVED
    requested = np.where(lost, paid.shipped + 3 * DAY_US, paid.delivered) + wait
    claims = paid.goes & (claim != kinds.NO_CLAIM)
    sent_back = (kinds.CHANGED_MIND, kinds.NOT_AS_DESCRIBED, kinds.PARTIAL_RETURN)
    returns = claims & np.isin(claim, sent_back)
    returned = requested + _hours(rng, 90.0, 0.4, n)
    return _Claimed(
        lost=lost,
        claims=claims,
        returns=returns,
        requested=requested,
        returned=returned,
        refunded=np.where(returns, returned, requested) + _hours(rng, 20.0, 0.8, n),
        granted=claims & (rng.random(n) < 0.93),
    )


def _hours(rng: np.random.Generator, median: float, sigma: float, n: int) -> Array:
    spans: Array = (lognormal(rng, median, sigma, n) * HOUR_US).astype(np.int64)
    return spans


def _events(
    kind: int,
    row: Array,
    at: Array,
    amount: Array | None = None,
    reason: Array | None = None,
    weight: Array | None = None,
) -> Columns:
    n = row.size
    return {
        "row": row,
        "at": at,
        "type": np.full(n, kind, dtype=np.int8),
        "amount": np.full(n, -1, dtype=np.int64) if amount is None else amount,
        "reason": np.zeros(n, dtype=np.int8) if reason is None else reason,
        # Scales weigh to a thousandth, for everybody.
        "weight": np.full(n, np.nan) if weight is None else np.abs(np.round(weight, 3)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of one abuse: row of the order, value and when it is known (microseconds)."""

    row: Array
    value: Array
    known_at: Array


def labels_of(abuse: int, orders: Columns, rng: np.random.Generator) -> Labels:
    """Return late and partly wrong labels of every order that was not blocked."""
    row = np.flatnonzero(~orders["blocked"])
    n = row.size
    strategy, persona = orders["strategy"][row], orders["persona"][row]
    guilty = orders["abuse"][row] == abuse
    found = guilty & (rng.random(n) >= np.array(MISSED)[strategy])
    accused = ~guilty & (rng.random(n) < _accusation(abuse, orders, row, persona))
    value = found | accused
    maturity = kinds.MATURITY_DAYS[abuse] * DAY_US
    # Investigations take most of the time; refunds need a delivery first.
    share = rng.beta(2.5, 2.0, n)
    earliest = (0.02, 0.15, 0.2)[abuse]
    known = orders["at"][row] + ((earliest + (1.0 - earliest) * share) * maturity).astype(np.int64)
    return Labels(
        row=row,
        value=value.astype(np.int8),
        known_at=np.where(value, known, orders["at"][row] + maturity),
    )


def _accusation(abuse: int, orders: Columns, row: Array, persona: Array) -> Array:
    if abuse == 0:
        rate = np.zeros(len(kinds.PERSONAS))
        rate[list(ACCUSED_AT_DROP)] = list(ACCUSED_AT_DROP.values())
        return np.where(orders["drop"][row] >= 0, rate[persona], 0.0)
    if abuse == 1:
        live = orders["promo"][row] == PromotionType.GROUP_BUY
        return np.where(live, ACCUSED_IN_LIVE_STREAM, ACCUSED_OF_BRUSHING)
    claimed = (orders["claim"][row] != kinds.NO_CLAIM) & (orders["cancels"][row] == 0)
    return np.where(claimed, ACCUSED_ON_CLAIM, 0.0)
