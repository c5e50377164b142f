"""Names, numbers, zones, labels: the parts of a backtest by themselves."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from risk_service.domain.errors import ConfigFault
from tests.fixtures.backtest_values import values_of
from tests.fixtures.own_shop import ShopEvent, write_shop
from training.backtest.columns import EventColumns
from training.backtest.lengths import Edges, window_of
from training.backtest.names import HistoryName, Measure, Vocabulary
from training.backtest.tally import share
from training.backtest.truth import choose_labels, means_refunded
from training.backtest.variables import OwnVariables
from training.backtest.which import looks_like_id
from training.backtest.zones import UTC_ZONE, local_seconds
from training.datasets.own_events import read_own_description

WORDS = Vocabulary(
    fields={"card": "c", "shop": "s", "size_x_large": "l", "large": "g", "cat__type": "t"},
    numbers={"amount": "amount_minor", "amount_minor": "amount_minor", "net_sum": "n"},
    labels=("fraud",),
    definitions=("big", "very_big"),
)


@pytest.mark.parametrize(
    "name",
    [
        "card__count_1h", "card_x_shop__count_45m_now", "all__count_ever",
        "size_x_large_x_shop__count_1m", "card__distinct_size_x_large_30d",
        "card__amount_minor_sum_7d", "card__net_sum_sum_7d_now", "card__net_sum_last",
        "card__big__count_1h", "card__very_big__amount_mean_90d", "card__shop_last",
        "card__fraud__rate_ever", "card__fraud__since_positive_s", "card__since_first_s",
        "cat__type__count_1h", "card_x_cat__type__distinct_shop_2w", "card__distinct_cat__type_1d",
    ],
)  # fmt: skip
def test_a_name_is_taken_apart_and_written_again(name: str) -> None:
    """Names of fields may hold what parts names."""
    found = WORDS.parse(name)
    assert found is not None
    assert found.text == name


@pytest.mark.parametrize(
    "name",
    [
        "card", "card__count", "card__count_0m", "card__count_1y", "card__count_99999d",
        "card__count_1h_then", "card_x_card__count_1h", "user__count_1h", "s__distinct_amount_1h",
        "card__shop_sum_1h", "card__since_last_s_now", "card__fraud__count_1h",
        "card__theft__rate_1h", "card__fraud__rate_1h_now", "__count_1h", "card__",
    ],
)  # fmt: skip
def test_what_is_no_history_is_not_taken_for_one(name: str) -> None:
    """Neither a wrong window nor a wrong measure, key or kind."""
    assert WORDS.parse(name) is None


def test_parts_of_a_name() -> None:
    """Key, events, measure, what it is of, window, and whether the event counts itself."""
    assert WORDS.parse("card_x_shop__big__net_sum_max_24h_now") == HistoryName(
        keys=("card", "shop"), events="big", measure=Measure.MAX, of="net_sum", window="24h",
        with_now=True,
    )  # fmt: skip


def test_windows_of_one_length_are_one() -> None:
    """A day is 24 hours; only the lengths of the live service have tiles, and only when asked."""
    assert window_of("1d", Edges.LIVE) == window_of("24h", Edges.LIVE)
    tiles = {name: window_of(name, Edges.LIVE) for name in ("1h", "45m")}
    assert [one.tile_us if one else None for one in tiles.values()] == [60_000_000, 1]
    exact = window_of("1h", Edges.EXACT)
    assert exact is not None
    assert exact.tile_us == 1


@pytest.fixture
def columns(tmp_path: Path) -> EventColumns:
    """Return three events with numbers of one, two and no decimals."""
    weights = [0.1, 2.25, None]
    events = [ShopEvent(at_us=place, card="a", weight=one) for place, one in enumerate(weights)]
    description = write_shop(tmp_path, events)
    assert description == read_own_description(tmp_path)
    return EventColumns(directory=tmp_path, description=description, zone=UTC_ZONE)


def test_decimals_are_summed_as_whole_numbers(columns: EventColumns) -> None:
    """As many as the values have, so that sums depend on no order."""
    whole = columns.whole("num__weight")
    assert whole is not None
    assert (whole.scale, whole.values.tolist()) == (100, [10, 225, 0])


@pytest.mark.parametrize("large", [1e20, 1.5e308, 1e-12])
def test_one_strange_number_takes_nothing_from_the_sums_of_others(large: float) -> None:
    """It has no place among whole numbers; what lies beyond all numbers is missing."""
    weights = {"a": [0.3, 0.3, 0.1], "b": [large, large, large]}
    events = [
        ShopEvent(at_us=place, card=card, weight=weights[card][place])
        for place in range(3)
        for card in weights
    ]
    sums = values_of(events, "card__weight_sum_1h_now", Edges.LIVE, (0, 6))
    assert sums[::2] == pytest.approx([0.3, 0.6, 0.7], rel=1e-15)
    beyond = large > 1e300
    assert sums[1::2] == [large, *([None, None] if beyond else [2 * large, 3 * large])]
    means = values_of(events, "card__weight_mean_1h_now", Edges.LIVE, (0, 6))
    assert means[::2] == pytest.approx([0.3, 0.3, 0.7 / 3], rel=1e-15)


def test_the_full_name_is_always_there(columns: EventColumns) -> None:
    """Also for what is called like a word of the language."""
    described = columns.description.model_copy(update={"categorical": {"country": "", "type": ""}})
    variables = OwnVariables(
        EventColumns(directory=columns.directory, description=described, zone=UTC_ZONE), ()
    )
    assert "type" not in variables.own
    assert {"cat__type", "country", "cat__country", "entity__card"} <= set(variables.own)
    assert variables.find("type__count_1h") is not None


def test_an_attribute_comes_before_a_part_of_the_time(columns: EventColumns) -> None:
    """A shop's own hour is what its analysts mean."""
    described = columns.description.model_copy(update={"numeric": {"hour": "opening hours"}})
    variables = OwnVariables(
        EventColumns(directory=columns.directory, description=described, zone=UTC_ZONE), ()
    )
    assert variables.own["hour"].variable.text_en == "opening hours"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("cards__count_1h", "card__count_1h"),
        ("card__counts_1h", "card__count_1h"),
        ("card__distinct_shops_24h", "card__distinct_shop_24h"),
        ("card_x_shops__count_24h", "card_x_shop__count_24h"),
        ("wheight", "weight"),
        ("amounts", "amount"),
    ],
)
def test_near_names_come_from_all_variables(columns: EventColumns, name: str, near: str) -> None:
    """Also histories and pairs are proposed."""
    assert near in OwnVariables(columns, ()).near(name)


