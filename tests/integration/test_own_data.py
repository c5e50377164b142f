"""``risk train`` and ``risk evaluate`` on a shop's own events, from files to figures."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from risk_service.domain.errors import ConfigFault, RiskError
from tests.fixtures.own_events import DAY_US, START_US, Shop, card_shop
from training.cli.evaluate import evaluate as evaluate_command
from training.cli.train import train as train_command
from training.measures.ranking import Ranking
from training.own_data.run import STEPS

WINDOWS = (
    "--train-from", "2024-01-15", "--train-to", "2024-03-01",
    "--test-from", "2024-03-08", "--test-to", "2024-03-31",
)  # fmt: skip


def train(data: Path, out: Path, *more: str, label: str = "fraud") -> Result:
    """Run the command."""
    given = ["--data", str(data), "--out", str(out), "--label", label, *WINDOWS]
    return CliRunner().invoke(train_command, [*given, *more])


def fault(result: Result) -> str:
    """Return the message of the error that ended a command."""
    assert isinstance(result.exception, RiskError | SystemExit), result.exception
    return str(result.exception) + result.output


def evaluate(run: Path, *more: str) -> tuple[dict[str, object], Path]:
    """Run the command; return figures and predictions."""
    figures, predictions = run.parent / "e.json", run.parent / "p.parquet"
    given = [str(run), "--json", str(figures), "--predictions", str(predictions), *more]
    found = CliRunner().invoke(evaluate_command, given, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return json.loads(figures.read_text("utf-8")), predictions


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a data set and a run."""
    root = tmp_path_factory.mktemp("own")
    card_shop().write(root / "shop")
    found = train(root / "shop", root / "run", "--json", str(root / "m.json"))
    assert found.exit_code == 0, fault(found)
    (root / "told.txt").write_text(found.stderr, "utf-8")
    return root


def test_a_data_set_is_no_run(place: Path) -> None:
    """Whoever names the one for the other is told which directory is meant."""
    told = fault(CliRunner().invoke(evaluate_command, [str(place / "shop")]))
    assert "a data set and no run; name the directory that" in told


