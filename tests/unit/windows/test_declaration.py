"""What may be declared, and how what may not be is refused."""

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.features import windows
from risk_service.features.schema import load_schema
from risk_service.features.windows.declaration import (
    WindowFeature,
    load_windows,
    make_windows,
    parse_windows,
)
from risk_service.features.windows.tiles import BY_NAME
from tests.unit.windows.worlds import FILTERS, declared, feature

SMALL = """
format = 1
kinds = { ATTEMPT = "attempt", PAID = "paid" }
fields = { card = "card", shop = "shop" }
columns = { units = "units" }
[events]
attempt = { kinds = ["ATTEMPT"] }
many = { kinds = ["ATTEMPT", "PAID"], where = ["units >= 2"] }
[features.card]
shops = { events = "many", measure = "distinct", of = "shop", windows = ["1h", "ever"], \
unit = "shops", en = "Shops", zh = "商家数" }
[features.card_x_shop]
units = { events = "many", measure = "sum", of = "units", windows = ["10m"], \
unit = "units", default = -1, en = "Units", zh = "件数" }
"""


def test_entry_expands_to_a_feature_per_window() -> None:
    """Names are <key>__<entry>_<window>; texts tell the window."""
    window_set = parse_windows(SMALL)
    assert window_set.names == ("card__shops_1h", "card__shops_ever", "card_x_shop__units_10m")
    hour, ever, pair = window_set.features
    assert (hour.cap, hour.default, hour.description_zh) == (64, 0.0, "近 1 小时商家数")
    assert hour.description_en == "Shops, last 1 h"
    assert (ever.description_en, ever.description_zh) == ("Shops, since ever", "有史以来商家数")
    assert (pair.keys, pair.default, pair.cap) == (("card", "shop"), -1.0, 0)
    assert [group.name for group in window_set.groups] == ["card", "card_x_shop"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "format is 2, this version reads 1"),
        ("format = 1", "format = ", "not readable as TOML"),
        ("[events]", "[event]", "unknown entry event; known are format, kinds"),
        ('of = "shop", ', "", "feature card__shops_1h: unknown field ''; known are card, shop"),
        ('of = "shop"', 'of = "card"', "card is its own key"),
        ('"1h", "ever"', '"1h", "2h"', "unknown window '2h'; known are 1m, 10m, 1h"),
        ('events = "many", measure = "sum"', 'events = "paid", measure = "sum"', "unknown events"),
        ('"distinct", of = "shop"', '"median", of = "shop"', "unknown measure 'median'"),
        ('"sum", of = "units"', '"count", of = "units"', "count counts events, of must be empty"),
        ('"sum", of = "units"', '"sum", cap = 3, of = "units"', "only distinct has a cap"),
        ('of = "shop"', 'of = "shop", cap = 0', "cap is 0, it must be 1 to 65536"),
        ('unit = "shops", ', "", "feature card__shops: unit is missing"),
        ('unit = "shops"', "unit = 7", "unit is 7, it must be str"),
        ('unit = "shops"', 'units = "shops"', "unknown entry units"),
        ('"units >= 2"', '"units => 2"', "filter many: unknown operator '=>'"),
        ('"units >= 2"', '"units >= two"', "is not a condition; write for example 'units >= 2'"),
        ('"units >= 2"', '"size >= 2"', "filter many: unknown column 'size'; known are units"),
        ('["ATTEMPT"]', '["TRY"]', "filter attempt: unknown kind 'TRY'; known are ATTEMPT, PAID"),
        ('["ATTEMPT"]', "[]", "filter attempt: names no kind"),
        ("[features.card]", "[features.cart]", "unknown field 'cart'"),
        ("card_x_shop", "card_x_card", "keys are one field or two different ones"),
        (
            'measure = "sum", of = "units", windows = ["10m"]',
            'measure = "last", of = "units", windows = ["ever"]',
            "last needs a window that ends",
        ),
    ],
)
def test_fault_names_the_entry_and_what_is_right(old: str, new: str, message: str) -> None:
    """Each mistake in the file is refused by name."""
    assert old in SMALL
    with pytest.raises(ConfigFault, match=re.escape(message)):
        parse_windows(SMALL.replace(old, new))


