"""``risk explain``: the whole reasoning of one decision."""

from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from risk_service.adapters.sqlite.read_only import read_record
from risk_service.cli.explain_claim import assessment_data, explained_assessment
from risk_service.cli.explain_data import as_data
from risk_service.cli.explain_text import explained
from risk_service.cli.language import spoken
from risk_service.cli.output import misused, print_json
from risk_service.cli.remote import DEFAULT_SERVER, told_in_one_line
from risk_service.client import ClientOptions, RiskClient
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import ConfigFault
from risk_service.domain.positional import reader
from risk_service.domain.refusals import refusal
from risk_service.domain.shown import shown

Record = DecisionRecord | AssessmentRecord
KEYS = {"decision": "decision_id", "request": "request_id", "order": "order_id"}


@click.command()
@click.argument("key")
@click.option(
    "--by",
    type=click.Choice(list(KEYS)),
    default="decision",
    show_default=True,
    help="What the key is; an order's latest decision is shown.",
)
@click.option(
    "--server",
    envvar="RISK_SERVER",
    default=DEFAULT_SERVER,
    show_default=True,
    help="host:port of the service; its token comes from RISK_TOKEN.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="State directory of a service, read beside it and without asking it.",
)
@spoken
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_context
def explain(  # noqa: PLR0913 - options of a command
    ctx: click.Context,
    key: str,
    by: str,
    server: str,
    state: Path | None,
    lang: str,
    *,
    as_json: bool,
) -> None:
    """Print how one decision came about: what was found, what decided, what is held.

    KEY is the decision id of an answer.

    Example: risk explain dec_01J8Z --state state --lang zh
    """
    named = ctx.get_parameter_source("server") is ParameterSource.COMMANDLINE
    if named and state is not None:
        raise misused(refusal("server_or_state"))
    record = _record((KEYS[by], key), server, state, lang)
    if as_json:
        data = _data(record)
        print_json(data)
        return
    click.echo(_explained(_readable(record), lang))


def _explained(record: Record, lang: str) -> str:
    if isinstance(record, AssessmentRecord):
        return explained_assessment(record, lang)
    return explained(record, lang)


def _readable(record: Record) -> Record:
    """Return the record with every text in it on one line, as a terminal may show it.

    Texts are others' words. The explanation around them is ours and has colours, so that it
    is too late to look at the whole.
    """
    pack = msgspec.msgpack.encode
    return reader(type(record))(pack(_texts_shown(msgspec.msgpack.decode(pack(record)))))


def _texts_shown(part: Any) -> Any:
    if isinstance(part, str):
        # What parts the ids in a key is no text of anybody's.
        return shown(part.replace("\x1f", " ")).replace("\n", " ")
    if isinstance(part, list):
        return [_texts_shown(one) for one in part]
    if isinstance(part, dict):
        return {_texts_shown(name): _texts_shown(one) for name, one in part.items()}
    return part


def _data(record: Record) -> dict[str, Any]:
    return assessment_data(record) if isinstance(record, AssessmentRecord) else as_data(record)


def _record(named: tuple[str, str], server: str, state: Path | None, lang: str) -> Record:
    column, key = named
    if state is not None:
        return read_record(state, column, key)
    chosen: dict[str, Any] = {column: key}
    try:
        options = ClientOptions()
    except ValueError as error:
        raise ConfigFault(str(error)) from error
    with told_in_one_line(server, lang), RiskClient(server, options) as client:
        packed = client.decision_record(**chosen)
    # A record of an order names it; that of a claim or an action names its subject.
    form = msgspec.msgpack.decode(packed, type=dict[str, msgspec.Raw])
    if "order" in form:
        return reader(DecisionRecord)(packed)
    return reader(AssessmentRecord)(packed)
