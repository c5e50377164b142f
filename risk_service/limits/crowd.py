"""How many counters one order may touch: a bound for the file, and one for the order.

A file is refused when it could count a single line in more than ``LINE_COUNTERS_MAX`` counters.
An order of up to ``LINES_SURE`` lines so never reaches ``ORDER_COUNTERS_MAX``; a longer one that
does is refused whole, since an answer must fit into a message and a decision into its record.
"""

from collections.abc import Sequence
from typing import NamedTuple

from risk_service.domain.grant import Measure
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.entry import Fault
from risk_service.limits.fault_words import words
from risk_service.limits.policy import OF_BENEFITS, OF_GOODS, Policy

LINE_COUNTERS_MAX = 64
ORDER_COUNTERS_MAX = 4_096
LINES_SURE = ORDER_COUNTERS_MAX // LINE_COUNTERS_MAX
ORDER_TOO_LARGE = "LIMIT_ORDER_TOO_LARGE"
# Goods, redemptions or benefits: no line is two of them; discounts lie on the first two.
_KINDS_OF_LINE = (
    OF_GOODS | {Measure.DISCOUNT},
    frozenset({Measure.REDEMPTIONS, Measure.DISCOUNT}),
    OF_BENEFITS,
)
_DIMENSIONS = {
    "campaigns": LocalizedText(en="campaign", zh="活动"),
    "skus": LocalizedText(en="sku", zh="SKU"),
    "sellers": LocalizedText(en="seller", zh="商家"),
    "spus": LocalizedText(en="spu", zh="SPU"),
    "categories": LocalizedText(en="category", zh="类目"),
}


class _Crowd(NamedTuple):
    """Policies that may count one line together, and what kind of line that is."""

    policies: list[Policy]
    where: tuple[tuple[LocalizedText, str], ...]


def crowd_faults(policies: Sequence[Policy]) -> list[Fault]:
    """Return a fault for the first place where too many policies count one line."""
    counting = [policy for policy in policies if policy.counts]
    for promotion in PromotionType:
        for measures in _KINDS_OF_LINE:
            about = [one for one in counting if one.measure in measures and one.is_about(promotion)]
            crowd = _crowded(about)
            if crowd is not None:
                return [_fault(crowd, promotion)]
    return []


def _crowded(about: Sequence[Policy]) -> _Crowd | None:
    """Return the policies that are too many for one line at some time, None when none are."""
    if _counters(about) <= LINE_COUNTERS_MAX:
        return None
    for from_us in sorted({policy.valid_from_us for policy in about}):
        crowd = _most([policy for policy in about if policy.is_valid_at(from_us)])
        if _counters(crowd.policies) > LINE_COUNTERS_MAX:
            return crowd
    return None


def _most(valid: Sequence[Policy]) -> _Crowd:
    """Return those that may meet on one line: at most one value of each filter.

    A policy that is filtered by several counts under the first of them, so this is never too few.
    """
    met: list[Policy] = []
    where: list[tuple[LocalizedText, str]] = []
    filtered: dict[str, dict[str, list[Policy]]] = {name: {} for name in _DIMENSIONS}
    for policy in valid:
        name = next((name for name in _DIMENSIONS if getattr(policy.include, name)), "")
        if not name:
            met.append(policy)
            continue
        for value in getattr(policy.include, name):
            filtered[name].setdefault(value, []).append(policy)
    for name, by_value in filtered.items():
        if by_value:
            value = max(sorted(by_value), key=lambda one: _counters(by_value[one]))
            met += by_value[value]
            where.append((_DIMENSIONS[name], value))
    return _Crowd(met, tuple(where))


def _counters(policies: Sequence[Policy]) -> int:
    return sum([len(one.key_sets) if one.window.counts else 1 for one in policies])


def _fault(crowd: _Crowd, promotion: PromotionType) -> Fault:
    """Return the fault in the line of the policy with which there are too many."""
    so_far = 0
    ordered = sorted(crowd.policies, key=lambda policy: policy.line)
    for policy in ordered:
        so_far += _counters([policy])
        if so_far > LINE_COUNTERS_MAX:
            break
    told = words(
        "crowded",
        promotion=promotion.name,
        where=_where(crowd),
        counters=_counters(ordered),
        policies=len(ordered),
        most=LINE_COUNTERS_MAX,
    )
    return Fault(policy.line, words("of_policy", id=policy.id, words=told))


def _where(crowd: _Crowd) -> str | LocalizedText:
    if not crowd.where:
        return ""
    en = ", ".join([f"{name.en} {value}" for name, value in crowd.where])
    zh = "，".join([f"{name.zh} {value}" for name, value in crowd.where])
    return words("crowded_where", where=LocalizedText(en=en, zh=zh))
