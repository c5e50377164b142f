"""The rules-only baseline: a few readable rules per abuse, scored by weight of hits."""

import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from training.train.table_file import read_table
from training.words import fault

Floats = NDArray[np.float64]
DEFAULT_RULES = Path(__file__).with_name("rules.toml")
CONDITION = re.compile(r"([a-z][a-z0-9_]*) (>=|<=|>|<|==) (-?[0-9]+(?:\.[0-9]+)?)")
OPERATORS: dict[str, Callable[[Floats, float], NDArray[np.bool_]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


class Rule(BaseModel):
    """One rule: it holds when every condition holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    when: Annotated[
        tuple[Annotated[str, Field(pattern=f"^{CONDITION.pattern}$")], ...], Field(min_length=1)
    ]
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RuleBook(BaseModel):
    """The rules of every abuse."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    scalping: tuple[Rule, ...]
    brushing: tuple[Rule, ...]
    refund: tuple[Rule, ...]

    def score(self, abuse: Abuse, matrix: Floats, features: tuple[str, ...]) -> Floats:
        """Return the weight of the hits of each row, shape (n,).

        Raises
        ------
        ConfigFault
            A rule names a feature that the matrix does not have.
        """
        rules: tuple[Rule, ...] = getattr(self, abuse.value)
        column = {name: at for at, name in enumerate(features)}
        score = np.zeros(len(matrix))
        for rule in rules:
            holds = np.ones(len(matrix), dtype=np.bool_)
            for condition in rule.when:
                name, sign, value = _parts(condition)
                if name not in column:
                    told = {"abuse": abuse, "rule": rule.name, "name": name}
                    raise ConfigFault(fault("rule_feature", **told))
                holds &= OPERATORS[sign](matrix[:, column[name]], value)
            score[holds] += rule.weight
        return score


def _parts(condition: str) -> tuple[str, str, float]:
    match = CONDITION.fullmatch(condition)
    if match is None:  # the pattern of Rule.when has already refused it
        raise ConfigFault(fault("not_a_condition", text=condition))
    return match[1], match[2], float(match[3])


def load_rules(path: Path = DEFAULT_RULES) -> RuleBook:
    """Read a rule book.

    Raises
    ------
    ConfigFault
        The file cannot be read or a rule is malformed.
    """
    return read_table(path, RuleBook)
