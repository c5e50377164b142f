"""From raw scores to one outcome: the worst wins.

Holds the reading of ``policy.toml`` and the combination. Knows no model: thresholds
come with the bundle, as raw scores from which an action is asked for.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.domain.decision import QuantityLimit
from risk_service.domain.errors import ConfigFault
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import (
    Abuse,
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    PromotionType,
)

ABUSES = tuple(Abuse)
Action = Literal["limit_quantity", "challenge", "review", "deny"]
OutcomeName = Literal["ALLOW", "LIMIT_QUANTITY", "CHALLENGE", "REVIEW", "DENY"]
KindName = Literal["CAPTCHA", "PHONE_CODE", "REAL_NAME"]
Units = Annotated[int, Field(ge=1, le=10_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Challenge(_Strict):
    ttl_s: Annotated[int, Field(ge=1, le=86_400)]
    kind: dict[Abuse, KindName]


class _Completion(_Strict):
    passed_satisfies: tuple[OutcomeName, ...]
    failed_outcome: OutcomeName


class PolicyFile(_Strict):
    """The contents of ``policy.toml``."""

    name: str
    actions: dict[Abuse, dict[str, dict[Action, OutcomeName]]]
    challenge: _Challenge
    units: dict[str, Units]
    completion: _Completion
    worst: dict[Literal["FULL", "STALE", "NO_FEATURES"], OutcomeName]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the policy makes of the scores of one order.

    ``causes`` are the abuses whose score led to the outcome; empty for ALLOW and for a
    failed challenge alone.
    """

    outcome: Outcome
    causes: tuple[Abuse, ...] = ()
    challenge_kind: ChallengeKind | None = None
    quantity_limits: tuple[QuantityLimit, ...] = ()


ALLOW = Verdict(outcome=Outcome.ALLOW)
Ladder = tuple[tuple[float, Action], ...]


def ladder(thresholds: Mapping[Action, float]) -> Ladder:
    """Return (raw score, action) from the lowest score up."""
    return tuple(sorted((score, action) for action, score in thresholds.items()))


