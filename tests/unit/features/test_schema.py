"""The schema, its rules, and what depends on its being complete."""

import dataclasses
import random
import re
from importlib.resources import files
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.domain.errors import ConfigFault
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.live import load_live
from risk_service.features.order_columns import ORDER_COLUMNS, order_columns
from risk_service.features.schema import FeatureSchema, load_schema, parse_schema
from tests.unit.frames.random_world import random_order
from training.frames.catalogue import catalogue

TEXT = files("risk_service.features").joinpath("schema.toml").read_text("utf-8")


def parsed(text: str) -> FeatureSchema:
    """Read a schema beside the live features of the service."""
    return parse_schema(text, load_schema().live, load_live().version)


def test_size() -> None:
    """At least 60 stored features over seven entities, each with both descriptions."""
    schema = load_schema()
    assert len(schema.stored) >= 60
    assert tuple(schema.views) == ENTITIES
    for feature in (*schema.order, *schema.stored, *schema.live, *schema.derived):
        assert feature.description_en, feature.name
        assert any("\u4e00" <= char <= "\u9fff" for char in feature.description_zh), feature.name


def test_names_are_unique_and_ordered() -> None:
    """The vector holds order columns, history, live features, then derived ones, each once."""
    schema = load_schema()
    assert len(set(schema.names)) == len(schema.names)
    live = {feature.name for feature in schema.live}
    owners = ["live" if n in live else n.split("__")[0] for n in schema.names]
    assert owners == sorted(owners, key=["order", *ENTITIES, "live", "derived"].index)


def test_a_name_declared_twice_is_refused() -> None:
    """A live feature may not take the name of daily history: the vector has one of each."""
    live = load_schema().live
    twice = dataclasses.replace(live[0], name="account__attempts_1d")
    with pytest.raises(ConfigFault, match="account__attempts_1d: is declared twice"):
        parse_schema(TEXT, (*live, twice))


def test_absolute_days_are_no_model_input() -> None:
    """A day number would tell a model the date; it only serves to derive ages."""
    assert not [name for name in load_schema().names if name.endswith(("__day", "_day"))]


def test_order_columns_are_those_of_the_schema() -> None:
    """The function and the schema name the same columns in the same order."""
    assert tuple(feature.name for feature in load_schema().order) == ORDER_COLUMNS
    order = random_order(random.Random(1), 1, 10, 5)
    assert len(order_columns(order)) == len(ORDER_COLUMNS)


def test_order_only_needs_no_history() -> None:
    """The model without history reads no stored feature, not even through a formula."""
    schema = load_schema()
    stored = {feature.name for feature in (*schema.stored, *schema.live)}
    formulas = {feature.name: feature.derived or "" for feature in schema.derived}
    for name in schema.order_only:
        assert name not in stored
        assert not any(entity + "__" in formulas.get(name, "") for entity in ENTITIES)
    assert "derived__page_ms_per_line" in schema.order_only


def test_version_follows_meaning_not_wording() -> None:
    """A new wording keeps the version; another window changes it."""
    version = load_schema().version
    assert parsed(TEXT.replace("Largest basket ever", "Biggest basket")).version == version
    assert parsed(TEXT.replace("window_d = 90", "window_d = 91")).version != version
    assert parse_schema(TEXT, load_schema().live, "other windows").version != version
    assert version.startswith("fs1-")
    assert len(version) == 16


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('agg = "first_day"', 'agg = "first_hour"', "unknown aggregation first_hour"),
        ('fact = "refused"', 'fact = "refuse"', "unknown fact refuse"),
        ('of = "device", ', "", "distinct without a column"),
        ('agg = "max",', 'agg = "max", window_d = 3,', "max has no window"),
        ("window_d = 1,", "window_d = 0,", "at least one day"),
        ("default = -1.0", "default = nan", "a model input needs a default"),
        ('source = "labels"', 'source = "truth"', "unknown source truth"),
        ("order__page_open_ms /", "order__page_ms /", "unknown feature order__page_ms"),
        ("order__page_open_ms /", "open('x') /", "Call is not allowed"),
        ("order__page_open_ms /", "order__page_open_ms **", "Pow is not allowed"),
        ("order__page_open_ms /", "order__page_open_ms / /", "invalid syntax"),
    ],
)
def test_contradictions_are_refused(old: str, new: str, message: str) -> None:
    """A schema that contradicts itself is refused with the reason."""
    assert old in TEXT
    with pytest.raises(ConfigFault, match=message.replace("(", r"\(")):
        parsed(TEXT.replace(old, new, 1))


def test_keys_of_an_order() -> None:
    """Seller and SKU are the lead line's; without a door the building is the address."""
    order = random_order(random.Random(3), 1, 10, 50)
    keys = dict(zip(ENTITIES, entity_keys(order), strict=True))
    assert keys["seller"] == order.lead_line.seller_id
    assert keys["address"] == order.tokens.address_door
    doorless = replace(order, tokens=replace(order.tokens, address_door=""))
    assert entity_keys(doorless)[2] == order.tokens.address_building


def test_catalogue_equals_the_schema() -> None:
    """docs/features.md lists every feature as the schema has it, each once."""
    schema = load_schema()
    documented = Path("docs/features.md").read_text("utf-8")
    assert documented == catalogue(schema)
    listed = [line.split("`")[1] for line in documented.splitlines() if line.startswith("| `")]
    columns = (*schema.order, *schema.stored, *schema.live, *schema.derived)
    assert listed == [feature.name for feature in columns]


def test_signals_name_features_that_there_are() -> None:
    """docs/signals.md speaks of features of the schema only, in every row, and of each kind."""
    names = {feature.name for feature in load_schema().features}
    page = Path("docs/signals.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "__" in line]
    named = [re.findall(r"`([^`]+)`", row) for row in rows]
    assert all(named)
    assert {name for row in named for name in row} <= names
    assert len(rows) == page.count("\n| ") - page.count("\n| signal |")
    assert {feature.name for feature in load_schema().live} & {
        name for row in named for name in row
    }
