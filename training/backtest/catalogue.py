"""All variables of a data set with what share of its events lacks each."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from training.backtest.columns import MISSING, EventColumns
from training.backtest.names import Measure
from training.backtest.variables import OwnVariables

Json = dict[str, Any]
# Missing where the key is; the others also where the key has nothing of the kind before.
WITH_KEY = (Measure.COUNT, Measure.DISTINCT, Measure.SUM, Measure.KNOWN, Measure.POSITIVE)


def catalogue(variables: OwnVariables, columns: EventColumns) -> Json:
    """Return the variables: of the event itself, and of the history of every key.

    ``missing`` is a share of all events. Of a history that needs something earlier it is
    the least: the share of events without the key.
    """
    rows = len(columns)
    own = {
        name: {
            "kind": one.variable.kind.value,
            "en": one.variable.text_en,
            "zh": one.variable.text_zh,
            "missing": one.column(columns).missing / rows,
        }
        for name, one in variables.own.items()
    }
    history: Json = {}
    keys: Json = {}
    for key in variables.key_names():
        fields = variables.vocabulary.keys(key) or ()
        keys[key] = _share_without(columns, variables, fields)
        for name in variables.of_key(key):
            one = variables.described(name)
            history[one.name] = {
                "kind": one.kind.value,
                "en": one.text_en,
                "zh": one.text_zh,
                "missing": keys[key],
                "at_least": name.measure not in WITH_KEY,
            }
    return {
        "data": {"name": columns.description.name, "events": rows},
        "event": own,
        "keys": keys,
        "history": history,
    }


def _share_without(columns: EventColumns, variables: OwnVariables, fields: Iterable[str]) -> float:
    """Return the share of events that lack a field of the key."""
    without = np.zeros(len(columns), np.bool_)
    for name in fields:
        without |= columns.texts(variables.vocabulary.fields[name]).codes == MISSING
    return float(without.mean())
