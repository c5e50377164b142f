"""Decides stored decisions again with the versions that decided them.

Formed anew, from the stored order, the values that were read for it and the versions: model
inputs (see ``vectors``), scores, what rules say, the outcome, the reasons. Taken as recorded
is what only that moment knew: which list entries were live, what counters of limits said
(``limits`` has what follows from it), and the values of stored and live features, which
training reads the same (``tests/parity``). A part whose version is not at hand is left, and
says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from msgspec import Struct

from risk_service.decisions.findings import grey_lists
from risk_service.decisions.policy import Policy, promotions_of
from risk_service.decisions.policy_file import ABUSES
from risk_service.decisions.reasons import Reasons
from risk_service.decisions.replay.compared import (
    Differs,
    Finding,
    Lacking,
    Left,
    Part,
    Replayed,
    compared,
)
from risk_service.decisions.replay.vectors import Vectors
from risk_service.decisions.replay.verdicts import Scored, outcome_again, reasons_again
from risk_service.decisions.scoring import Floats, Models, Variant, ladders_of
from risk_service.decisions.verdict import Ladders
from risk_service.domain.decision import AbuseScore, DecisionRecord, Versions
from risk_service.domain.vocabulary import ChallengeResult, Mode
from risk_service.features.schema import FeatureSchema
from risk_service.rules.group_match import GroupFacts, GroupMatch
from risk_service.rules.order_values import OrderFacts
from risk_service.rules.rule_set import RuleSet

KEPT_VERSIONS = 16
# Whether rules were asked with history these do not tell; see ``Replayer._ruled``.
_UNTOLD = (Mode.RULES_ONLY, Mode.STATIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsAtHand:
    """What decided once, by version; None where it is not at hand."""

    policy: Policy
    reasons: Reasons
    models: Callable[[str], Models | None]
    rules: Callable[[str], RuleSet | None]


class _Kind(Struct, frozen=True):
    """What records must share to be decided again together."""

    schema: str
    bundle: str
    rules: str
    variant: Variant


class Replayer:
    """Decides groups of records again.

    Parameters
    ----------
    schema
        Of this service: records of another one are left whole.
    """

    def __init__(self, schema: FeatureSchema, at_hand: VersionsAtHand) -> None:
        self._schema = schema
        self._vectors = Vectors(schema)
        self._at_hand = at_hand
        self._models = lru_cache(KEPT_VERSIONS)(at_hand.models)
        self._ladders: dict[tuple[str, Variant], Ladders] = {}
        self._match = lru_cache(KEPT_VERSIONS)(self._match_of)

    def _match_of(self, version: str) -> GroupMatch | None:
        rules = self._at_hand.rules(version)
        return None if rules is None else GroupMatch(self._schema, rules)

    def replay(self, records: Sequence[DecisionRecord]) -> list[Replayed]:
        """Return what became of each record, in their order."""
        by_kind: dict[_Kind, list[int]] = {}
        found: dict[int, Replayed] = {}
        vectors: dict[int, Floats] = {}
        for place, record in enumerate(records):
            vector = self._vectors.of(record)
            if isinstance(vector, Differs):
                found[place] = Replayed(record.decision.decision_id, {Part.VECTOR: vector})
            else:
                vectors[place] = vector
                by_kind.setdefault(_kind(record), []).append(place)
        for kind, places in by_kind.items():
            some = [records[place] for place in places]
            replayed = self._of_kind(kind, some, [vectors[place] for place in places])
            found.update(zip(places, replayed, strict=True))
        return [found[place] for place in range(len(records))]

    def _of_kind(
        self, kind: _Kind, records: Sequence[DecisionRecord], vectors: Sequence[Floats]
    ) -> list[Replayed]:
        if kind.schema != self._schema.version:
            left = dict.fromkeys(Part, Left(Lacking.SCHEMA, kind.schema))
            return [Replayed(record.decision.decision_id, left) for record in records]
        matrix = np.array(vectors)
        scored, scores = self._scored(kind, records, matrix)
        columns = {
            Part.VECTOR: self._vectors.again(records, matrix),
            Part.SCORES: scores,
            Part.RULES: self._ruled(kind, records, matrix),
            Part.OUTCOME: [self._outcome(*one) for one in zip(records, scored, strict=True)],
            Part.REASONS: [self._reasons(*one) for one in zip(records, scored, strict=True)],
        }
        rows = zip(*columns.values(), strict=True)
        return [
            Replayed(record.decision.decision_id, dict(zip(columns, row, strict=True)))
            for record, row in zip(records, rows, strict=True)
        ]

    def _scored(
        self, kind: _Kind, records: Sequence[DecisionRecord], matrix: Floats
    ) -> tuple[list[Scored], list[Finding]]:
        names, variant = self._schema.names, kind.variant
        unscored = [Scored(names=names, row=row, variant=variant) for row in matrix]
        if not kind.bundle:
            return unscored, [compared(record.decision.scores, ()) for record in records]
        models = self._models(kind.bundle)
        if models is None:
            return unscored, [Left(Lacking.BUNDLE, kind.bundle)] * len(records)
        key = (kind.bundle, variant)
        ladders = self._ladders.setdefault(key, ladders_of(models, variant))
        rows = models.score_rows(matrix, variant)
        scored = [
            Scored(names=names, row=row, variant=variant, models=models, ladders=ladders, raw=raw)
            for row, raw in zip(matrix, rows.raw, strict=True)
        ]
        again = [
            tuple(AbuseScore(*one) for one in zip(ABUSES, *each, strict=True))
            for each in zip(rows.probability, rows.score, strict=True)
        ]
        pairs = zip(records, again, strict=True)
        return scored, [compared(record.decision.scores, scores) for record, scores in pairs]

    def _ruled(
        self, kind: _Kind, records: Sequence[DecisionRecord], matrix: Floats
    ) -> list[Finding]:
        """Ask the rules anew, with the scores as they are recorded."""
        match = self._match(kind.rules)
        if match is None:
            return [Left(Lacking.RULES, kind.rules)] * len(records)
        found: list[Finding] = []
        for _, group in groupby(range(len(records)), lambda n: _moment(records[n])):
            places = list(group)
            found += _hits(match, [records[n] for n in places], matrix[places])
        return found

    def _outcome(self, record: DecisionRecord, scored: Scored) -> Finding:
        versions = record.decision.versions
        if versions.policy != self._at_hand.policy.version:
            return Left(Lacking.POLICY, versions.policy)
        if _lacks_models(versions, scored):
            return Left(Lacking.BUNDLE, versions.bundle_sha256)
        return _sound(lambda: outcome_again(record, scored, self._at_hand.policy))

    def _reasons(self, record: DecisionRecord, scored: Scored) -> Finding:
        versions = record.decision.versions
        if versions.reason_texts != self._at_hand.reasons.version:
            return Left(Lacking.TEXTS, versions.reason_texts)
        if _lacks_models(versions, scored):
            return Left(Lacking.BUNDLE, versions.bundle_sha256)
        return _sound(lambda: reasons_again(record, scored, self._at_hand.reasons))


def _sound(form: Callable[[], Finding]) -> Finding:
    """Return what forming a part again gives; that it makes no sense was no service's doing."""
    try:
        return form()
    except (ValueError, LookupError) as error:
        return Differs(recorded="", again=f"{type(error).__name__}: {error}")


