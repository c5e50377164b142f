"""A lowered cap must not let counters forget what they know."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.publications import SqlitePublications
from risk_service.bootstrap.governance import load_limits
from risk_service.domain.errors import InvalidInput, StoreUnavailable
from risk_service.domain.governed import Publication, PublishedKind, Sources
from risk_service.domain.reservation import HoldRequest, LedgerAnswer, Reserve
from risk_service.governance.limit_gate import LimitGate
from risk_service.governance.publishing import Publishing
from risk_service.limits.book import parse_limits
from tests.fixtures.governing import NOW_US
from tests.fixtures.ledgers import SECOND_US, START_US, SqliteHouse, demand, line
from tests.fixtures.limit_texts import policy

LIMITS = PublishedKind.LIMITS
SPAN_S = 3600
HOUR = '{ rolling = "1h" }'
TILE_US = SPAN_S * SECOND_US // 256


def text(cap: int, more: str = "", identity: str = "limit", **changes: object) -> str:
    """Return one policy over an hour."""
    made = policy(identity, cap=cap, window=HOUR, **changes)
    return f"format = 1\n{made}{more}"


class Shop:
    """A store with a clock of its own."""

    def __init__(self, directory: Path) -> None:
        self.at_s = 0
        self.file = GovernanceFile(directory / "governance.sqlite3", self.now_us)
        self.store = SqlitePublications(self.file)
        self.publishing = Publishing(
            store=self.store,
            load=dict.fromkeys(PublishedKind, load_limits),
            limit_gate=LimitGate(store=self.store, read=load_limits, now_us=self.now_us),
        )

    def now_us(self) -> int:
        """Return the time."""
        return NOW_US + self.at_s * SECOND_US

    def activate(self, content: str) -> Publication:
        """Propose policies and let another approve them."""
        one = self.publishing.publish(LIMITS, {"my.toml": content}, "ann", "why")
        approved, _ = self.publishing.approve(LIMITS, one.number, one.version, "bob")
        return approved


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return a store with a cap of 300 in force since the start."""
    opened = Shop(tmp_path)
    content = text(300)
    opened.store.seed(LIMITS, parse_limits(content, "f").version, {"limits.toml": content})
    yield opened
    opened.file.close()


def test_cap_that_comes_down_across_is_refused(shop: Shop) -> None:
    """The words name file, line, and what would be right."""
    with pytest.raises(InvalidInput, match=r"are counted in tiles of 14\.0625 s") as caught:
        shop.activate(text(256))
    (one,) = caught.value.violations
    assert one.field == "my.toml:3"
    for advice in ("tiles = true", "until the window has passed", "new id"):
        assert advice in one.description
    for advice in ("按每格 14.0625 秒计数", "tiles = true", "直至窗口过去", "新编号"):
        assert advice in one.description_zh


def test_a_store_that_is_away_lets_nothing_pass(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policies of before that cannot be read for a moment are not taken for none."""

    def away(_number: int) -> Sources:
        raise StoreUnavailable("it is away")

    monkeypatch.setattr(shop.store, "sources", away)
    with pytest.raises(StoreUnavailable):
        shop.publishing.publish(LIMITS, {"my.toml": text(256)}, "ann", "why")


@pytest.mark.parametrize(
    "content",
    [
        text(257),
        text(5, "tiles = true\n"),
        text(5, identity="other"),
        text(5, state="retired"),
        text(5).replace('"1h"', '"2h"'),
        text(5, measure="orders"),
    ],
    ids=["tiles still", "says so", "new id", "counts nothing", "new window", "new measure"],
)
def test_what_forgets_nothing_passes(shop: Shop, content: str) -> None:
    """Tiles that stay, and counters that begin anew, lose nothing."""
    assert shop.activate(content).approver == "bob"


def test_it_may_come_down_once_the_window_has_passed(shop: Shop) -> None:
    """Also behind a version without the policy: what lay in tiles is what counts."""
    shop.activate(text(9, identity="other"))
    shop.at_s = SPAN_S
    with pytest.raises(InvalidInput, match="counted in tiles"):
        shop.activate(text(5))
    shop.at_s = SPAN_S + 15
    shop.activate(text(5))
    # Exact by now: raised within, and lowered again.
    shop.activate(text(6))
    shop.activate(text(5))


def test_tiles_by_word_are_tiles(shop: Shop) -> None:
    """A policy that asked for tiles with a small cap comes back from them like any other."""
    shop.activate(text(5, "tiles = true\n"))
    shop.at_s = 2 * SPAN_S
    with pytest.raises(InvalidInput, match="counted in tiles"):
        shop.activate(text(5))


def test_rollback_across_is_refused_as_well(shop: Shop) -> None:
    """What went up across stays up until the window has passed, or comes down with tiles."""
    shop.activate(text(9, identity="other"))
    shop.at_s = 2 * SPAN_S
    exact = shop.activate(text(9, identity="other") + policy("limit", cap=200, window=HOUR))
    shop.activate(text(300))
    shop.at_s += 60
    with pytest.raises(InvalidInput, match="counted in tiles") as caught:
        shop.publishing.rollback(LIMITS, exact.number, "ann", "too much is granted")
    assert caught.value.violations[0].field.startswith("my.toml:")
    active = shop.store.active(LIMITS)
    assert active is not None
    assert active.number == exact.number + 1
    shop.activate(text(200, "tiles = true\n"))
    shop.at_s += SPAN_S + 15
    back, _ = shop.publishing.rollback(LIMITS, exact.number + 1, "ann", "up loses nothing")
    assert back.number == exact.number + 1


def test_what_the_gate_prevents(tmp_path: Path) -> None:
    """Lowered all the same, a tile is forgotten too early; with ``tiles = true`` it is not."""
    for more, granted in (("", True), ("tiles = true\n", False)):
        directory = tmp_path / (more[:5] or "none")
        directory.mkdir()
        house = SqliteHouse(directory, parse_limits(text(300), "f"))
        inside_us = START_US - START_US % TILE_US + TILE_US - SECOND_US
        reserve(house, "o-1", 200, inside_us)
        house.book = parse_limits(text(200, more), "f")
        almost_us = inside_us + SPAN_S * SECOND_US - SECOND_US
        assert reserve(house, "o-2", 1, almost_us) is granted
        house.close()


def reserve(house: SqliteHouse, order_id: str, units: int, at_us: int) -> bool:
    """Tell whether an order of some units is granted."""
    hold = HoldRequest(demand=demand(order_id, line("sku-1", units)), ttl_us=86_400 * SECOND_US)
    (answer,) = house.ledger.run([Reserve(hold=hold)], at_us)
    assert isinstance(answer, LedgerAnswer)
    assert answer.grant is not None
    return bool(answer.grant.lines and answer.grant.lines[0].granted)
