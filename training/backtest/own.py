"""A backtest over own events: what ``risk dataset import`` wrote."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from risk_service.domain.errors import ConfigFault
from training.backtest.columns import Column, EventColumns, Texts
from training.backtest.condition import (
    Condition,
    Definition,
    compile_condition,
    compile_definition,
)
from training.backtest.history import Flags
from training.backtest.labels import LabelReader
from training.backtest.listing import Flagged
from training.backtest.own_rule import own_rule
from training.backtest.population import Population
from training.backtest.request import BacktestRequest, span_of
from training.backtest.result import Asked, Backtest, finished
from training.backtest.sweep import sweep
from training.backtest.tally import Money
from training.backtest.truth import Truth, choose_labels, truth_of
from training.backtest.values import Known, OwnValues
from training.backtest.variables import OwnVariables
from training.datasets.own_events import (
    AMOUNT_COLUMN,
    DESCRIPTION,
    KIND,
    entity_column,
    read_own_description,
    verify_own_files,
)
from training.words import fault

Json = dict[str, Any]
# A stage, and what is done of how much; 0 in all: not told.
Progress = Callable[[str, int, int], None]


def open_columns(request: BacktestRequest) -> EventColumns:
    """Return the columns of the data set of a request.

    Raises
    ------
    DataFault
        The directory holds no own events.
    """
    return EventColumns(
        directory=request.data,
        description=read_own_description(request.data),
        zone=request.zone,
    )


def defined(request: BacktestRequest, columns: EventColumns) -> dict[str, Definition]:
    """Return the definitions of a request by name.

    Raises
    ------
    ConfigFault
        One is wrong, or two have one name.
    """
    variables = OwnVariables(columns, ())
    found: dict[str, Definition] = {}
    for text in request.definitions:
        one = compile_definition(text, variables)
        if one.name in found:
            raise ConfigFault(fault("define_twice", name=one.name))
        found[one.name] = one
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What is asked for: id and digest of a rule, or neither, and what its condition means here."""

    rule_id: str | None
    digest: str | None
    condition: Condition
    definitions: Mapping[str, Definition]
    variables: OwnVariables


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """The events that a definition takes, and on how many it could not be told."""

    flags: Flags
    not_told: int


def backtest_own(request: BacktestRequest, tell: Progress) -> Backtest:
    """Evaluate a rule on every event of the period, as of that event.

    Raises
    ------
    ConfigFault
        The rule, a definition, a label or the period is wrong.
    DataFault
        The data set cannot be read, or a file of it was changed since the import.
    """
    columns = open_columns(request)
    # What is signed names the data by its description: the files must be those it describes.
    verify_own_files(columns.directory, columns.description)
    rule = _rule(request, columns)
    labels = choose_labels(columns.description.labels, request.label, request.refund_label)
    tell("reading", 0, 0)
    span = span_of(request, columns.at_us)
    reader = LabelReader(columns, request.label_delay_s)
    taken = _taken(rule, columns, tell)
    values = OwnValues(rule.variables, columns, span, request.edges).of(
        tuple(rule.condition.variables),
        Known(labels=reader.read, definitions={name: one.flags for name, one in taken.items()}),
        lambda stage: tell(stage, 0, 0),
    )
    flags, faults = sweep(rule.condition, values, span[1] - span[0], partial(tell, "rule"))
    tell("counting", 0, 0)
    population = _population(columns, _truth(reader, labels, request, span), span)
    flagged = Flagged(population=population, flags=flags, values=values)
    asked = Asked(
        rule_id=rule.rule_id,
        expression=rule.condition.text,
        version=_version(rule.condition, rule.definitions),
        variables=rule.condition.variables,
        data=_data(columns),
        about={
            "windows": request.edges.value,
            "label": labels[0],
            "refund_label": labels[1],
            "rule_sha256": rule.digest,
            "definitions": _told_of(rule.definitions, taken),
        },
    )
    return finished(request, asked, flagged, faults)


def _rule(request: BacktestRequest, columns: EventColumns) -> _Rule:
    definitions = defined(request, columns)
    variables = OwnVariables(columns, tuple(definitions))
    rule_id, expression, digest = own_rule(request, variables)
    return _Rule(
        rule_id=rule_id,
        digest=digest,
        condition=compile_condition(expression, variables),
        definitions=definitions,
        variables=variables,
    )


def _taken(rule: _Rule, columns: EventColumns, tell: Progress) -> dict[str, _Taken]:
    """Return what each definition takes that the rule reads."""
    histories = map(rule.variables.history, rule.condition.variables)
    wanted = {history.events for history in histories if history is not None}
    taken: dict[str, _Taken] = {}
    for name in sorted(wanted & set(rule.definitions)):
        read = rule.definitions[name].condition
        values: dict[str, Column] = {
            one: rule.variables.own[one].column(columns) for one in read.variables
        }
        flags, faults = sweep(read, values, len(columns), partial(tell, f"events {name}"))
        taken[name] = _Taken(flags=flags, not_told=sum(faults.codes.values()))
    return taken


def _told_of(definitions: Mapping[str, Definition], taken: Mapping[str, _Taken]) -> Json:
    """Return what a result says of definitions; of one that nothing reads no events are known."""
    return {
        name: {
            "condition": one.condition.text,
            "events": int(taken[name].flags.sum()) if name in taken else None,
            "not_told": taken[name].not_told if name in taken else 0,
        }
        for name, one in definitions.items()
    }


def _truth(
    reader: LabelReader,
    chosen: tuple[str | None, str | None],
    request: BacktestRequest,
    span: tuple[int, int],
) -> Truth:
    abuse, refund = (None if name is None else reader.part(name, *span) for name in chosen)
    return truth_of(span[1] - span[0], abuse, refund, request.as_of_us)


def _population(columns: EventColumns, truth: Truth, span: tuple[int, int]) -> Population:
    here = slice(*span)

    def texts_of(entity: str) -> Texts:
        texts = columns.texts(entity_column(entity))
        return Texts(texts.codes[here], texts.levels)

    money = None
    if columns.description.amount is not None:
        money = Money(
            minor=columns.numbers(AMOUNT_COLUMN).values[here],
            currency=columns.description.amount.currency,
            exponent=columns.exponent,
        )
    return Population(
        ids=columns.ids.slice(span[0], span[1] - span[0]),
        at_us=columns.at_us[here],
        local_s=columns.local_s[here],
        entities=tuple(columns.description.entities),
        texts_of=texts_of,
        money=money,
        truth=truth,
    )


def _version(condition: Condition, definitions: Mapping[str, Definition]) -> str:
    """Return the digest of all that the result of one event depends on besides the data."""
    kinds = [f"{name}:{one.kind}" for name, one in sorted(condition.variables.items())]
    defined_as = [f"{name}={one.condition.text}" for name, one in sorted(definitions.items())]
    text = "\n".join((condition.text, *kinds, *defined_as))
    return "expression-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _data(columns: EventColumns) -> Json:
    described = columns.description
    return {
        "name": described.name,
        "kind": KIND,
        "directory": str(columns.directory),
        "events": described.rows,
        # The description holds the digest of each table, so this one stands for all.
        "sha256": hashlib.sha256((columns.directory / DESCRIPTION).read_bytes()).hexdigest(),
        "files": {name: file.sha256 for name, file in described.files.items()},
        "source": {"file": described.source.file, "sha256": described.source.sha256},
    }
