"""What forgetting leaves in the file, and how it goes on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from risk_service.adapters.sqlite import ledger as sqlite_ledger
from risk_service.config import load_settings
from risk_service.domain.errors import ConfigFault
from risk_service.domain.reservation import Confirm, HoldRequest, Reserve
from risk_service.limits.book import LimitBook, parse_limits
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.pruning import ends_us
from tests.fixtures.ledgers import SECOND_US, START_US, SqliteHouse, demand
from tests.fixtures.limit_texts import policy

DAY_US = 86_400 * SECOND_US
WEEK = policy("week", cap=1_000, window='{ rolling = "7d" }')
LIFE = policy("life", cap=1_000)
ORDERS = 40


def rows(directory: Path) -> int:
    """Return how many reservations the file holds."""
    with closing(sqlite3.connect(directory / "decisions.sqlite3")) as db:
        count: int = db.execute("SELECT count(*) FROM reservations").fetchone()[0]
    return count


def filled(directory: Path, *policies: str) -> SqliteHouse:
    """Return a ledger with confirmed orders, one a day."""
    house = SqliteHouse(directory, parse_limits("format = 1\n" + "".join(policies), "f"))
    for number in range(ORDERS):
        name, at_us = f"o-{number}", START_US + number * DAY_US
        hold = HoldRequest(demand=demand(name), ttl_us=DAY_US)
        house.ledger.run([Reserve(hold=hold), Confirm(reservation_id=name)], at_us)
    return house


def round_of(house: SqliteHouse, before_us: int) -> list[int]:
    """Return what each call of one round forgot."""
    counts = []
    while (count := house.ledger.prune(before_us, before_us + 400 * DAY_US)) is not None:
        counts.append(count)
    return counts


def test_slices_go_on_where_they_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round looks at a few rows at a time and ends at the first that are not old."""
    monkeypatch.setattr(sqlite_ledger, "PRUNED_PER_CALL", 8)
    house = filled(tmp_path, WEEK)
    assert round_of(house, START_US + 20 * DAY_US) == [8, 8, 4]
    assert rows(tmp_path) == ORDERS - 20
    assert round_of(house, START_US + 20 * DAY_US) == []
    assert round_of(house, START_US + 21 * DAY_US) == [1]
    house.close()


def test_only_what_counts_goes_on(tmp_path: Path) -> None:
    """Past windows leave nothing in the file; a total for ever leaves one row for all."""
    for number, (policies, left) in enumerate((((WEEK,), 0), ((WEEK, LIFE), 1))):
        directory = tmp_path / str(number)
        directory.mkdir()
        house = filled(directory, *policies)
        assert sum(round_of(house, START_US + 100 * DAY_US)) == ORDERS
        assert rows(directory) == left
        assert house.ledger.reconcile(repair=False, now_us=START_US + 500 * DAY_US) == []
        house.close()


def test_row_stays_while_a_window_counts_it(tmp_path: Path) -> None:
    """However short rows are kept, a window never forgets what lies in it."""
    house = filled(tmp_path, policy("long", cap=1_000, window='{ rolling = "200d" }'), LIFE)
    end_us = START_US + 205 * DAY_US
    while house.ledger.prune(end_us - 90 * DAY_US, end_us) is not None:
        pass
    # Orders of days 0 to 4 have left the window, tiles of a day and a bit included.
    assert rows(tmp_path) == ORDERS - 5 + 1
    assert sum(use.confirmed for use in house.ledger.usage("account", "a1", end_us)) == 35 + 40
    house.close()


def test_when_windows_end() -> None:
    """Read from a counter's key; a calendar period is taken for longer than any is."""
    day = '{ calendar = "day", time_zone = "America/Argentina/Ushuaia", day_start = "04:00" }'
    book = LimitBook(
        parse_limits(
            "format = 1\n"
            + policy("a", window='{ rolling = "2h" }', per="promotion_type")
            + policy("b", window=day)
            + "".join(policy(word[:3], window=f'"{word}"') for word in FOR_EVER),
            "f",
        ).policies
    )
    claims = book.claims(demand("o"), START_US).claims
    ends = {claim.policy.id: ends_us(claim.counters[0][1], claim.place.cell_us) for claim in claims}
    assert ends.pop("a") == START_US + 2 * 3600 * SECOND_US + 2 * 3600 * SECOND_US // 256 + 1
    assert 31 * DAY_US < (ends.pop("b") or 0) - START_US <= 32 * DAY_US
    assert ends == dict.fromkeys([word[:3] for word in FOR_EVER])


FOR_EVER = ("lifetime", "campaign", "session")


@pytest.mark.parametrize(
    ("shape", "bucket"),
    [
        ("campaign", "20261111"),
        ("rolling soon", ""),
        ("calendar day Asia/Shanghai from 00:00", "today"),
        ("2h", ""),
    ],
)
def test_what_no_end_can_be_told_of_counts_for_ever(shape: str, bucket: str) -> None:
    """A campaign that is named by digits is no period, and a limit is never forgotten by guess."""
    key = SEPARATOR.join(["account=a1", f"p/UNITS/{shape}/sku", "sku-1", bucket])
    assert ends_us(key, START_US) is None


@pytest.mark.parametrize(("days", "taken"), [(0, True), (90, True), (89, False), (-1, False)])
def test_setting_is_long_enough_or_off(days: int, taken: bool) -> None:
    """Events that come 90 days late still find the reservations of their orders."""
    options = {
        "bundle": "b", "trust": ("t",), "identity_key": "k", "features": "f", "state": "s",
        "ledger_keep_days": days,
    }  # fmt: skip
    if taken:
        assert load_settings(options, {}).ledger_keep_days == days
    else:
        with pytest.raises(ConfigFault, match="ledger_keep_days"):
            load_settings(options, {})
