"""A small drop under attack, through the real decision."""

import json

import pytest
from click.testing import CliRunner

from risk_service.domain.errors import ConfigFault
from training.cli.flash_sale import flash_sale
from training.flash_sale.crowd import RING_ACCOUNTS, SaleSettings, gather
from training.flash_sale.figures import SaleFigures
from training.flash_sale.run import run_sale

SMALL = SaleSettings(orders=700, units=120, ring_share=0.3, seed=3)


@pytest.fixture(scope="module")
def figures() -> dict[str, SaleFigures]:
    """Return the figures of every variant of the limits."""
    return {one.variant: one for one in run_sale(SMALL, lambda _step, _done: None)}


def test_nobody_is_sold_what_is_not_there(figures: dict[str, SaleFigures]) -> None:
    """The stock is a limit over everybody: it is sold out and never oversold."""
    assert {(one.units_sold, one.oversold) for one in figures.values()} == {(SMALL.units, 0)}


def test_a_limit_per_cluster_gives_a_ring_what_a_person_gets(
    figures: dict[str, SaleFigures],
) -> None:
    """With clusters no ring has more than one person may have; without them it has."""
    without = figures["per account, device, card, phone"]
    clusters = figures["the same and per identity cluster"]
    assert clusters.most_units_of_one_person <= SMALL.units_per_person
    assert without.most_units_of_one_person > SMALL.units_per_person
    assert clusters.persons_served > without.persons_served
    assert clusters.units_to_rings < without.units_to_rings


def test_the_crowd_follows_from_its_seed() -> None:
    """The same settings give the same orders, another seed others."""
    assert gather(SMALL) == gather(SMALL)
    assert gather(SMALL) != gather(SaleSettings(orders=700, units=120, seed=4))


def test_rings_place_their_share_of_the_orders() -> None:
    """Three orders in ten come from rings, whose accounts have one order each."""
    crowd = gather(SMALL)
    by_rings = [one.buyer for one in crowd.presses if one.buyer.ring >= 0]
    assert len(by_rings) == 210
    assert len({one.account for one in by_rings}) == 210 // RING_ACCOUNTS * RING_ACCOUNTS
    assert [one.at_us for one in crowd.presses] == sorted(one.at_us for one in crowd.presses)


def test_every_part_is_told_before_it_begins() -> None:
    """Gathering the crowd and opening the first ledger take seconds in which nothing is decided."""
    told: list[tuple[str, int]] = []
    with pytest.raises(KeyboardInterrupt):
        run_sale(SMALL, lambda step, done: _until_decided(told, step, done))
    assert told == [("crowd", 0), ("no limit per person: days before", 0)]


def _until_decided(told: list[tuple[str, int]], step: str, done: int) -> None:
    if done:
        raise KeyboardInterrupt
    told.append((step, done))


@pytest.mark.parametrize("wrong", [{"orders": 5}, {"ring_share": 0.95}, {"ring_share": -0.1}])
def test_a_sale_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    """The message names the option."""
    with pytest.raises(ConfigFault, match="--"):
        SaleSettings(**wrong)  # type: ignore[arg-type]  # on purpose


def test_the_command_prints_figures_for_programs() -> None:
    """As JSON it prints one entry per variant."""
    done = CliRunner().invoke(
        flash_sale, ["--orders", "200", "--units", "20", "--json"], catch_exceptions=False
    )
    assert [one["oversold"] for one in json.loads(done.stdout)] == [0, 0, 0]


def test_the_table_names_the_limits_in_both_languages() -> None:
    """An analyst reads what is compared without the English."""
    done = CliRunner().invoke(
        flash_sale, ["--orders", "200", "--units", "20"], catch_exceptions=False
    )
    for words in ("不限购", "按账号、设备、支付工具、电话", "另加身份簇"):
        assert words in done.stdout
