"""Who is hurt and when: false positives by group of customers, figures by week."""

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.vocabulary import VerificationLevel
from training.labels import DAY_US
from training.measures.ranking import Floats, Ranking
from training.measures.test_slice import TestSlice

Json = dict[str, object]
WATCHED_RATE = 0.005
NEW_ACCOUNT_DAYS = 30
MINIMUM_HONEST = 200
WEEK_US = 7 * DAY_US
LEVEL = "verification level"
LEVELS = {float(one): one.name for one in VerificationLevel if one} | {0.0: "not told"}
CHINESE = {
    "new accounts (< 30 days)": "新账号（不足 30 天）",
    "old accounts (30 days or more)": "老账号（满 30 天）",
    "no device named": "未提供设备",
    "virtual-operator phone": "虚拟运营商号码",
    "phone region differs": "号码归属地与收货地不同",
    "payer is another person": "他人代付",
    "shared address (5+ accounts)": "共用地址（5 个以上账号）",
    "verification level not told": "实名等级未提供",
}


def groups_of(rows: TestSlice) -> dict[str, NDArray[np.bool_]]:
    """Return the groups of customers that are compared, as masks over the slice."""
    age = rows.column("order__account_age_days")
    found = {
        "new accounts (< 30 days)": (age >= 0) & (age < NEW_ACCOUNT_DAYS),
        "old accounts (30 days or more)": age >= NEW_ACCOUNT_DAYS,
        "no device named": rows.column("order__has_device") == 0,
        "virtual-operator phone": rows.column("order__phone_is_virtual") == 1,
        "phone region differs": rows.column("order__phone_region_matches") == 0,
        "payer is another person": rows.column("order__payer_matches") == 0,
        "shared address (5+ accounts)": rows.column("address__accounts_30d") >= 5,
    }
    told = rows.column("order__verification_level")
    for level in np.unique(told):
        found[f"{LEVEL} {LEVELS.get(level, f'{level:g}')}"] = told == level
    return found


def chinese(group: str) -> str:
    """Return the Chinese name of a group."""
    return CHINESE[group] if group in CHINESE else group.replace(LEVEL, "实名等级")


def false_positives_by_group(rows: TestSlice, raw: Floats) -> list[Json]:
    """Return the false positive rate of each group, over the rate of everybody else.

    The threshold is the one that flags 0.5 % of all honest orders. Groups of fewer than
    200 honest orders, in or out, are left out: their rate would be noise.
    """
    honest = rows.label == 0
    flagged = raw >= Ranking.of(rows.label, raw).curve().threshold_at(WATCHED_RATE)
    table: list[Json] = []
    for name, mask in groups_of(rows).items():
        inside, outside = honest & mask, honest & ~mask
        if min(inside.sum(), outside.sum()) < MINIMUM_HONEST:
            continue
        rate, other = float(flagged[inside].mean()), float(flagged[outside].mean())
        table.append(
            {
                "group": name,
                "honest_orders": int(inside.sum()),
                "flagged": int(flagged[inside].sum()),
                "false_positive_rate": rate,
                "ratio_to_others": rate / other if other else None,
            }
        )
    return table


def by_week(rows: TestSlice, raw: Floats) -> Json:
    """Return recall and false positive rate of each week at one threshold, and their spread."""
    threshold = Ranking.of(rows.label, raw).curve().threshold_at(WATCHED_RATE)
    week = (rows.ordered_at_us - rows.ordered_at_us.min()) // WEEK_US
    weeks = [_week(rows, raw >= threshold, week == one) for one in np.unique(week)]
    recalls = [one["recall"] for one in weeks if isinstance(one["recall"], float)]
    rates = [one["false_positive_rate"] for one in weeks]
    return {
        "weeks": weeks,
        "recall_mean": float(np.mean(recalls)) if recalls else None,
        "recall_spread": float(np.std(recalls)) if recalls else None,
        "worst_recall": min(recalls, default=None),
        "worst_false_positive_rate": max(
            (rate for rate in rates if isinstance(rate, float)), default=None
        ),
    }


def _week(rows: TestSlice, flagged: NDArray[np.bool_], inside: NDArray[np.bool_]) -> Json:
    abuse, honest = inside & (rows.label == 1), inside & (rows.label == 0)
    return {
        "from_us": int(rows.ordered_at_us[inside].min()),
        "orders": int(inside.sum()),
        "abuses": int(abuse.sum()),
        "recall": float(flagged[abuse].mean()) if abuse.any() else None,
        "false_positive_rate": float(flagged[honest].mean()) if honest.any() else None,
    }
