"""The variables of rules: the features of the schema, and the facts of ``facts.toml``.

A subject is what a rule looks at: an order, a claim for a refund, or a promotion action.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from risk_service.domain.benefit import BenefitType, SubsidyKind
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import EntryPath, EventReason, Outcome, PromotionType
from risk_service.features.schema import load_schema
from risk_service.rules.language import Kind, Variables

# Facts that are money end so, as fields of the contract do.
MINOR = "_minor"
_VOCABULARIES = {
    "PromotionType": tuple(PromotionType.__members__),
    "EntryPath": tuple(EntryPath.__members__),
    "EventReason": tuple(EventReason.__members__),
    "Outcome": tuple(Outcome.__members__),
    "ActionType": tuple(BenefitType.__members__),
    "SubsidyKind": tuple(SubsidyKind.__members__),
}


class Subject(StrEnum):
    """What a rule looks at."""

    ORDER = "order"
    REFUND = "refund"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable; ``words`` is its closed vocabulary, empty when it has none.

    ``money`` tells that it holds smallest units of the order's or the claim's currency.
    """

    name: str
    kind: Kind
    subjects: frozenset[Subject]
    text: LocalizedText
    words: tuple[str, ...] = ()
    money: bool = False


@cache
def all_variables() -> tuple[Variable, ...]:
    """Return the facts, then the features in the order of the schema."""
    features = tuple(
        Variable(
            name=feature.name,
            kind=Kind.NUMBER,
            subjects=frozenset(Subject),
            text=LocalizedText(zh=feature.description_zh, en=feature.description_en),
            money=feature.unit == "minor",
        )
        for feature in load_schema().features
    )
    return (*_facts(), *features)


def variables_of(subject: Subject) -> Variables:
    """Return the kinds of all variables of a subject by name."""
    return {one.name: one.kind for one in all_variables() if subject in one.subjects}


@cache
def money_variables() -> frozenset[str]:
    """Return the names of all variables that are money."""
    return frozenset(one.name for one in all_variables() if one.money)


@cache
def closed_variables() -> frozenset[str]:
    """Return the names of all variables whose values are words of a closed vocabulary."""
    return frozenset(one.name for one in all_variables() if one.words)


def vocabulary_of(subject: Subject) -> dict[str, tuple[str, ...]]:
    """Return the closed vocabularies of a subject's variables by name."""
    return {one.name: one.words for one in all_variables() if subject in one.subjects and one.words}


def _facts() -> tuple[Variable, ...]:
    raw = tomllib.loads(files(__package__).joinpath("facts.toml").read_text("utf-8"))
    return tuple(
        Variable(
            name=name,
            kind=Kind(spec["kind"]),
            subjects=frozenset(Subject(subject) for subject in spec["subjects"]),
            text=LocalizedText(zh=spec["zh"], en=spec["en"]),
            words=_VOCABULARIES[spec["values"]] if "values" in spec else (),
            money=name.endswith(MINOR),
        )
        for name, spec in raw.items()
    )
