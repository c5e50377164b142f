"""Which policies count the same thing twice: allowed, but seldom what was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from risk_service.domain.names import counted, subject_names, window_name
from risk_service.limits.policy import Filter, Policy

OVERLAPS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two policies over the same measure, window and subject, for orders that both cover."""

    first: Policy
    second: Policy
    subjects: tuple[str, ...]

    def words(self, language: str = "en") -> str:
        """Say what happens to an order that both cover."""
        one, two = self.first, self.second
        on = subject_names(self.subjects).of(language)
        window = window_name(one.window.text).of(language)
        smaller = one if one.bounds.cap <= two.bounds.cap else two
        cap = counted(smaller.measure, smaller.bounds.cap, smaller.currency).of(language)
        if language == "zh":
            return (
                f"策略 `{one.id}` 与 `{two.id}` 重叠（主体：{on}；窗口：{window}）："
                f"两者都计数，剩余额度较小者生效（`{smaller.id}`，上限 {cap}）"
            )
        return (
            f"policies `{one.id}` and `{two.id}` overlap on {on} ({window}): both count, "
            f"the smaller remainder wins (`{smaller.id}`, cap {cap})"
        )


def overlaps(policies: Sequence[Policy]) -> list[Overlap]:
    """Return the first pairs that overlap; policies that count nothing are left out.

    Alike policies overlap each with each other: more than ``OVERLAPS_MAX`` nobody reads, and
    no answer could carry.
    """
    found: list[Overlap] = []
    for first, second in combinations([policy for policy in policies if policy.counts], 2):
        subjects = ["+".join(key_set) for key_set in first.key_sets if key_set in second.key_sets]
        if subjects and _count_alike(first, second) and _meet(first, second):
            found.append(Overlap(first=first, second=second, subjects=tuple(subjects)))
        if len(found) == OVERLAPS_MAX:
            break
    return found


def _count_alike(first: Policy, second: Policy) -> bool:
    return (first.measure, first.currency, first.window.text, first.count_per) == (
        second.measure, second.currency, second.window.text, second.count_per,
    )  # fmt: skip


def _meet(first: Policy, second: Policy) -> bool:
    """Tell whether some order may be in the scope of both at some time."""
    in_time = first.valid_from_us < second.valid_to_us and second.valid_from_us < first.valid_to_us
    return in_time and _filters_meet(first, second) and _filters_meet(second, first)


def _filters_meet(one: Policy, other: Policy) -> bool:
    for name in ("promotion_types", "campaigns", "skus", "sellers", "spus", "categories"):
        mine: frozenset[str] = getattr(one.include, name)
        theirs: frozenset[str] = getattr(other.include, name)
        if mine and theirs and not mine & theirs:
            return False
        if mine and mine <= _excluded(other.exclude, name):
            return False
    return True


def _excluded(exclude: Filter, name: str) -> frozenset[str]:
    values: frozenset[str] = getattr(exclude, name)
    return values