class Policy:
    """The policy in force.

    Attributes
    ----------
    version
        Name and digest of the file, so that no two policies share a version.
    challenge_ttl_us
        How long a challenge stays open.
    """

    def __init__(self, text: str) -> None:
        try:
            content = PolicyFile.model_validate(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise ConfigFault(f"the policy cannot be read: {error}") from error
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.version = f"{content.name}+{digest}"
        self.challenge_ttl_us = content.challenge.ttl_s * 1_000_000
        self._kinds = {
            abuse: ChallengeKind[content.challenge.kind[abuse]]
            for abuse in _complete(content.challenge.kind, ABUSES)
        }
        self._outcomes = _outcomes(content)
        units_default = content.units.get("default", 1)
        self._units = {kind: content.units.get(kind.name, units_default) for kind in PromotionType}
        self._satisfied = frozenset(Outcome[name] for name in content.completion.passed_satisfies)
        self._failed = Outcome[content.completion.failed_outcome]
        self._worst = {Mode[name]: Outcome[worst] for name, worst in content.worst.items()}

    def judge(
        self,
        order: Order,
        raws: Sequence[float],
        ladders: Sequence[Ladder],
        mode: Mode,
        completed: ChallengeResult | None = None,
    ) -> Verdict:
        """Combine the raw scores of one order, in the order of ``Abuse``.

        Parameters
        ----------
        ladders
            Per abuse what ``ladder`` returned for the bundle's thresholds.
        completed
            How the challenge ended that led to this decision, if one did.
        """
        if completed is None and not _asked(raws, ladders):
            return ALLOW
        limits = self._limits(order)
        reached = self._reached(order, raws, ladders)
        if not limits:
            reached.discard_outcome(Outcome.LIMIT_QUANTITY)
        if completed is ChallengeResult.PASSED:
            for outcome in self._satisfied:
                reached.discard_outcome(outcome)
        worst, causes = reached.worst()
        if completed is ChallengeResult.FAILED and self._failed > worst:
            worst, causes = self._failed, ()
        outcome = min(worst, self._worst.get(mode, Outcome.DENY))
        return self._verdict(outcome, causes, limits)

    def _verdict(
        self, outcome: Outcome, causes: tuple[Abuse, ...], limits: tuple[QuantityLimit, ...]
    ) -> Verdict:
        if outcome is Outcome.ALLOW:
            return ALLOW
        challenged = outcome is Outcome.CHALLENGE
        return Verdict(
            outcome=outcome,
            causes=causes,
            challenge_kind=max(self._kinds[abuse] for abuse in causes) if challenged else None,
            quantity_limits=limits if outcome is Outcome.LIMIT_QUANTITY else (),
        )

    def _reached(
        self, order: Order, raws: Sequence[float], ladders: Sequence[Ladder]
    ) -> "_Reached":
        promotions = {line.promotion_type for line in order.lines}
        promotions.update(discount.promotion_type for discount in order.discounts)
        found: dict[Outcome, list[Abuse]] = {}
        for abuse, raw, rungs in zip(ABUSES, raws, ladders, strict=True):
            for score, action in rungs:
                if raw < score:
                    break
                for promotion in promotions:
                    outcome = self._outcomes[abuse, promotion, action]
                    causes = found.setdefault(outcome, [])
                    if abuse not in causes:
                        causes.append(abuse)
        return _Reached(found)

    def _limits(self, order: Order) -> tuple[QuantityLimit, ...]:
        asked: dict[str, int] = {}
        allowed: dict[str, int] = {}
        for line in order.lines:
            units = self._units[line.promotion_type]
            asked[line.sku] = asked.get(line.sku, 0) + line.quantity
            allowed[line.sku] = min(allowed.get(line.sku, units), units)
        return tuple(
            QuantityLimit(sku=sku, requested=count, allowed=allowed[sku])
            for sku, count in asked.items()
            if count > allowed[sku]
        )


class _Reached:
    """Outcomes that some abuse asked for, with those abuses."""

    def __init__(self, found: dict[Outcome, list[Abuse]]) -> None:
        self._found = found

    def discard_outcome(self, outcome: Outcome) -> None:
        self._found.pop(outcome, None)

    def worst(self) -> tuple[Outcome, tuple[Abuse, ...]]:
        if not self._found:
            return Outcome.ALLOW, ()
        outcome = max(self._found)
        return outcome, tuple(self._found[outcome])


def load_policy() -> Policy:
    """Return the policy that ships with the service."""
    return Policy(files(__package__).joinpath("policy.toml").read_text("utf-8"))


def _asked(raws: Sequence[float], ladders: Sequence[Ladder]) -> bool:
    return any(rungs and raw >= rungs[0][0] for raw, rungs in zip(raws, ladders, strict=True))


def _outcomes(content: PolicyFile) -> dict[tuple[Abuse, PromotionType, Action], Outcome]:
    names = {"default", *(kind.name for kind in PromotionType)}
    table: dict[tuple[Abuse, PromotionType, Action], Outcome] = {}
    for abuse in _complete(content.actions, ABUSES):
        by_promotion = content.actions[abuse]
        unknown = set(by_promotion) - names
        if unknown or "default" not in by_promotion:
            raise ConfigFault(f"policy, actions of {abuse}: unknown or no default: {unknown}")
        for kind in PromotionType:
            actions = by_promotion.get(kind.name, by_promotion["default"])
            if len(actions) != 4:
                raise ConfigFault(f"policy, actions of {abuse}, {kind.name}: four are needed")
            for action, outcome in actions.items():
                table[abuse, kind, action] = Outcome[outcome]
    return table


def _complete(table: Mapping[Abuse, object], wanted: Sequence[Abuse]) -> Sequence[Abuse]:
    missing = [abuse for abuse in wanted if abuse not in table]
    if missing:
        raise ConfigFault(f"policy: nothing is said about {missing[0]}")
    return wanted
