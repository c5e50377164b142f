"""``risk person``: what is kept of one person."""

import os
from pathlib import Path
from typing import Any

import click

from risk_service.bootstrap.person import (
    asker,
    check_tokens,
    identifiers_of,
    is_marked,
    key_of,
    person_records,
)
from risk_service.cli.language import spoken
from risk_service.cli.moments import FOREVER_US, MOMENT
from risk_service.cli.output import print_json
from risk_service.cli.person_asked import asked_of, from_file, of_token
from risk_service.cli.person_text import data_of, tell_found
from risk_service.cli.person_words import PersonWords
from risk_service.cli.progress import Progress
from risk_service.config import RecordSettings, read_settings
from risk_service.domain.person import ROWS_MAX, PersonQuestion
from risk_service.identity.person import KIND_OF


@click.command()
@click.option(
    "--ask",
    "kinds",
    type=click.Choice(list(KIND_OF)),
    multiple=True,
    help="Prompt for an identifier of this kind, without showing it; several mean any of them.",
)
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="TOML file of identifiers, mode 0600, or - for standard input.",
)
@click.option(
    "--token", "tokens", multiple=True, help="KIND=TOKEN as a record shows it; needs no key."
)
@click.option("--order", "orders", multiple=True, help="Records of an order, whosever it is.")
@click.option("--since", type=MOMENT, default=0, help="From then on; UTC without a zone.")
@click.option("--until", type=MOMENT, default=FOREVER_US, help="Before then.")
@click.option(
    "--limit",
    type=click.IntRange(1, ROWS_MAX),
    default=10_000,
    show_default=True,
    help="Show at most this many records of each kind, the newest.",
)
@click.option("--why", default="", help="Why you ask, for the trail; never an identifier.")
@click.option(
    "--without-trail", is_flag=True, help="For a copy of a state directory that is not written."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="State directory of the service.",
)
@click.option("--identity-key", type=click.Path(path_type=Path), help="Key of identity tokens.")
@click.option("--governance", type=click.Path(path_type=Path), help="As the service has it.")
@click.option(
    "--ledger", help="As the service has it: embedded, or postgresql://user@host/database."
)
@click.option("--config", type=click.Path(path_type=Path), help="TOML file of the service.")
@spoken
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def person(lang: str, config: Path | None, *, as_json: bool, **options: Any) -> None:
    """Print what is kept of one person, for an appeal or a request of access.

    Identifiers are typed, never given on the command line, and become tokens at once. Reading is
    noted in the trail of the service.

    Example: risk person --ask phone --state state --identity-key KEYS/identity.key
        --why "appeal 17"
    """
    names = RecordSettings.model_fields
    given = {name: value for name, value in options.items() if name in names}
    settings = read_settings(RecordSettings, given, os.environ, config)
    say = PersonWords(lang)
    question = _question(settings, options, say)
    who = asker(options["why"])
    traced = not options["without_trail"]
    with (
        Progress(say) as progress,
        person_records(settings, progress.tell, traced=traced) as records,
    ):
        found = records.read(question, who)
    if settings.ledger == "embedded":
        found.unread["shared_ledger"] = ""
    if question.identifiers and not is_marked(settings):
        found.unread["mark"] = ""
    if as_json:
        print_json(data_of(question, found, say))
    else:
        tell_found(question, found, say)


def _question(
    settings: RecordSettings, options: dict[str, Any], say: PersonWords
) -> PersonQuestion:
    shown = [of_token(text) for text in options["tokens"]]
    check_tokens(settings, shown)
    if options["kinds"]:
        # A wrong path is told before the prompt, not after what was typed is lost.
        key_of(settings)
    typed = from_file(options["file"]) if options["file"] else []
    typed += [asked_of(kind, say) for kind in options["kinds"]]
    return PersonQuestion(
        identifiers=(*identifiers_of(settings, typed), *shown),
        orders=options["orders"],
        since_us=options["since"],
        until_us=options["until"],
        rows=options["limit"],
    )
