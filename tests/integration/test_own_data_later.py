"""A run on own events scores later events: of another window, or of a newer data set."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from risk_service.domain.errors import ConfigFault
from tests.fixtures.own_events import DAY_US, START_US, Shop, card_shop
from training.cli.evaluate import evaluate as evaluate_command
from training.cli.train import train as train_command

OLD_DAYS, DAYS = 90, 120


def first(shop: Shop, rows: int) -> Shop:
    """Return the shop as it was after so many events."""
    return replace(
        shop,
        at_us=shop.at_us[:rows],
        label=shop.label[:rows],
        amount_minor=shop.amount_minor[:rows],
        entities={name: values[:rows] for name, values in shop.entities.items()},
        numeric={name: values[:rows] for name, values in shop.numeric.items()},
        categorical={name: values[:rows] for name, values in shop.categorical.items()},
    )


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Return four months of payments."""
    return card_shop(rows=4_000, days=DAYS, seed=2)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Path:
    """Return a directory with three months of the shop, all of it, and a run on the three."""
    root = tmp_path_factory.mktemp("later")
    known = int(np.searchsorted(shop.at_us, START_US + OLD_DAYS * DAY_US))
    first(shop, known).write(root / "old")
    shop.write(root / "newer")
    given = [
        "--data", root / "old", "--out", root / "run", "--label", "fraud",
        "--train-from", "2024-01-15", "--train-to", "2024-03-01",
        "--test-from", "2024-03-08", "--test-to", "2024-03-31",
    ]  # fmt: skip
    found = CliRunner().invoke(train_command, list(map(str, given)), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return root


def evaluate(place: Path, *more: object) -> tuple[dict[str, object], pd.DataFrame, str]:
    """Return figures, predictions by event id, and what was printed."""
    files = ("--json", place / "e.json", "--predictions", place / "p.parquet")
    given = list(map(str, (place / "run", *files, *more)))
    found = CliRunner().invoke(evaluate_command, given, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    rows = pq.read_table(place / "p.parquet").to_pandas().set_index("event_id")
    return json.loads((place / "e.json").read_text("utf-8")), rows, found.output


def test_a_newer_data_set_is_scored_from_the_test_on(place: Path, shop: Shop) -> None:
    """Every event from then on, and those that were there before as they were before."""
    _, before, _ = evaluate(place)
    figures, rows, _ = evaluate(place, "--data", place / "newer")
    assert len(rows) == int((shop.at_us >= START_US + 67 * DAY_US).sum()) > len(before)
    assert rows.probability[before.index].equals(before.probability)
    assert figures["all_events"] == len(rows)
    assert figures["metrics"]["pr_auc"]["value"] > 2 * figures["base_rate"]


def test_another_window_of_its_own_data_is_a_part_of_the_same_answers(place: Path) -> None:
    """A week of the test window has the probabilities that it has within it."""
    _, whole, _ = evaluate(place)
    _, week, _ = evaluate(place, "--test-from", "2024-03-15", "--test-to", "2024-03-22")
    assert 0 < len(week) < len(whole)
    assert week.event_at.min() >= pd.Timestamp("2024-03-15", tz="UTC")
    assert week.event_at.max() < pd.Timestamp("2024-03-22", tz="UTC")
    assert week.probability.equals(whole.probability[week.index])


def test_columns_that_the_run_does_not_know_change_nothing(
    place: Path, shop: Shop, tmp_path: Path
) -> None:
    """More entities and attributes, before and between its own, are as if they were not there."""
    _, plain, _ = evaluate(place, "--data", place / "newer")
    count = len(shop.at_us)
    more = replace(
        shop,
        entities={"aisle": [f"a{n % 7}" for n in range(count)]}
        | dict(reversed(shop.entities.items())),
        numeric={"weight": np.arange(count) % 5.0} | dict(shop.numeric),
        categorical={"colour": ["red", None] * (count // 2)} | dict(shop.categorical),
    )
    more.write(tmp_path / "more")
    _, rows, _ = evaluate(place, "--data", tmp_path / "more")
    assert rows.probability.equals(plain.probability)


def test_events_without_any_label_get_probabilities(
    place: Path, shop: Shop, tmp_path: Path
) -> None:
    """A file of before anything is known of its newest events, or of nothing at all."""
    start = int(np.searchsorted(shop.at_us, START_US + OLD_DAYS * DAY_US))
    label = np.where(np.arange(len(shop.label)) < start, shop.label, -1)
    replace(shop, label=label).write(tmp_path / "open")
    figures, rows, told = evaluate(place, "--data", tmp_path / "open", "--test-from", "2024-03-31")
    assert len(rows) == len(shop.at_us) - start == figures["unlabelled"]
    assert "metrics" not in figures
    assert f"note: no figures: 0 of {len(rows):,} events have a label for fraud" in told
    replace(shop, label=np.full(len(label), -1)).write(tmp_path / "none", label="other")
    _, blind, _ = evaluate(place, "--data", tmp_path / "none", "--test-from", "2024-03-31")
    assert list(blind.index) == list(rows.index)
    assert not blind.probability.equals(rows.probability)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--test-from", "2024-03-07"), "2024-03-07: the run learned .* until 2024-03-08"),
        (("--test-from", "2024-03-20", "--test-to", "2024-03-19"), "swap them"),
        (("--test-from", "2024-09-01"), "the last event is of 2024-0.*on later events only"),
        (("--test-from", "2024-03-15", "--random-split"), "leave out --test-from"),
    ],
)  # fmt: skip
def test_windows_that_measure_nothing_are_refused(
    place: Path, more: tuple[str, ...], told: str
) -> None:
    """None before the run's own test, none that is empty, no split of rows that it has not."""
    with pytest.raises(ConfigFault, match=told):
        evaluate(place, "--data", place / "newer", *more)


@pytest.mark.parametrize("option", ["--keys", "--warehouse", "--truth", "--trust"])
def test_options_of_orders_are_refused(place: Path, tmp_path: Path, option: str) -> None:
    """They would be passed over: whoever gives one expects something of it."""
    (tmp_path / "there").mkdir()
    given = [str(place / "run"), option, str(tmp_path / "there")]
    if option == "--trust":
        given[-1] = str(place / "run" / "manifest.json")
    found = CliRunner().invoke(evaluate_command, given)
    assert f"{option} is for runs on orders" in found.output


def test_columns_that_are_missing_are_named(place: Path, shop: Shop, tmp_path: Path) -> None:
    """All of them at once, by where the mapping has them."""
    less = replace(shop, entities={"card": shop.entities["card"]}, amount_minor=None)
    less.write(tmp_path / "less")
    with pytest.raises(
        ConfigFault, match=r"lacks columns .*: \[entities\] shop, \[amount\]; import"
    ):
        evaluate(place, "--data", tmp_path / "less")