def test_predictions_are_written_as_the_file_is_called(place: Path) -> None:
    """A spreadsheet opens the CSV; both hold the same."""
    _, parquet = evaluate(place / "run")
    given = [str(place / "run"), "--predictions", str(place / "p.csv")]
    found = CliRunner().invoke(evaluate_command, given, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    table = pq.read_table(parquet)
    written = pa_csv.read_csv(place / "p.csv")
    assert written.column("event_id").cast("string") == table.column("event_id").cast("string")
    assert written.column("probability") == table.column("probability")


def test_evaluation_repeats_the_figures_of_training(place: Path) -> None:
    """Inputs made anew from the manifest give the very figures of the training."""
    trained = json.loads((place / "run" / "metrics.json").read_text("utf-8"))
    assert trained == json.loads((place / "m.json").read_text("utf-8"))
    measured, _ = evaluate(place / "run")
    for name in ("metrics", "comparison", "calibration", "base_rate", "actions"):
        assert measured[name] == trained[name], name


def test_a_training_into_a_file_tells_each_step(place: Path) -> None:
    """A line as each begins, numbered, in the order and by the names of the seconds."""
    told = re.findall(r"^ *\d+ s  (\d+)/(\d+) (.+?)(?:: .*)?$", _told(place), re.MULTILINE)
    begun = dict.fromkeys((int(number), int(of), step) for number, of, step in told)
    assert list(begun) == [(at, len(STEPS), step) for at, step in enumerate(STEPS, 1)]
    seconds = json.loads((place / "run" / "metrics.json").read_text("utf-8"))["seconds"]
    assert seconds.keys() == set(STEPS)


def _told(place: Path) -> str:
    return (place / "told.txt").read_text("utf-8")


def test_label_rates_find_what_columns_cannot(place: Path) -> None:
    """Bad shops look like any other, but what became known of them tells."""
    figures = json.loads((place / "run" / "metrics.json").read_text("utf-8"))
    pr_auc = {name: one["pr_auc"]["value"] for name, one in figures["comparison"].items()}
    assert pr_auc["+ label rates"] > 2 * pr_auc["own columns only"]
    assert figures["metrics"]["pr_auc"]["value"] > 2 * figures["base_rate"]


def test_predictions_hold_every_event_of_the_test_window(place: Path) -> None:
    """Labelled or not, each event has one probability, in order of time."""
    figures, path = evaluate(place / "run")
    table = pq.read_table(path)
    assert table.schema.names == ["event_id", "event_at", "probability"]
    assert table.num_rows == figures["all_events"]
    assert table.num_rows > figures["events"]
    rows = table.to_pandas()
    assert rows.event_id.is_unique
    assert rows.event_at.is_monotonic_increasing
    assert rows.event_at.min().isoformat() >= "2024-03-08"
    assert rows.event_at.max().isoformat() < "2024-03-31"
    assert rows.probability.between(0, 1).all()


def test_figures_and_predictions_make_their_directories_or_say_why_not(place: Path) -> None:
    """Nobody measures for minutes to see a traceback; a file that stands in the way is named."""
    new = place / "new" / "deep"
    given = [str(place / "run"), "--predictions", str(new / "p.parquet"), "--json"]
    found = CliRunner().invoke(evaluate_command, [*given, str(new / "e.json")])
    assert found.exit_code == 0, fault(found)
    assert {path.name for path in new.iterdir()} == {"e.json", "p.parquet"}
    message = fault(CliRunner().invoke(evaluate_command, [*given, str(new / "e.json" / "f.json")]))
    assert "f.json: cannot be written: " in message


def test_predictions_rank_as_the_figures_say(place: Path) -> None:
    """Whoever measures the predictions file finds the PR-AUC that the run printed."""
    figures, path = evaluate(place / "run")
    known = pq.read_table(place / "shop" / "labels.parquet").to_pandas().set_index("event_id").value
    rows = pq.read_table(path).to_pandas().set_index("event_id").join(known, how="inner")
    ranking = Ranking.of(rows.value.to_numpy(), rows.probability.to_numpy())
    pr_auc = ranking.curve().average_precision()
    assert pr_auc == pytest.approx(figures["metrics"]["pr_auc"]["value"], abs=1e-9)


def test_same_data_and_seed_give_the_same_predictions(place: Path) -> None:
    """A second training writes the same models, and its predictions are the same bytes."""
    again = place / "again"
    assert train(place / "shop", again).exit_code == 0
    for file in (place / "run" / "models").iterdir():
        assert (again / "models" / file.name).read_bytes() == file.read_bytes()
    _, path = evaluate(place / "run")
    first = pq.read_table(path)
    _, path = evaluate(again)
    assert pq.read_table(path).equals(first)


def test_data_that_moved_is_named_with_data(place: Path, tmp_path: Path) -> None:
    """A run finds its data beside it, and elsewhere by --data."""
    shutil.copytree(place / "run", tmp_path / "run")
    with pytest.raises(ConfigFault, match="name the one that was trained on, or a newer one, with"):
        evaluate(tmp_path / "run")
    evaluate(tmp_path / "run", "--data", str(place / "shop"))


def test_changed_model_is_refused(place: Path, tmp_path: Path) -> None:
    """A model that is not the one that was trained is not measured."""
    shutil.copytree(place / "run", tmp_path / "run")
    model = next((tmp_path / "run" / "models").iterdir())
    model.write_text(model.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(ConfigFault, match="was changed since the training"):
        evaluate(tmp_path / "run", "--data", str(place / "shop"))


def test_labels_by_chance_are_not_predicted(tmp_path: Path) -> None:
    """With labels drawn by lot the test is ranked no better than by lot: nothing leaks."""
    made = card_shop(rows=3_000)
    drawn = (np.random.default_rng(3).random(3_000) < 0.1).astype(np.int8)
    replace(made, label=drawn, delay_us=0).write(tmp_path / "shop")
    found = train(tmp_path / "shop", tmp_path / "run", "--label-delay", "0")
    assert found.exit_code == 0, fault(found)
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    for name, one in figures["comparison"].items():
        assert 0.38 < one["roc_auc"]["value"] < 0.62, name


def test_random_split_stands_beside_the_split_in_time(place: Path) -> None:
    """Both splits have as many rows, and the difference is told in words."""
    found, _ = evaluate(place / "run", "--random-split")
    split = found["random_split"]
    assert isinstance(split, dict)
    assert split["time"]["fitted"] == split["random"]["fitted"]
    assert split["time"]["measured"] == split["random"]["measured"]
    assert split["time"]["models"].keys() == split["random"]["models"].keys()
    assert "times the base rate" in split["explanation"]
    # One figure has one interval, wherever it stands.
    for name, one in split["time"]["models"].items():
        assert one == found["comparison"][name], name


def test_unknown_label_lists_those_there_are(place: Path, tmp_path: Path) -> None:
    """The error names the label asked for and every one that could be."""
    message = fault(train(place / "shop", tmp_path / "run", label="chargeback"))
    assert "no label 'chargeback'; there are: fraud" in message


def test_late_labels_are_left_out_and_told(place: Path, tmp_path: Path) -> None:
    """With 21 days of delay and a gap of 7 the last weeks of training are not learned from."""
    found = train(place / "shop", tmp_path / "run", "--label-delay", "21d")
    assert found.exit_code == 0, fault(found)
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    assert figures["train"]["label_not_known_at_cut"] > 200
    assert "left out" in found.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--train-from": "2020-01-01", "--train-to": "2020-02-01"}, "no events there"),
        ({"--test-from": "2025-01-01", "--test-to": "2025-02-01"}, "no events there"),
        ({"--train-to": "2024-01-01"}, "is not before"),
        ({"--train-from": "2024-01-15T10:00:00"}, "has no time zone"),
        ({"--label-delay": "a week"}, "is not a delay"),
        ({"--label-delay": "90d"}, "whose label is not known on 2024-03-08"),
    ],
)
def test_wrong_windows_are_refused(
    place: Path, tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    """Each wrong date or delay ends with one line that says what would be right."""
    assert message in fault(
        train(place / "shop", tmp_path / "run", *(x for pair in changed.items() for x in pair))
    )
    assert not (tmp_path / "run").exists()


def test_too_few_positives_say_how_many_are_needed(tmp_path: Path) -> None:
    """Nine positives are refused, and so is one class alone."""
    shop = card_shop(rows=2_000)
    day = (shop.at_us - START_US) // DAY_US
    few = np.zeros(2_000, np.int8)
    few[np.flatnonzero((day > 20) & (day < 50))[:9]] = 1
    few[np.flatnonzero(day > 70)[:30]] = 1
    directory = replace(shop, label=few).write(tmp_path / "few")
    message = fault(train(directory, tmp_path / "run"))
    assert "9 usable positives" in message
    assert "at least 10 are needed" in message
    ones = np.ones(2_000, np.int8)
    message = fault(train(replace(shop, label=ones).write(tmp_path / "ones"), tmp_path / "run"))
    assert "negatives are missing" in message


def test_options_of_the_two_kinds_do_not_mix(place: Path, tmp_path: Path) -> None:
    """Own events without dates name the options that are missing; a run is never overwritten."""
    found = CliRunner().invoke(
        train_command, ["--data", str(place / "shop"), "--out", str(tmp_path / "run")]
    )
    assert "--label, --train-from, --train-to, --test-from, --test-to" in found.output
    assert "already holds a run" in fault(train(place / "shop", place / "run"))


def test_data_without_amount_and_attributes_is_enough(tmp_path: Path) -> None:
    """An entity, a time and a label are all that training needs."""
    full = card_shop(rows=2_000)
    bare = Shop(at_us=full.at_us, entities={"shop": full.entities["shop"]}, label=full.label)
    found = train(bare.write(tmp_path / "bare"), tmp_path / "run")
    assert found.exit_code == 0, fault(found)


def test_data_of_which_nobody_is_known_is_trained_on_its_columns(tmp_path: Path) -> None:
    """Applications without a customer have no history; what only positives have is named."""
    full = card_shop(rows=2_000)
    telling = np.random.default_rng(3).normal(3.0 * full.label, 1.0)
    case = [str(row) if one and row % 3 else None for row, one in enumerate(full.label == 1)]
    bare = Shop(
        at_us=full.at_us,
        entities={},
        label=full.label,
        numeric={"score": telling},
        categorical={"case": case},
    )
    found = train(bare.write(tmp_path / "bare"), tmp_path / "run")
    assert found.exit_code == 0, fault(found)
    assert "note: case present:" in found.output
    assert "check that it was known when the event happened" in " ".join(found.output.split())
    figures, predictions = evaluate(tmp_path / "run")
    assert figures["comparison"]["own columns only"]["roc_auc"]["value"] > 0.85  # type: ignore[index]
    assert len(pq.read_table(predictions)) > 0
