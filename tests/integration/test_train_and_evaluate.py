"""``risk train`` and ``risk evaluate`` on a small world, from raw data to figures."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from risk_service.cli.keys import create_keys
from risk_service.domain.errors import BundleRefused, ConfigFault
from training.cli.evaluate import evaluate as evaluate_command
from training.cli.train import train as train_command
from training.progress import silent
from training.promotion.evaluate import evaluate as run_evaluation
from training.promotion.material import EvaluateRequest
from training.promotion.train import TrainRequest, train
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

ABUSES = ("scalping", "brushing", "refund")
# Verdicts are sentences, which a terminal may break; no table is wider than 80.
WIDTH_MAX = 120


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a directory with a world, keys and a trained run."""
    root = tmp_path_factory.mktemp("training")
    simulate(WorldSettings(seed=3, days=240, orders=12_000), root / "world")
    create_keys(root / "keys")
    found = CliRunner().invoke(
        train_command,
        ["--data", str(root / "world"), "--out", str(root / "run"), "--keys", str(root / "keys")],
        catch_exceptions=False,
    )
    assert found.exit_code == 0, found.output
    (root / "told.txt").write_text(found.stderr, "utf-8")
    (root / "next.txt").write_text(found.stdout, "utf-8")
    yield root
    shutil.rmtree(root)


