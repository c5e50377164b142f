"""The result of a backtest as JSON; see docs/backtest.md for every key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.backtest import listing, tally
from training.backtest.listing import Flagged
from training.backtest.request import BacktestRequest, moment
from training.backtest.sweep import BATCH_ROWS, Faults
from training.backtest.variables import Variable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was evaluated: the rule, and the data set it was evaluated on.

    ``about`` holds what the kind of data set adds to the result.
    """

    rule_id: str | None
    expression: str
    version: str
    variables: Mapping[str, Variable]
    data: Json
    about: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A finished backtest: its figures, and what a file of flagged events is written from."""

    figures: Json
    flagged: Flagged


def finished(request: BacktestRequest, asked: Asked, flagged: Flagged, faults: Faults) -> Backtest:
    """Return the figures of a sweep."""
    population = flagged.population
    truth, money = population.truth, population.money
    everything = np.ones(len(population), np.bool_)
    count = int(flagged.flags.sum())
    figures: Json = {
        "rule": asked.rule_id,
        "expression": asked.expression,
        "version": asked.version,
        "variables": {
            name: {"kind": one.kind.value, "en": one.text_en, "zh": one.text_zh}
            for name, one in asked.variables.items()
        },
        "data": asked.data,
        "period": {
            "first": moment(int(population.at_us[0])),
            "last": moment(int(population.at_us[-1])),
            "from": None if request.start_us is None else moment(request.start_us),
            "to": None if request.stop_us is None else moment(request.stop_us),
        },
        "as_of": None if request.as_of_us is None else moment(request.as_of_us),
        "zone": request.zone.key,
        "label_delay_s": request.label_delay_s,
        **asked.about,
        "events_read": len(population),
        "events_flagged": count,
        "share_flagged": tally.share(count, len(population)),
        "split": {
            "flagged": tally.split(flagged.flags, truth, money),
            "all": tally.split(everything, truth, money),
        },
        "measures": tally.measures(flagged.flags, truth),
        "amounts": None if money is None else _amounts(flagged, money),
        "days": list(tally.days(population.local_s, flagged.flags, truth, money)),
        "entities": listing.entities(flagged, request.limit),
        "events": {
            "total": count,
            "truncated": count > request.limit,
            "listed": listing.events(flagged, request.limit),
        },
        "faults": faults_of(faults, flagged),
        "never_known": _never_known(flagged),
    }
    return Backtest(figures=figures, flagged=flagged)


def faults_of(faults: Faults, flagged: Flagged) -> Json:
    """Return on how many events the rule could not be told, why, and the first of them."""
    return {
        "events": sum(faults.codes.values()),
        "codes": {
            code: {
                "events": count,
                "names": dict(faults.names.most_common()) if code == "MISSING_VALUE" else {},
                "detail": faults.details.get(code, ""),
                "first": [flagged.population.event_id(row) for row in faults.rows[code]],
            }
            for code, count in faults.codes.most_common()
        },
    }


def _never_known(flagged: Flagged) -> list[str]:
    """Return the variables that no event of the period has: of these the data set says nothing."""
    rows = len(flagged.flags)
    return [
        name
        for name, column in flagged.values.items()
        # What is known is known early: only a column without any value is read to its end.
        if not any(
            value == value
            for start in range(0, rows, BATCH_ROWS)
            for value in column.part(start, min(start + BATCH_ROWS, rows))
        )
    ]


def _amounts(flagged: Flagged, money: tally.Money) -> Json:
    everything = np.ones(len(flagged.flags), np.bool_)
    return {
        "currency": money.currency,
        "exponent": money.exponent,
        "flagged": money.of(flagged.flags),
        "all": money.of(everything),
    }