def _kind(record: DecisionRecord) -> _Kind:
    decision = record.decision
    return _Kind(
        schema=decision.versions.feature_schema,
        bundle=decision.versions.bundle_sha256,
        rules=decision.versions.rules,
        variant="order_only" if decision.mode is Mode.NO_FEATURES else "full",
    )


def _lacks_models(versions: Versions, scored: Scored) -> bool:
    return bool(versions.bundle_sha256) and scored.models is None


def _moment(record: DecisionRecord) -> tuple[int, Mode, bool]:
    """Return what the orders of one call of the rules share."""
    return record.clock_us, record.decision.mode, bool(record.decision.scores)


def _hits(match: GroupMatch, records: Sequence[DecisionRecord], matrix: Floats) -> list[Finding]:
    mode = records[0].decision.mode
    # Without models a record does not tell whether there was history; both are what it may be.
    modes = (Mode.FULL, Mode.NO_FEATURES) if mode in _UNTOLD else (mode,)
    answers = [match.hits(_facts(records, matrix, one)) for one in modes]
    found: list[Finding] = []
    for record, *each in zip(records, *answers, strict=True):
        findings = [compared(record.decision.rule_hits, hits) for hits in each]
        found.append(None if None in findings else findings[0])
    return found


def _facts(records: Sequence[DecisionRecord], matrix: Floats, mode: Mode) -> GroupFacts:
    scores = [tuple([one.score for one in record.decision.scores]) for record in records]

    def facts(place: int) -> OrderFacts:
        record = records[place]
        completion = record.completion
        return OrderFacts(
            grey_lists=grey_lists(record.decision.list_hits),
            scores=scores[place],
            attempt_number=record.decision.number,
            challenge_passed=completion is not None and completion.result is ChallengeResult.PASSED,
        )

    return GroupFacts(
        orders=[record.order for record in records],
        promotions=[promotions_of(record.order) for record in records],
        matrix=matrix,
        mode=Mode.FULL if mode is Mode.NO_LIMITS else mode,
        scores=scores,
        facts=facts,
        at_us=records[0].clock_us,
    )
