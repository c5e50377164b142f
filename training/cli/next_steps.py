"""What to do after a command, as commands that can be copied."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from training.cli.words import CommandWords
from training.datasets.description import read_description


def after_simulation(world: Path, say: CommandWords) -> str:
    """Return how to train on a world."""
    return say("next", _command("risk train --data", world, "--out", f"{world}-run"))


def after_training(
    run: Path, data: Path, keys: Path, warehouse: Path, say: CommandWords
) -> Iterator[str]:
    """Yield how a run is served, with the history up to the end of its data set.

    A service that runs already keeps its state and takes the bundle with a signal.
    """
    end = datetime.fromtimestamp(read_description(data).end_us / 1e6, UTC)
    until, serving = f"{end:%Y-%m-%dT%H:%M:%SZ}", Path("serving")
    history = ("--warehouse", warehouse, "--until", until)
    yield say("next_serving")
    online = ("--online", serving / "online.db")
    yield "  " + _command("risk features materialize", *history, *online)
    yield "  " + _command("risk live backfill", *history, "--state", "state")
    yield "  " + _command(
        "risk serve --bundle", run / "bundle", "--trust", keys / "signing.pub",
        "--identity-key", keys / "identity.key", "--features", serving / "serving.json",
        "--state", "state",
    )  # fmt: skip
    command = _command("risk evaluate", run, "--data", data, "--trust", keys / "signing.pub")
    yield say("next_comparing", f"{command} --against OLD_RUN")


def after_own_training(run: Path, say: CommandWords) -> str:
    """Return how the probabilities of a run on own events are had."""
    predictions = ("--predictions", f"{run}.predictions.parquet")
    return say("next", _command("risk evaluate", run, *predictions))


def _command(start: str, *words: object) -> str:
    return " ".join([start, *(shlex.quote(str(word)) for word in words)])
