"""``risk replay``: decides stored decisions again and says what comes out differently."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from risk_service.adapters.sqlite.read_only import read_record
from risk_service.adapters.sqlite.record_pages import read_records
from risk_service.bootstrap.replay import open_replayer
from risk_service.cli.language import spoken
from risk_service.cli.moments import FOREVER_US, MOMENT
from risk_service.cli.output import print_json, tell
from risk_service.cli.progress import Progress
from risk_service.cli.replay_text import ReplayText, ReplayWords
from risk_service.decisions.replay.tally import tallied
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.option(
    "--state",
    type=_FOLDER,
    required=True,
    help="State directory of a service, which may be running.",
)
@click.option(
    "--trust",
    type=_FILE,
    multiple=True,
    help="Public key of the models; repeatable.",
)
@click.option(
    "--bundle",
    "bundles",
    type=_FOLDER,
    multiple=True,
    help="A further bundle; the last three that were served lie in the state directory.",
)
@click.option(
    "--governance", type=_FILE, help="What was published, where it is not in the state directory."
)
@click.option("--decision", default="", help="This decision alone, by its id.")
@click.option("--since", type=MOMENT, default=0, help="From then on; UTC without a zone.")
@click.option("--until", type=MOMENT, default=FOREVER_US, help="Before then.")
@spoken
@click.option("--json", "as_json", is_flag=True, help="Print the figures, and all differences.")
def replay(  # noqa: PLR0913 - options of a command
    state: Path,
    trust: tuple[Path, ...],
    bundles: tuple[Path, ...],
    governance: Path | None,
    decision: str,
    since: int,
    until: int,
    lang: str,
    *,
    as_json: bool,
) -> None:
    """Decide stored decisions again and compare them with their records, bit by bit.

    Model inputs are formed anew from the order and from what was read for it, then scores,
    rules, outcome and reasons by the versions that decided. What only that moment knew is
    taken as recorded: live entries of lists, counters of limits, values of features. The exit
    code is 1 when anything comes out differently.

    Example: risk replay --state state --trust keys/signing.pub --since 2026-03-01
    """
    words = ReplayWords(lang)
    replayer = open_replayer(
        state,
        bundles=bundles,
        trust=trust,
        governance=governance,
        refused=lambda error: tell(words("refused", error), err=True),
    )
    started = time.perf_counter()
    with Progress(words) as progress:
        records = _one(state, decision) if decision else read_records(state, progress.tell)
        chosen = _within(records, since, until)
        tally = tallied(replayer.replay, chosen)
    taken_s = time.perf_counter() - started
    if as_json:
        print_json(tally.as_data() | {"seconds": round(taken_s, 3)})
    else:
        tell(ReplayText(words, tally, state).lines(taken_s))
    if tally.differing:
        sys.exit(1)


def _one(state: Path, decision_id: str) -> list[DecisionRecord]:
    record = read_record(state, "decision_id", decision_id)
    if isinstance(record, DecisionRecord):
        return [record]
    raise ConfigFault(refusal("replays_orders", decision_id=decision_id))


def _within(
    records: Iterable[DecisionRecord], since_us: int, until_us: int
) -> Iterator[DecisionRecord]:
    return (one for one in records if since_us <= one.decision.decided_at_us < until_us)
