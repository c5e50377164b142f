"""The short way of orders for which there is room says what the general one says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.grant import Demand, DemandLine
from risk_service.limits import weigh as module
from risk_service.limits.book import LimitBook, read_limits
from risk_service.limits.reservation import HeldLine
from risk_service.limits.used import Used
from risk_service.limits.weigh import Weighed, weigh, weigh_in_part
from tests.fixtures.ledgers import START_US, demand, line
from tests.fixtures.limit_texts import policy

# Whom a policy counts, and what may stand in for one who is not named.
SUBJECTS = (
    ('{ any_of = ["account"] }', '"challenge"'),
    ('{ any_of = ["account", "device"] }', '{ device = "account" }'),
    ('{ all_of = ["account", "phone"] }', '{ phone = "account" }'),
    (
        '{ k_of_n = ["account", "device", "phone"], k = 2 }',
        '{ device = "account", phone = "account" }',
    ),
    ('"GLOBAL"', '"reject"'),
)
WINDOWS = (
    '"lifetime"',
    '"per_order"',
    '"session"',
    '{ rolling = "24h" }',
    '{ calendar = "day", time_zone = "Asia/Shanghai" }',
)
MEASURES = ("units", "orders", "amount", "discount", "redemptions")
START = "format = 1\n"


@st.composite
def policies(draw: st.DrawFn, name: str) -> str:
    """Return a policy as a file says it."""
    measure = draw(st.sampled_from(MEASURES))
    subject, stands_in = draw(st.sampled_from(SUBJECTS))
    text = policy(
        name,
        state=draw(st.sampled_from(["active", "active", "shadow"])),
        subject=subject,
        per=draw(st.sampled_from(["everything", "sku", "campaign"])),
        measure=measure,
        window=draw(st.sampled_from(WINDOWS)),
        cap=draw(st.integers(1, 12)),
        on_exceed=draw(st.sampled_from(["reject", "cap_quantity", "review"])),
    )
    if measure in ("amount", "discount"):
        text += 'currency = "CNY"\n'
    if draw(st.booleans()):
        missing = draw(st.sampled_from([stands_in, '"challenge"', '"reject"']))
        text += f"missing_dimension = {missing}\n"
    if measure == "units" and draw(st.booleans()):
        text += f"step = {draw(st.integers(1, 2))}\n"
    return text


def books() -> st.SearchStrategy[LimitBook]:
    """Return up to four policies in force."""
    count = st.integers(1, 4)
    texts = count.flatmap(lambda n: st.tuples(*[policies(f"limit-{one}") for one in range(n)]))
    return texts.map(lambda some: read_limits(START + "".join(some), "test.toml"))


def lines() -> st.SearchStrategy[DemandLine]:
    """Return lines of goods and redemptions."""
    return st.builds(
        line,
        st.sampled_from(["", "s1", "s2"]),
        st.integers(1, 3),
        price_minor=st.integers(0, 2),
        discount_minor=st.integers(0, 3),
        campaign=st.sampled_from(["c1", "c2"]),
    )


def demands() -> st.SearchStrategy[Demand]:
    """Return demands, of which some name neither device nor phone."""
    known = st.fixed_dictionaries({}, optional={"device": st.just("d"), "phone": st.just("p")})
    return st.builds(
        lambda asked, subjects: demand("o", *asked, **subjects),
        st.lists(lines(), min_size=1, max_size=3),
        known,
    )


class _Counters:
    """Draws what counters were used for, the same for every reader."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._known: dict[str, Used] = {}

    def read(self, counter: str, since_us: int) -> Used:
        """Return what a counter was used for."""
        if counter not in self._known:
            total = self._data.draw(st.sampled_from([0, 1, 2, 9]))
            self._known[counter] = Used(since_us, total, START_US - 5) if total else Used(since_us)
        return self._known[counter]


@pytest.mark.parametrize(
    ("used", "level", "short"),
    [(0, "L0", True), (1, "L0", True), (2, "L0", False), (3, "L0", False), (0, "L2", False)],
)
def test_only_orders_with_room_go_the_short_way(
    monkeypatch: pytest.MonkeyPatch, used: int, level: str, short: bool
) -> None:
    """One pass grants what fits under every cap; less room, or a question, takes the general."""
    general: list[str] = []

    def noted(*args: Any, **options: Any) -> Weighed:
        general.append("asked")
        return weigh_in_part(*args, **options)

    monkeypatch.setattr(module, "weigh_in_part", noted)
    text = policy(cap=3, on_exceed="cap_quantity") + f'require_verification = "{level}"\n'
    asked = demand("o", line(quantity=2))
    claims = read_limits(START + text, "test.toml").claims(asked, START_US)
    found = weigh(claims, asked, lambda _, since_us: Used(since_us, used, 0), partial=True)
    assert general == ([] if short else ["asked"])
    units = 2 if level == "L0" else 0
    assert [one.granted for one in found.grant.lines] == [min(units, 3 - used)]


@settings(max_examples=400)
@given(books(), demands(), st.booleans(), st.data())
def test_both_ways_say_the_same(
    book: LimitBook, asked: Demand, partial: bool, data: st.DataObject
) -> None:
    """Whatever the policies, the order and the counters: grant, lines and entries are equal."""
    claims, counters = book.claims(asked, START_US), _Counters(data)
    held = tuple(
        HeldLine(
            one.sku, one.quantity, one.quantity, one.quantity, one.amount_minor, one.discount_minor
        )
        for one in asked.lines
    )
    general = weigh_in_part(claims, held, counters.read, partial=partial, expires_at_us=9)
    short = weigh(claims, asked, counters.read, partial=partial, expires_at_us=9)
    assert short == general
