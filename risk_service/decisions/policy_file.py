"""Reads ``policy.toml``: the shape of the file, and tables without gaps made from it."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse, Outcome, PromotionType

ABUSES = tuple(Abuse)
Action = Literal["limit_quantity", "challenge", "review", "deny"]
ACTIONS: tuple[Action, ...] = ("limit_quantity", "challenge", "review", "deny")
OutcomeName = Literal["ALLOW", "LIMIT_QUANTITY", "CHALLENGE", "REVIEW", "DENY"]
KindName = Literal["CAPTCHA", "PHONE_CODE", "REAL_NAME"]
FailName = Literal["open", "closed", "limits_only"]
Units = Annotated[int, Field(ge=1, le=10_000)]
Seconds = Annotated[int, Field(ge=1, le=366 * 86_400)]
Factor = Annotated[float, Field(ge=0.05, le=20)]
ByPromotion = tuple[tuple[PromotionType, FailName], ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Challenges(_Strict):
    """Kinds of challenge, and how long one stays open."""

    ttl_s: Annotated[int, Field(ge=1, le=86_400)]
    kind: dict[Abuse, KindName]
    rule: KindName
    limit: KindName


class Holds(_Strict):
    """How long a reservation is held."""

    payment_s: Seconds
    review_s: Seconds
    presale_s_max: Seconds


class Completion(_Strict):
    """What the end of a challenge changes."""

    passed_satisfies: tuple[OutcomeName, ...]
    failed_outcome: OutcomeName


class Static(_Strict):
    """What is left without models and rules."""

    review_from_minor: Annotated[int, Field(ge=0)]


class PolicyFile(_Strict):
    """The contents of ``policy.toml``."""

    name: str
    actions: dict[Abuse, dict[str, dict[Action, OutcomeName]]]
    loss: dict[Abuse, dict[str, Factor]]
    challenge: Challenges
    hold: Holds
    fail: dict[str, FailName | int]
    static: Static
    units: dict[str, Units]
    completion: Completion
    worst: dict[Literal["FULL", "STALE", "NO_FEATURES"], OutcomeName]


class FailRules(_Strict):
    """What checkout does without an answer, by promotion type; ``other`` for the rest."""

    max_age_s: Seconds
    units_per_sku: Units
    other: FailName
    rules: ByPromotion


def read_policy(text: str) -> PolicyFile:
    """Return the contents.

    Raises
    ------
    ConfigFault
        Names the place at fault.
    """
    try:
        return PolicyFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigFault(f"the policy cannot be read: {error}") from error


def outcome_table(content: PolicyFile) -> dict[tuple[Abuse, PromotionType, Action], Outcome]:
    """Return what each action becomes, for every abuse and promotion type."""
    table: dict[tuple[Abuse, PromotionType, Action], Outcome] = {}
    for abuse in complete(content.actions, ABUSES):
        by_promotion = content.actions[abuse]
        _known(by_promotion, f"actions of {abuse}", "default")
        if "default" not in by_promotion:
            raise ConfigFault(f"policy, actions of {abuse}: there is no default")
        for kind in PromotionType:
            actions = by_promotion.get(kind.name, by_promotion["default"])
            if len(actions) != len(ACTIONS):
                raise ConfigFault(f"policy, actions of {abuse}, {kind.name}: four are needed")
            for action, outcome in actions.items():
                table[abuse, kind, action] = Outcome[outcome]
    return table


def shift_table(content: PolicyFile) -> dict[tuple[Abuse, PromotionType], float]:
    """Return by how much thresholds fall, in log odds, where the loss differs."""
    for abuse, factors in content.loss.items():
        _known(factors, f"loss of {abuse}")
    return {
        (abuse, PromotionType[name]): math.log(factor)
        for abuse, factors in content.loss.items()
        for name, factor in factors.items()
    }


def fail_rules(content: PolicyFile) -> FailRules:
    """Return what checkout does without an answer.

    Raises
    ------
    ConfigFault
        A name is unknown, or a value is missing or out of range.
    """
    table = dict(content.fail)
    _known(table, "fail", "default", "max_age_s", "units_per_sku")
    named = {"max_age_s": "max_age_s", "units_per_sku": "units_per_sku", "default": "other"}
    values = {field: table.pop(name, None) for name, field in named.items()}
    rules = tuple((PromotionType[name], rule) for name, rule in table.items())
    try:
        return FailRules.model_validate(values | {"rules": rules})
    except ValidationError as error:
        raise ConfigFault(f"policy, fail: {error}") from error


def complete(table: Mapping[Abuse, object], wanted: Sequence[Abuse]) -> Sequence[Abuse]:
    """Return what is wanted, once the table has it all."""
    missing = [abuse for abuse in wanted if abuse not in table]
    if missing:
        raise ConfigFault(f"policy: nothing is said about {missing[0]}")
    return wanted


def _known(table: Mapping[str, object], place: str, *others: str) -> None:
    names = {*others, *(kind.name for kind in PromotionType)}
    unknown = sorted(set(table) - names)
    if unknown:
        raise ConfigFault(
            f"policy, {place}: {unknown[0]} is not a promotion type; "
            f"there are {', '.join(kind.name for kind in PromotionType)}"
        )
