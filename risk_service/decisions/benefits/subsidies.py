"""Exact sums of what sellers claim: one claim just below the line is as good as many.

Entitlements need exact sums, so these come from the log of claims, not from the velocity
windows. Time is the service's own clock: a claim cannot be dated out of a window.
"""

from collections.abc import Sequence

from msgspec import Struct

from risk_service.domain.assessment import BenefitEntry

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
LONGEST_DAYS = 30


class Claimed(Struct, frozen=True, kw_only=True):
    """What one owner claimed up to now, with the claim that is being decided."""

    count_24h: int
    sum_24h: int
    sum_7d: int
    sum_30d: int
    in_policy_days: int
    just_below_30d: int


def claimed(
    entries: Sequence[BenefitEntry],
    now_us: int,
    *,
    days: int,
    just_below: range,
) -> Claimed:
    """Add up entries.

    Parameters
    ----------
    entries
        Of one owner, this claim among them.
    days
        Length of the policy's own window.
    just_below
        Amounts that count as just below the line.
    """
    return Claimed(
        count_24h=sum(_within(one, now_us, 1) for one in entries),
        sum_24h=_sum(entries, now_us, 1),
        sum_7d=_sum(entries, now_us, 7),
        sum_30d=_sum(entries, now_us, LONGEST_DAYS),
        in_policy_days=_sum(entries, now_us, days),
        just_below_30d=sum(
            _within(one, now_us, LONGEST_DAYS) and one.amount in just_below for one in entries
        ),
    )


def _sum(entries: Sequence[BenefitEntry], now_us: int, days: int) -> int:
    return sum(one.amount for one in entries if _within(one, now_us, days))


def _within(entry: BenefitEntry, now_us: int, days: int) -> bool:
    return entry.at_us > now_us - days * DAY_US
