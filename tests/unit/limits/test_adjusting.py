"""A change by hand reads what it needs: it is worked out between two groups of orders."""

import pytest

from risk_service.domain.reservation import Adjust, ReservationState
from risk_service.limits.adjusting import adjust
from risk_service.limits.book import parse_limits
from risk_service.limits.draft import Draft
from risk_service.limits.used import Cells
from tests.fixtures.limit_texts import policy

NOW_US = 1_800_000_000_000_000


class _Noting:
    """A store of nothing that notes whose counters it was asked for."""

    def __init__(self) -> None:
        self.owners: list[str] = []

    def reservation(self, reservation_id: str) -> None:
        """Return None."""

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return no cells."""
        return {}

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return no counters."""
        self.owners.append(owner)
        return {}

    def root(self, account: str) -> str:
        """Return the account."""
        return account


@pytest.mark.parametrize(
    ("window", "read"),
    [('"lifetime"', []), ('{ rolling = "7d" }', []), ('"campaign"', ["GLOBAL="])],
)
def test_all_counters_of_a_subject_are_read_only_to_tell_campaigns_apart(
    window: str, read: list[str]
) -> None:
    """Those of GLOBAL are as many as there are goods, and orders wait meanwhile."""
    text = policy(subject='{ any_of = ["GLOBAL"] }', window=window)
    book, stored = parse_limits("format = 1\n" + text, "f.toml"), _Noting()
    call = Adjust(
        adjustment_id="x", actor_id="eve", policy_id="limit", subject="GLOBAL", token="",
        scope="sku-1 c-1", delta=1, reason="counted in the old shop",
    )  # fmt: skip
    answer = adjust(Draft(stored), book, call, NOW_US)
    assert answer.state is ReservationState.CONFIRMED
    assert stored.owners == read
