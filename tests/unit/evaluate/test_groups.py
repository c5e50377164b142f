"""Who is hurt and when, counted once more by sorting."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fixtures.measured import ORDERS, START_US, a_slice, scores_of
from training.labels import DAY_US
from training.measures.groups import by_week, false_positives_by_group, groups_of

HONEST_PER_FLAGGED = 200  # 0.5 %


def flagged_of(label: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Return what the lowest score flags that hurts one of 200 honest orders at most."""
    allowed = int((label == 0).sum()) // HONEST_PER_FLAGGED
    lowest = min(one for one in set(raw.tolist()) if ((raw >= one) & (label == 0)).sum() <= allowed)
    return raw >= lowest


def test_groups_are_what_they_are_called() -> None:
    """Age in days below 30, what differs, what is shared by five; an unknown age is neither."""
    rows = a_slice(1)
    of = {name: rows.matrix[:, at] for at, name in enumerate(rows.features)}
    age, region = of["order__account_age_days"], of["order__phone_region_matches"]
    expected = {
        "new accounts (< 30 days)": [0 <= one < 30 for one in age],
        "old accounts (30 days or more)": [one >= 30 for one in age],
        "no device named": of["order__has_device"] == 0,
        "virtual-operator phone": of["order__phone_is_virtual"] == 1,
        "phone region differs": region == 0,
        "payer is another person": of["order__payer_matches"] == 0,
        "shared address (5+ accounts)": of["address__accounts_30d"] >= 5,
    }
    found = groups_of(rows)
    for name, mask in expected.items():
        assert found.pop(name).tolist() == list(mask)
    told = of["order__verification_level"]
    assert [mask.tolist() for mask in found.values()] == [
        (told == one).tolist() for one in range(3)
    ]
    assert next(iter(found)) == "verification level not told"


@pytest.mark.parametrize("seed", range(3))
def test_false_positives_are_of_the_honest_in_and_out_of_a_group(seed: int) -> None:
    """Groups with 200 honest orders in and out; everybody by the one threshold."""
    rows = a_slice(seed)
    raw = scores_of(rows, seed).raw
    flagged, honest = flagged_of(rows.label, raw), rows.label == 0
    expected = []
    for name, mask in groups_of(rows).items():
        inside, outside = honest & mask, honest & ~mask
        if inside.sum() >= 200 and outside.sum() >= 200:
            rate = flagged[inside].sum() / inside.sum()
            other = flagged[outside].sum() / outside.sum()
            expected.append(
                {
                    "group": name,
                    "honest_orders": int(inside.sum()),
                    "flagged": int(flagged[inside].sum()),
                    "false_positive_rate": pytest.approx(rate),
                    "ratio_to_others": pytest.approx(rate / other) if other else None,
                }
            )
    assert len(expected) > 3
    assert false_positives_by_group(rows, raw) == expected


@pytest.mark.parametrize("inside", [199, 200])
@pytest.mark.parametrize("outside", [199, 200])
def test_a_rate_of_few_is_noise(inside: int, outside: int) -> None:
    """200 honest orders in the group, and as many beside it."""
    rows = a_slice(0)
    count = inside + outside
    age = rows.features.index("order__account_age_days")
    few = replace(rows, label=np.zeros(count, np.int8), matrix=rows.matrix[:count].copy())
    few.matrix[:, age] = np.where(np.arange(count) < inside, 5, -1)
    names = [one["group"] for one in false_positives_by_group(few, np.arange(count) * 1.0)]
    assert ("new accounts (< 30 days)" in names) == (inside == outside == 200)


@pytest.mark.parametrize("seed", range(3))
def test_weeks_have_one_threshold(seed: int) -> None:
    """Seven days from the first order on; the spread is that of the weeks' recalls."""
    rows = a_slice(seed)
    raw = scores_of(rows, seed).raw
    flagged = flagged_of(rows.label, raw)
    week = [(at - int(rows.ordered_at_us[0])) // (7 * DAY_US) for at in rows.ordered_at_us.tolist()]
    found = by_week(rows, raw)
    assert len(found["weeks"]) == 3
    recalls, rates = [], []
    for one, entry in enumerate(found["weeks"]):
        mine = [at for at in range(ORDERS) if week[at] == one]
        abuse = [bool(flagged[at]) for at in mine if rows.label[at]]
        honest = [bool(flagged[at]) for at in mine if not rows.label[at]]
        recalls.append(sum(abuse) / len(abuse))
        rates.append(sum(honest) / len(honest))
        assert entry == {
            "from_us": int(rows.ordered_at_us[mine[0]]),
            "orders": len(mine),
            "abuses": len(abuse),
            "recall": pytest.approx(recalls[-1]),
            "false_positive_rate": pytest.approx(rates[-1]),
        }
    assert found["recall_mean"] == pytest.approx(np.mean(recalls))
    assert found["recall_spread"] == pytest.approx(np.std(recalls))
    assert found["worst_recall"] == pytest.approx(min(recalls))
    assert found["worst_false_positive_rate"] == pytest.approx(max(rates))


def test_a_week_without_abuse_has_no_recall() -> None:
    """It says nothing of the recall, and everything of the honest."""
    rows = a_slice(0)
    label = rows.label * (rows.ordered_at_us < START_US + 6 * DAY_US)
    found = by_week(replace(rows, label=label.astype(np.int8)), scores_of(rows, 0).raw)
    recalls = [one["recall"] for one in found["weeks"]]
    assert recalls[1:] == [None, None]
    assert found["recall_mean"] == found["worst_recall"] == recalls[0]
    assert found["recall_spread"] == 0.0
