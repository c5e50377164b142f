"""A backtest over the orders of a prepared promotion data set."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.features.entities import ENTITIES
from risk_service.features.schema import load_schema
from risk_service.rules.changes import flagging_sha256
from risk_service.rules.expression import RuleFault
from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import shipped_languages
from risk_service.rules.settled import settled
from risk_service.rules.unmet import unmet_in, unmet_of
from risk_service.rules.variables import Subject, all_variables, variables_of
from training.backtest.columns import Texts
from training.backtest.condition import Condition
from training.backtest.faults import told
from training.backtest.labels import part
from training.backtest.lengths import Edges
from training.backtest.listing import Flagged
from training.backtest.order_columns import FRAME, ORDERS, OrderColumns, ready_frame
from training.backtest.order_labels import abuse_labels, refund_labels
from training.backtest.order_scope import in_scope, scope_names
from training.backtest.own import Progress
from training.backtest.population import Population
from training.backtest.request import BacktestRequest, span_of
from training.backtest.result import Asked, Backtest, finished
from training.backtest.sweep import sweep
from training.backtest.tally import Money
from training.backtest.truth import truth_of
from training.backtest.variables import Variable
from training.backtest.which import looks_like_id, rule_of, rule_set_of
from training.backtest.zones import local_seconds
from training.datasets.description import FILE_NAME, Description, read_description
from training.datasets.importing.specs import AmountSpec
from training.datasets.own_events import sha256_of
from training.words import fault

Json = dict[str, Any]
# Tables that decide what is flagged and what became of it.
FILES = (ORDERS, "labels.parquet", "events.parquet")


def backtest_orders(request: BacktestRequest, tell: Progress) -> Backtest:
    """Hold every order of the period against a rule or an expression, as of that order.

    Raises
    ------
    ConfigFault
        The rule, the label or the period is wrong, or the data set is not prepared.
    DataFault
        The data set cannot be read.
    """
    description = _prepared(request)
    _refuse_own_options(request)
    abuse = _abuse(request.label)
    rule, version = _rule(request)
    condition = _condition(request, rule)
    columns = OrderColumns(directory=request.data)
    tell("reading", 0, 0)
    span = span_of(request, columns.at_us)
    if any(name in load_schema().names for name in condition.variables):
        ready_frame(request.data, tell)
    scope = () if rule is None else scope_names(rule)
    facts = columns.of([name for name in scope if name not in condition.variables], span, tell)
    values = columns.of(tuple(condition.variables), span, tell)
    at_us = columns.at_us[slice(*span)]
    applies = None if rule is None else in_scope(rule, {**facts, **values}, at_us)
    flags, faults = sweep(condition, values, len(at_us), partial(tell, "rule"), applies)
    tell("counting", 0, 0)
    population = _population(columns, description, request, abuse)
    flagged = Flagged(population=population, flags=flags, values=values)
    asked = Asked(
        rule_id=None if rule is None else rule.id,
        expression=condition.text,
        version=version or _version(condition),
        variables=condition.variables,
        data=_data(request, description, len(columns.ids)),
        about={
            "windows": "live",
            "label": population.truth.labels["abuse"][0],
            "refund_label": population.truth.labels["refunded"][0],
            "rule_sha256": None if rule is None else flagging_sha256(rule),
            "in_scope": len(at_us) if applies is None else int(applies.sum()),
            "about_rule": None if rule is None else _about(rule),
        },
    )
    return finished(request, asked, flagged, faults)


def list_order_variables(directory: Path) -> Json:
    """Return the variables that a rule over orders may read."""
    description = read_description(directory)
    return {
        "data": {"name": description.name, "events": None},
        "event": {
            one.name: {
                "kind": one.kind.value,
                "en": one.text.en,
                "zh": one.text.zh,
                "missing": None,
            }
            for one in all_variables()
            if Subject.ORDER in one.subjects
        },
        "keys": {},
        "history": {},
    }


def _prepared(request: BacktestRequest) -> Description:
    description = read_description(request.data)
    if not description.key_id:
        raise ConfigFault(fault("raw_set", data=request.data))
    if description.schema_version != load_schema().version:
        versions = {"found": description.schema_version, "known": load_schema().version}
        raise ConfigFault(fault("other_features", data=request.data, **versions))
    return description


def _refuse_own_options(request: BacktestRequest) -> None:
    given = {
        "--define": bool(request.definitions),
        "--windows exact": request.edges is Edges.EXACT,
        "--label-delay": request.label_delay_s is not None,
        "--refund-label": request.refund_label is not None,
    }
    for option, is_given in given.items():
        if is_given:
            raise ConfigFault(fault("own_events_option", option=option, data=request.data))


def _abuse(label: str | None) -> Abuse | None:
    if label is None:
        return None
    if label not in set(Abuse):
        known = ", ".join(Abuse)
        raise ConfigFault(fault("set_has_no_label", option="--label", label=label, known=known))
    return Abuse(label)


def _rule(request: BacktestRequest) -> tuple[Rule | None, str]:
    """Return the rule that is meant, and the version of its rule set; none: an expression."""
    if not looks_like_id(request.rule) or request.rule in variables_of(Subject.ORDER):
        return None, ""
    rules = rule_set_of(request.rules)
    rule = rule_of(request.rule, rules.rules)
    for wrong in unmet_of(rules.rules.values(), rules.texts):
        if wrong.rule_id == rule.id:
            raise wrong
    if rule.subject is not Subject.ORDER:
        raise ConfigFault(fault("other_subject", rule=rule.id, subject=rule.subject.value))
    return rule, rules.version


def _condition(request: BacktestRequest, rule: Rule | None) -> Condition:
    known = {
        one.name: Variable(name=one.name, kind=one.kind, text_en=one.text.en, text_zh=one.text.zh)
        for one in all_variables()
        if Subject.ORDER in one.subjects
    }
    if rule is not None:
        expression = rule.expression
    else:
        try:
            expression = shipped_languages()[Subject.ORDER].compile(request.rule)
            tree = expression.tree
            for wrong in (*settled(request.rule, tree), *unmet_in(request.rule, tree)):
                raise wrong
        except RuleFault as wrong:
            raise ConfigFault(told(request.rule, wrong, wrong.texts[1])) from wrong
    read = dict.fromkeys((*expression.variables, *expression.asks_known))
    return Condition(
        text=expression.source,
        expression=expression,
        variables={name: known[name] for name in read},
    )


def _population(
    columns: OrderColumns,
    description: Description,
    request: BacktestRequest,
    abuse: Abuse | None,
) -> Population:
    span = span_of(request, columns.at_us)
    here = slice(*span)

    def texts_of(entity: str) -> Texts:
        texts = columns.texts(entity)
        return Texts(texts.codes[here], texts.levels)

    days = description.maturity_days
    guilty = abuse_labels(columns, days, abuse)
    back = refund_labels(columns, days[Abuse.REFUND])
    return Population(
        ids=columns.ids.slice(span[0], span[1] - span[0]),
        at_us=columns.at_us[here],
        local_s=local_seconds(columns.at_us[here], request.zone),
        entities=ENTITIES,
        texts_of=texts_of,
        money=Money(
            minor=columns.numbers("payable_minor")[here],
            currency=description.currency_code,
            exponent=AmountSpec(column="payable_minor", currency=description.currency_code).digits,
        ),
        truth=truth_of(span[1] - span[0], part(guilty, *span), part(back, *span), request.as_of_us),
    )


def _about(rule: Rule) -> Json:
    return {
        "owner": rule.owner,
        "outcome": rule.outcome.name,
        "state": rule.state.value,
        "en": rule.description.en,
        "zh": rule.description.zh,
        "promotions": sorted(one.name for one in rule.scope.promotions),
    }


def _version(condition: Condition) -> str:
    text = f"{condition.text}\n{load_schema().version}"
    return "expression-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _data(request: BacktestRequest, description: Description, orders: int) -> Json:
    # What rules read of histories is read from the frame; it is built when one first does.
    read = [*FILES, *([str(FRAME)] if (request.data / FRAME).exists() else [])]
    return {
        "name": description.name,
        "kind": description.kind,
        "directory": str(request.data),
        "events": orders,
        "sha256": sha256_of(request.data / FILE_NAME),
        "files": {name: sha256_of(request.data / name) for name in read},
        "source": None,
    }