def test_twice_the_same_name_is_refused() -> None:
    """No two features, and no two filters, share a name."""
    one = feature(("card",), "attempt", "count", "1h")
    with pytest.raises(ConfigFault, match="features: card_count_attempt_1h is declared twice"):
        declared([one, one])
    with pytest.raises(ConfigFault, match="filters: attempt is declared twice"):
        make_windows(
            kinds=("ATTEMPT",), fields=(), columns=(), filters=FILTERS[:1] * 2, features=()
        )


def test_no_more_filters_than_bits() -> None:
    """Filters are bits of an int64: the 63rd is refused."""
    filters = [replace(FILTERS[0], name=f"f{number}") for number in range(63)]
    with pytest.raises(ConfigFault, match="filters: 63, at most 62"):
        make_windows(kinds=("ATTEMPT",), fields=(), columns=(), filters=filters, features=())


def test_version_follows_what_is_counted_and_no_text() -> None:
    """Reworded texts keep the version; another window, cap or condition changes it."""
    version = parse_windows(SMALL).version
    assert parse_windows(SMALL.replace("件数", "购买件数")).version == version
    for old, new in (('"10m"', '"1h"'), (">= 2", ">= 3"), ('of = "shop"', 'cap = 9, of = "shop"')):
        assert parse_windows(SMALL.replace(old, new)).version != version


def test_what_only_formulas_read_is_said_so() -> None:
    """A part of a formula is no model input; where nothing is said the version stays as it was."""
    said = parse_windows(SMALL.replace("default = -1", "default = -1, model_input = true"))
    hidden = parse_windows(SMALL.replace("default = -1", "default = -1, model_input = false"))
    assert [item.model_input for item in said.features] == [True] * 3
    assert [item.model_input for item in hidden.features] == [True, True, False]
    assert said.version == parse_windows(SMALL).version == "ws1-5fe646e52675"
    assert hidden.version != said.version


def named(feature: WindowFeature) -> str:
    """Return the kind of measure and what it is of."""
    return f"{feature.measure} {feature.of}".strip()


def test_the_promotion_windows_cover_the_catalogue() -> None:
    """Over 80 features over twelve entities and five pairs, every window and measure, bilingual."""
    window_set = load_windows()
    assert len(window_set.features) >= 110
    singles = {group.name for group in window_set.groups if len(group.keys) == 1}
    assert singles == set(window_set.fields) - {"drop", "related"}
    pairs = {group.name for group in window_set.groups if len(group.keys) == 2}
    assert {"account_x_seller", "account_x_sku", "device_x_campaign"} < pairs
    assert {item.window for item in window_set.features} == set(BY_NAME) - {"ever"}
    assert {item.measure for item in window_set.features} == {
        "count", "sum", "distinct", "last", "since"
    }  # fmt: skip
    for item in window_set.features:
        assert item.unit
        assert item.description_en.isascii()
        assert re.search(r"[\u4e00-\u9fff]", item.description_zh)


def test_the_document_adds_a_feature_as_it_says() -> None:
    """The example of docs/windows.md, put into the file, makes the features it names."""
    text = (Path(__file__).parents[3] / "docs" / "windows.md").read_text("utf-8")
    example = text.split("```toml")[1].split("```")[0]
    added = example.splitlines()[-1]
    declared_text = files(windows).joinpath("windows.toml").read_text("utf-8")
    assert example.splitlines()[2] in declared_text
    together = declared_text.replace("[features.building]\n", f"[features.building]\n{added}\n")
    new = set(parse_windows(together).names) - set(load_windows().names)
    assert new == {"building__fast_attempts_10m", "building__fast_attempts_24h"}
    assert all(f"`{name}`" in text for name in new)


def test_nothing_is_declared_in_vain() -> None:
    """Every filter and every group serves a feature; no name is that of a stored feature."""
    window_set = load_windows()
    used = {item.events for item in window_set.features}
    assert used == {item.name for item in window_set.filters}
    schema = load_schema()
    slow = {item.name for item in (*schema.order, *schema.stored, *schema.derived)}
    assert not slow & set(window_set.names)
