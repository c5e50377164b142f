"""What ``risk explain`` tells alike of orders, claims and actions: lists, rules, scores, words."""

from collections.abc import Iterable, Iterator

import click

from risk_service.cli.explain_format import (
    DOT,
    cause_text,
    challenge_text,
    outcome_plain,
    outcome_text,
    padded,
    time_text,
    value_text,
)
from risk_service.cli.explain_words import Words
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import (
    AbuseScore,
    Cause,
    Decision,
    DecisionRecord,
    Step,
    Versions,
)
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.names import subject_name, word_name
from risk_service.domain.vocabulary import Outcome

NAME_WIDTH = 18
OUTCOME_WIDTH = {"en": 15, "zh": 24}
RULE_INDENT = "      "
QUANTITY = "limit_quantity"


def head_text(
    record: DecisionRecord | AssessmentRecord, about: str, decided: str, say: Words
) -> str:
    """Return the outcome, what it is about, when it was decided, and after which challenge."""
    decision, done = record.decision, record.completion
    lines = [f"{outcome_text(decision.outcome, say)}  {decision.decision_id}", about, decided]
    if done is not None:
        result = word_name(done.result.name).of(say.language)
        lines.append(say("after_challenge", done.challenge_id, result))
    return "\n".join(lines)


def decided_text(decision: Decision, say: Words) -> str:
    """Return when it was decided, and what was there for it."""
    mode = decision.mode.name
    return say("decided", time_text(decision.decided_at_us), mode, say(f"mode_{mode}"))


def lists_text(decision: Decision, kind: str, say: Words) -> str:
    """Return the entries of one kind of list that were met; grey ones beside allow lists."""
    told = [
        say("list_hit", hit.list_id, entity_text(hit, say), hit.entry_id, hit.reason)
        for hit in decision.list_hits
        if hit.kind == kind
    ]
    if kind == "allow":
        told += [
            say("grey_hit", hit.list_id, entity_text(hit, say), hit.entry_id)
            for hit in decision.list_hits
            if hit.kind == "grey"
        ]
    return ("；" if say.language == "zh" else "; ").join(told) or say("none_hit")


def entity_text(hit: ListHit, say: Words) -> str:
    """Return what the entry of a list is about."""
    return subject_name(hit.entity).of(say.language)


def rules_text(hits: Iterable[RuleHit], say: Words) -> str:
    """Return how many rules matched, were watched, and could not be evaluated."""
    faults = [hit for hit in hits if hit.fault]
    matched = [hit for hit in hits if not hit.fault]
    if not (faults or matched):
        return say("none_hit")
    shadow = [hit for hit in matched if hit.shadow]
    return say("rules_counted", len(matched) - len(shadow), len(shadow), len(faults))


def rule_lines(decision: Decision, say: Words, currency_code: str) -> Iterator[str]:
    """Yield each rule with the values that it matched and what it says."""
    for hit in decision.rule_hits:
        yield from _rule(hit, decision.causes, say, currency_code)


def _rule(hit: RuleHit, causes: Iterable[Cause], say: Words, currency_code: str) -> Iterator[str]:
    notes = [say("in_shadow")] if hit.shadow else []
    notes += [say("fault", word_name(hit.fault).of(say.language))] if hit.fault else []
    notes += [
        say("suppressed", cause.suppressed_by)
        for cause in causes
        if cause.step is Step.RULE and cause.ref == hit.rule_id and cause.suppressed_by
    ]
    counts = not notes
    width = OUTCOME_WIDTH[say.language]
    plain = outcome_plain(hit.outcome, say)
    outcome = outcome_text(hit.outcome, say) if counts else plain
    told = f"{RULE_INDENT}{padded(outcome, plain, width)}{hit.rule_id}"
    yield told + (click.style(f"  ({', '.join(notes)})", dim=True) if notes else "")
    under = " " * (len(RULE_INDENT) + width)
    values = ", ".join(value_text(value, say, currency_code) for value in hit.values)
    if values:
        yield click.style(f"{under}{values}", dim=True)
    if not hit.fault:
        yield f"{under}{hit.analyst_text.of(say.language)}"


def score_line(
    score: AbuseScore, causes: Iterable[Cause], marks: dict[str, int], without: str, say: Words
) -> str:
    """Return one score, what it asks for, and from which scores on what is asked for.

    Parameters
    ----------
    without
        What is said where there are no marks: a name of :class:`Words`.
    """
    cause = next((c for c in causes if c.step is Step.SCORE and c.ref == score.abuse), None)
    asked = _asked_nothing(score, marks, say)
    if cause is not None:
        asked = say("asks", outcome_text(cause.outcome, say))
    if cause is not None and cause.suppressed_by:
        asked += f" ({say('suppressed', cause.suppressed_by)})"
    ladder = DOT.join(
        say("from", word_name(action.upper()).of(say.language), mark)
        for action, mark in marks.items()
    )
    name = say(f"abuse_{score.abuse.value}")
    return (
        f"{RULE_INDENT}{padded(name, name, NAME_WIDTH)}{score.score:>4}"
        f"  {say('probability', score.probability)}  {asked}"
        + click.style(f"  [{ladder or say(without)}]", dim=True)
    )


def _asked_nothing(score: AbuseScore, marks: dict[str, int], say: Words) -> str:
    """Return that a score asks for nothing, and why where it is above a mark."""
    if [action for action, mark in marks.items() if score.score > mark] == [QUANTITY]:
        return say("nothing_to_limit", word_name(QUANTITY.upper()).of(say.language))
    return say("asks_nothing")


def worst_text(decision: Decision, say: Words) -> str:
    """Return the outcome and what asked for it."""
    outcome = outcome_text(decision.outcome, say)
    if decision.outcome is Outcome.ALLOW:
        return say("nothing_asked", outcome)
    decisive = [
        cause
        for cause in decision.causes
        if cause.outcome is decision.outcome and not cause.suppressed_by
    ]
    between = "、" if say.language == "zh" else ", "
    return say("asked_by", outcome, between.join(cause_text(cause, say) for cause in decisive))


def reason_lines(decision: Decision, say: Words) -> Iterator[str]:
    """Yield what analysts read of each reason."""
    for reason in decision.reasons:
        share = reason.contribution
        note = f"  {say('contribution', f'{share:+.2f}')}" if share else ""
        code = click.style(reason.code, bold=True)
        yield f"{code}  {reason.analyst_text.of(say.language)}" + click.style(note, dim=True)


def customer_lines(decision: Decision, say: Words) -> Iterator[str]:
    """Yield what the customer may be told, each sentence once."""
    if decision.outcome is Outcome.ALLOW:
        yield say("no_reason")
    yield from dict.fromkeys(reason.customer_text.of(say.language) for reason in decision.reasons)
    for limit in decision.quantity_limits:
        yield say("sold", limit.sku, limit.allowed, limit.requested)
    if decision.challenge is not None:
        yield challenge_text(decision.challenge, say)


def version_lines(versions: Versions) -> Iterator[str]:
    """Yield the version of everything that decided."""
    for name in versions.__struct_fields__:
        value = getattr(versions, name)
        if value:
            yield f"{name:<16}{value}"
