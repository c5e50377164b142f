"""A stored decision as plain data, for programs and for the text of ``risk explain``."""

import math
from typing import Any

import msgspec

from risk_service.decisions.kept_inputs import inputs_of
from risk_service.decisions.policy_file import ABUSES, ACTIONS
from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.positional import by_name
from risk_service.features.schema import load_schema


def as_data(record: DecisionRecord) -> dict[str, Any]:
    """Return everything that is stored of a decision, by name; what is missing is None."""
    return {
        "decision": decision_data(record.decision),
        "thresholds": thresholds_of(record),
        "order": finite(msgspec.to_builtins(by_name(record.order))),
        "completion": None
        if record.completion is None
        else {
            "challenge_id": record.completion.challenge_id,
            "result": record.completion.result.name,
        },
        "clock_us": record.clock_us,
        "features": features_of(record),
    }


def decision_data(decision: Decision) -> dict[str, Any]:
    """Return a decision on an order, a claim or an action; outcomes and modes by name."""
    data: dict[str, Any] = msgspec.to_builtins(by_name(decision))
    data["outcome"] = decision.outcome.name
    data["mode"] = decision.mode.name
    for told, cause in zip(data["causes"], decision.causes, strict=True):
        told["outcome"] = cause.outcome.name
    for told, hit in zip(data["rule_hits"], decision.rule_hits, strict=True):
        told["outcome"] = hit.outcome.name
    for told, use in zip(data["limit_uses"], decision.limit_uses, strict=True):
        told["measure"] = use.measure.name.lower()
    known: dict[str, Any] = finite(data)
    return known


def thresholds_of(record: DecisionRecord) -> dict[str, dict[str, int]]:
    """Return the score from which each action was asked for, by abuse; what is not offered not."""
    marks = record.thresholds
    if len(marks) != len(ABUSES) * len(ACTIONS):
        return {}
    rows = [marks[at : at + len(ACTIONS)] for at in range(0, len(marks), len(ACTIONS))]
    return {
        abuse.value: {action: mark for action, mark in zip(ACTIONS, row, strict=True) if mark >= 0}
        for abuse, row in zip(ABUSES, rows, strict=True)
    }


def features_of(record: DecisionRecord) -> dict[str, float | None]:
    """Return the model inputs by name; empty when they are of another schema than this one's."""
    schema = load_schema()
    if record.decision.versions.feature_schema != schema.version:
        return {}
    known = zip(schema.names, inputs_of(record).tolist(), strict=True)
    return {name: value if math.isfinite(value) else None for name, value in known}


def finite(value: Any) -> Any:
    """Return plain data with None for every number that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return value
