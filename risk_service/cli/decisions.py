"""``risk decisions``: which stored decisions were flagged, and what decided them."""

from pathlib import Path

import click

from risk_service.adapters.sqlite.record_pages import read_decisions
from risk_service.cli.decisions_text import DecisionsWords, data_of, tell_flagged
from risk_service.cli.language import spoken
from risk_service.cli.moments import FOREVER_US, MOMENT
from risk_service.cli.output import print_json, refused
from risk_service.cli.progress import Progress
from risk_service.decisions.flagged import FLAGGED, KINDS, FlaggedQuestion, Ref, flagged
from risk_service.domain.decision import Step
from risk_service.domain.vocabulary import Mode, Outcome


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="State directory of a service, which may be running.",
)
@click.option(
    "--outcome",
    "outcomes",
    type=click.Choice([one.name for one in Outcome]),
    multiple=True,
    help="Of these outcomes; without it all but ALLOW.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="STEP[:WHAT]",
    help="Decided by this: a step, or a step and a rule, list, limit or abuse.",
)
@click.option(
    "--of",
    "kinds",
    type=click.Choice(KINDS),
    multiple=True,
    help="On orders, claims for refunds or promotion actions alone.",
)
@click.option(
    "--mode",
    "modes",
    type=click.Choice([one.name for one in Mode]),
    multiple=True,
    help="Decided in these modes: what was not at hand.",
)
@click.option("--since", type=MOMENT, default=0, help="From then on; UTC without a zone.")
@click.option("--until", type=MOMENT, default=FOREVER_US, help="Before then.")
@click.option(
    "--last",
    "is_last",
    is_flag=True,
    help="Leave out what a later decision on the same order, claim or action has replaced.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Show at most this many, the newest; all are counted.",
)
@spoken
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def decisions(  # noqa: PLR0913 - options of a command
    state: Path,
    outcomes: tuple[str, ...],
    by: tuple[str, ...],
    kinds: tuple[str, ...],
    modes: tuple[str, ...],
    since: int,
    until: int,
    limit: int,
    lang: str,
    *,
    is_last: bool,
    as_json: bool,
) -> None:
    """Find stored decisions: which orders, claims and actions were flagged, and by what.

    Counts outcomes and what decided, and shows the newest. Reads the log beside the service
    and changes nothing.

    Example: risk decisions --state state --outcome REVIEW --since 2026-03-01 --last
    """
    say = DecisionsWords(lang)
    question = FlaggedQuestion(
        outcomes=frozenset(Outcome[one] for one in outcomes) or FLAGGED,
        kinds=frozenset(kinds),
        modes=frozenset(Mode[one] for one in modes),
        by=frozenset(_ref(one, say) for one in by),
        since_us=since,
        until_us=until,
        is_last=is_last,
        rows=limit,
    )
    with Progress(say) as progress:
        found = flagged(read_decisions(state, progress.tell), question)
    if as_json:
        print_json(data_of(found))
    else:
        tell_flagged(found, state, say)


def _ref(text: str, say: DecisionsWords) -> Ref:
    step, _, what = text.partition(":")
    if step not in set(Step):
        raise refused(say("unknown_cause", text, ", ".join(Step)))
    return Step(step), what