def test_clocks_that_are_changed() -> None:
    """Local seconds follow summer time: Berlin is an hour ahead of UTC in winter, then two."""
    winter_us, summer_us = 1_711_846_800_000_000 - 1, 1_711_846_800_000_000
    zone = ZoneInfo("Europe/Berlin")
    local = local_seconds(np.array([winter_us, summer_us]), zone) - np.array(
        [winter_us // 1_000_000, summer_us // 1_000_000]
    )
    assert local.tolist() == [3_600, 7_200]


@pytest.mark.parametrize(
    ("names", "right"),
    [
        (["fraud"], ("fraud", None)),
        (["fraud", "refunded"], ("fraud", "refunded")),
        (["order_cancelled"], (None, "order_cancelled")),
        (["refund_fraud"], ("refund_fraud", None)),
        (["refund_fraud", "refund"], ("refund_fraud", "refund")),
        ([], (None, None)),
    ],
)
def test_labels_are_chosen_by_their_names(
    names: list[str], right: tuple[str | None, str | None]
) -> None:
    """One that says refunded is not abuse, unless it says that refunding was the abuse."""
    assert choose_labels(names, None, None) == right


def test_a_refund_label_can_be_what_is_looked_for() -> None:
    """Who names it as the label means that; another may then be named for refunds."""
    assert choose_labels(["refunded", "fraud"], "refunded", None) == ("refunded", None)
    assert choose_labels(["a", "b"], "a", "b") == ("a", "b")
    with pytest.raises(ConfigFault, match="--refund-label: the data set has no label 'c'"):
        choose_labels(["a"], None, "c")
    assert not means_refunded("card_holder")


def test_intervals_are_wilsons() -> None:
    """Figures of the paper's formula, and sound edges."""
    assert share(0, 0) is None
    none, some, all_ = share(0, 10), share(8, 10), share(10, 10)
    assert none is not None
    assert some is not None
    assert all_ is not None
    assert (none["low"], none["high"]) == (0.0, pytest.approx(0.27753, abs=1e-5))
    assert (some["low"], some["high"]) == (
        pytest.approx(0.49016, abs=1e-5), pytest.approx(0.94331, abs=1e-5),
    )  # fmt: skip
    assert (all_["low"], all_["high"]) == (pytest.approx(0.72247, abs=1e-5), 1.0)


@pytest.mark.parametrize(
    ("text", "is_id"),
    [("flash_fast_submit", True), ("my-rule.2", True), ("true", False), ("a > 1", False),
     ("known(a)", False), ("'a' in b", False), ("A", False)],
)  # fmt: skip
def test_ids_are_told_from_expressions(text: str, is_id: bool) -> None:
    """One bare name is no condition over numbers and texts."""
    assert looks_like_id(text) is is_id