def evaluate(place: Path, *more: str) -> dict[str, object]:
    """Run the command and return its figures."""
    arguments = [place / "run", "--data", place / "world", "--json", place / "e.json"]
    arguments += ["--trust", place / "keys" / "signing.pub", *more]
    found = CliRunner().invoke(evaluate_command, list(map(str, arguments)), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    figures: dict[str, object] = json.loads((place / "e.json").read_text("utf-8"))
    return figures


def test_served_figures_are_those_of_training(place: Path) -> None:
    """What the serving scorer says of the bundle is what training measured, to the last bit."""
    trained = json.loads((place / "run" / "metrics.json").read_text("utf-8"))["abuses"]
    served = evaluate(place)["abuses"]
    assert isinstance(served, dict)
    for abuse in ABUSES:
        assert served[abuse] == {name: v for name, v in trained[abuse].items() if name != "fit"}


def test_a_training_into_a_file_tells_each_step(place: Path) -> None:
    """As many lines as were announced, one as each step begins."""
    told = re.findall(r"^ *\d+ s  (\d+)/(\d+) (.+?)(?:: .*)?$", _told(place), re.MULTILINE)
    begun = dict.fromkeys((int(number), int(of), step) for number, of, step in told)
    seconds = json.loads((place / "run" / "metrics.json").read_text("utf-8"))["seconds"]
    assert sorted(step for _, _, step in begun) == sorted(seconds)
    assert [number for number, _, _ in begun] == list(range(1, len(begun) + 1))
    assert {of for _, of, _ in begun} == {len(begun)}


def _told(place: Path) -> str:
    return (place / "told.txt").read_text("utf-8")


def test_predictions_hold_every_labelled_test_order_of_both_variants(place: Path) -> None:
    """One row per order, abuse and variant, with raw score, probability, score and label."""
    figures = evaluate(place, "--predictions", str(place / "p.parquet"))["abuses"]
    table = pq.read_table(place / "p.parquet")
    assert isinstance(figures, dict)
    assert table.num_rows == 2 * sum(figures[abuse]["orders"] for abuse in ABUSES)
    rows = table.to_pandas()
    assert rows.groupby(["order_id", "abuse", "variant"]).size().max() == 1
    assert rows.probability.between(0, 1).all()
    assert rows.score.between(0, 1000).all()
    # Both are read off the raw score, so neither may contradict its order.
    for _, part in rows.groupby(["abuse", "variant"]):
        ranked = part.sort_values("raw")
        assert ranked.score.is_monotonic_increasing
        assert ranked.probability.is_monotonic_increasing


def test_truth_names_the_honest_who_are_hurt(place: Path) -> None:
    """Against the truth there is a share of flagged orders per kind of honest customer."""
    figures = evaluate(place, "--truth", str(place / "world.truth"))["truth"]
    assert isinstance(figures, dict)
    for abuse in ABUSES:
        personas = figures[abuse]["false_positives_by_persona"]
        assert {"family", "office", "dormitory"} <= set(personas)
        flagged = sum(one["flagged"] for one in personas.values())
        assert flagged <= 0.005 * figures[abuse]["honest_orders"]


def test_later_orders_of_its_own_data_are_the_test_slice(place: Path) -> None:
    """What came after all that was learned is, where nothing newer is there, the test slice."""
    tested, later = evaluate(place), evaluate(place, "--slice", "later")
    assert later.pop("slice") == "later"
    assert later.items() <= tested.items()


def test_another_data_set_with_the_same_orders_gives_the_same_figures(
    place: Path, tmp_path: Path
) -> None:
    """It is prepared by the way of the training: figures and predictions are the same."""
    other = tmp_path / "other"
    shutil.copytree(place / "world", other)
    described = other / "dataset.toml"
    described.write_text(described.read_text("utf-8").replace("world-pure-3", "renamed"), "utf-8")
    own = evaluate(place, "--predictions", str(place / "own.parquet"))
    more = ("--keys", str(place / "keys"), "--warehouse", str(tmp_path / "w"))
    found = evaluate(
        place, "--data", str(other), "--predictions", str(place / "other.parquet"), *more
    )
    assert found.pop("slice") == "later"
    assert found.items() <= own.items()
    tables = [pq.read_table(place / f"{name}.parquet") for name in ("own", "other")]
    assert tables[0].equals(tables[1])


def test_another_world_is_measured_on_its_later_orders(place: Path, tmp_path: Path) -> None:
    """No order before the test slice, none whose label is open; all its identities are new."""
    simulate(WorldSettings(seed=4, days=60, orders=4_000), tmp_path / "world")
    figures = evaluate(
        place, "--data", str(tmp_path / "world"), "--keys", str(place / "keys"),
        "--predictions", str(tmp_path / "p.parquet"),
    )  # fmt: skip
    manifest = json.loads((place / "run" / "bundle" / "manifest.json").read_text("utf-8"))
    rows = pq.read_table(tmp_path / "p.parquet").to_pandas()
    end = pd.Timestamp(WorldSettings(seed=4, days=60, orders=4_000).end_us, unit="us", tz="UTC")
    for abuse, part in rows.groupby("abuse"):
        begins = manifest["training"]["slices"][abuse]["test"]["start_us"]
        open_for = pd.Timedelta(days=manifest["training"]["maturity"][abuse])
        assert part.ordered_at.min() >= pd.Timestamp(begins, unit="us", tz="UTC")
        assert part.ordered_at.max() + open_for <= end
    abuses = figures["abuses"]
    assert isinstance(abuses, dict)
    assert sum(abuses[abuse]["orders"] for abuse in ABUSES) * 2 == len(rows)
    assert (place / "run" / "evaluated").is_dir()


@pytest.mark.parametrize(
    ("end", "more", "told"),
    [
        ("2026-06-30", ("--slice", "calibrate"), "has no calibrate slice of its own"),
        ("2025-06-30", (), "no order from 20.* has a label for scalping that has matured"),
    ],
)
def test_another_data_set_is_measured_on_nothing_else(
    place: Path, tmp_path: Path, end: str, more: tuple[str, ...], told: str
) -> None:
    """Neither on a slice of the run's own data, nor on orders before its test."""
    settings = WorldSettings(seed=4, days=30, orders=500, end=date.fromisoformat(end))
    simulate(settings, tmp_path / "world")
    keys = ("--keys", str(place / "keys"))
    warehouse = ("--warehouse", str(tmp_path / "warehouse"))
    with pytest.raises(ConfigFault, match=told):
        evaluate(place, "--data", str(tmp_path / "world"), *keys, *warehouse, *more)
    assert not (tmp_path / "warehouse").exists(), "told before minutes of preparing"


@pytest.fixture(scope="module")
def earlier(place: Path) -> tuple[Path, dict[str, dict[str, object]]]:
    """Return a run of the same data as of three weeks before its end, and its figures."""
    run = place / "earlier"
    figures = train(
        TrainRequest(
            data=place / "world", out=run, keys=place / "keys",
            as_of=datetime(2026, 6, 10, tzinfo=UTC),
            warehouse=place / "run" / "warehouse", steps=False,
        )
    ).metrics["abuses"]  # fmt: skip
    shutil.copytree(place / "keys", run / "keys")
    return run, figures


def test_a_run_as_of_some_time_is_measured_on_its_own_slices(
    place: Path, earlier: tuple[Path, dict[str, dict[str, object]]]
) -> None:
    """Orders and labels of after that time are in the data, and in none of its slices."""
    run, trained = earlier
    request = EvaluateRequest(run=run, data=place / "world", trust=place / "keys" / "signing.pub")
    measured = run_evaluation(request, silent).figures["abuses"]
    for abuse in ABUSES:
        assert measured[abuse] == {name: v for name, v in trained[abuse].items() if name != "fit"}


def test_two_runs_are_held_against_each_other_on_the_same_orders(
    place: Path, earlier: tuple[Path, dict[str, dict[str, object]]]
) -> None:
    """Those after what either learned from, whichever is named first; gains are paired."""
    alone, trust = evaluate(place)["abuses"], ("--trust", str(place / "keys" / "signing.pub"))
    found = evaluate(place, "--against", str(earlier[0]))["abuses"]
    swapped = CliRunner().invoke(
        evaluate_command,
        [str(earlier[0]), "--data", str(place / "world"), "--against", str(place / "run"),
         "--json", str(place / "swapped.json"), *trust],
        catch_exceptions=False,
    )  # fmt: skip
    other = json.loads((place / "swapped.json").read_text("utf-8"))["abuses"]
    assert isinstance(alone, dict)
    assert isinstance(found, dict)
    for abuse in ABUSES:
        one = found[abuse]
        # The newer run's test slice begins later, so its orders are the common ones.
        full = alone[abuse]["models"]["full"]
        assert one["orders"] == alone[abuse]["orders"] == other[abuse]["orders"]
        assert one["runs"]["new"]["pr_auc"] == full["pr_auc"]
        assert one["runs"]["new"]["saved_share"] == alone[abuse]["money"]["saved_share"]
        assert one["runs"]["old"] == other[abuse]["runs"]["new"]
        assert other[abuse]["gain"]["pr_auc"]["value"] == -one["gain"]["pr_auc"]["value"]
        gain = full["pr_auc"]["value"] - one["runs"]["old"]["pr_auc"]["value"]
        assert one["gain"]["pr_auc"]["value"] == gain
    assert "the same" in swapped.stdout
    assert max(map(len, swapped.stdout.splitlines())) <= WIDTH_MAX


def test_a_training_says_what_comes_next(place: Path) -> None:
    """The commands that serve the run, with its own paths and the end of its data."""
    told = (place / "next.txt").read_text("utf-8")
    warehouse, until = place / "run" / "warehouse", "--until 2026-07-01T00:00:00Z"
    assert f"risk features materialize --warehouse {warehouse} {until} --online" in told
    assert f"risk live backfill --warehouse {warehouse} {until} --state state" in told
    assert f"risk serve --bundle {place / 'run' / 'bundle'} --trust {place / 'keys'}" in told


def test_history_beats_the_order_alone(place: Path) -> None:
    """Even on a small world the model with history ranks better for every abuse."""
    figures = evaluate(place)["abuses"]
    assert isinstance(figures, dict)
    for abuse in ABUSES:
        models = figures[abuse]["models"]
        assert models["full"]["pr_auc"]["value"] > models["order_only"]["pr_auc"]["value"]


def test_same_data_and_seed_give_the_same_bytes_without_the_truth(place: Path) -> None:
    """A second training, on a copy that has no truth beside it, writes the same bundle."""
    alone = place / "elsewhere" / "world"
    shutil.copytree(place / "world", alone)
    request = TrainRequest(
        data=alone,
        out=place / "elsewhere" / "run",
        keys=place / "keys",
        warehouse=place / "elsewhere" / "warehouse",
    )
    again = train(request).bundle
    for file in sorted((place / "run" / "bundle").iterdir()):
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_run_is_never_overwritten(place: Path) -> None:
    """A second training into the same run is refused before any work."""
    request = TrainRequest(
        data=place / "world",
        out=place / "run",
        keys=place / "keys",
        warehouse=place / "run" / "warehouse",
    )
    with pytest.raises(ConfigFault, match="already holds a trained bundle"):
        train(request)


def test_warehouse_of_other_data_is_refused(place: Path, tmp_path: Path) -> None:
    """A prepared warehouse serves only the data set it was made of."""
    simulate(WorldSettings(seed=4, days=200, orders=2_000), tmp_path / "world")
    request = TrainRequest(
        data=tmp_path / "world",
        out=tmp_path / "run",
        keys=place / "keys",
        warehouse=place / "run" / "warehouse",
    )
    with pytest.raises(ConfigFault, match="prepared with another data set"):
        train(request)


def test_spoiled_bundle_is_refused(place: Path, tmp_path: Path) -> None:
    """Evaluation trusts a bundle no more than the service does."""
    shutil.copytree(place / "run", tmp_path / "run", ignore=shutil.ignore_patterns("warehouse"))
    model = tmp_path / "run" / "bundle" / "refund.full.txt"
    model.write_bytes(model.read_bytes().replace(b"leaf_value=", b"leaf_value=9", 1))
    arguments = [str(tmp_path / "run"), "--data", str(place / "world")]
    trust = ["--trust", str(place / "keys" / "signing.pub")]
    found = CliRunner().invoke(evaluate_command, arguments + trust)
    assert isinstance(found.exception, BundleRefused)
