"""Which orders a rule looks at: its promotion types, schedule, campaigns, sellers, regions."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from risk_service.rules.rule import Rule
from training.backtest.sweep import RowColumn

PROMOTION_TYPES = "promotion_types"


def scope_names(rule: Rule) -> tuple[str, ...]:
    """Return the facts of an order that a rule's scope looks at."""
    promotions = (PROMOTION_TYPES,) if rule.scope.promotions else ()
    return (*promotions, *(name for name, _ in rule.scope.named))


def in_scope(
    rule: Rule, facts: Mapping[str, RowColumn], at_us: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return the orders that a rule looks at, as the live service tells them.

    Parameters
    ----------
    facts
        The columns of ``scope_names``.
    """
    found = np.ones(len(at_us), np.bool_)
    wanted = dict(rule.scope.named)
    if rule.scope.promotions:
        wanted[PROMOTION_TYPES] = frozenset(one.name for one in rule.scope.promotions)
    for name, names in wanted.items():
        values = facts[name].part(0, len(at_us))
        found &= np.array([_names_any(value, names) for value in values], np.bool_)
    if not rule.schedule.always:
        found &= np.array([rule.schedule.covers(one) for one in at_us.tolist()], np.bool_)
    return found


def _names_any(value: object, wanted: frozenset[str]) -> bool:
    if isinstance(value, list):
        return not wanted.isdisjoint(value)
    return isinstance(value, str) and value in wanted
