"""How single things are written by ``risk explain``."""

from collections.abc import Iterable
from datetime import UTC, datetime

import click

from risk_service.cli.explain_words import Words
from risk_service.cli.language import Phrases
from risk_service.domain.currency import amount_text
from risk_service.domain.decision import Cause, Challenge, Step
from risk_service.domain.grant import LimitUse
from risk_service.domain.hits import MatchedValue
from risk_service.domain.names import bare_count, counted, subject_name, window_name, word_name
from risk_service.domain.shown import width
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel
from risk_service.rules.variables import money_variables

COLOURS = {
    Outcome.ALLOW: "green",
    Outcome.LIMIT_QUANTITY: "cyan",
    Outcome.CHALLENGE: "yellow",
    Outcome.REVIEW: "magenta",
    Outcome.DENY: "red",
}
STEP_WIDTH = 22
TOKEN_SHOWN = 11
DOT = " · "


def section(title: str, lines: Iterable[str]) -> str:
    """Return a section with its title, or nothing when it is empty."""
    body = [f"  {line}" for line in lines]
    return "\n".join([click.style(title, bold=True), *body]) if body else ""


def step(number: int, name: str, told: str) -> str:
    """Return one step of the decision on one line."""
    return f"{number} {padded(name, name, STEP_WIDTH)}{told}".rstrip()


def padded(shown: str, plain: str, columns: int) -> str:
    """Pad to a width of terminal cells; Chinese characters take two."""
    return shown + " " * max(1, columns - width(plain))


def outcome_text(outcome: Outcome, say: Words) -> str:
    """Return an outcome in its colour, and in Chinese what it means."""
    return click.style(outcome_plain(outcome, say), fg=COLOURS[outcome], bold=True)


def outcome_plain(outcome: Outcome, say: Phrases) -> str:
    """Return an outcome without a colour: answers and rules have its English name."""
    if say.language != "zh":
        return outcome.name
    return f"{word_name(outcome.name).zh} {outcome.name}"


def cause_text(cause: Cause, say: Words) -> str:
    """Return what asked for an outcome."""
    ref = say(f"abuse_{cause.ref}") if cause.step is Step.SCORE else cause.ref
    return say(f"by_{cause.step.value}", ref)


def challenge_text(challenge: Challenge, say: Words) -> str:
    """Return what the customer is to do, and until when."""
    name = challenge.kind.name
    kind = f"{word_name(name).zh} {name}" if say.language == "zh" else name
    return say("challenge", kind, challenge.challenge_id, time_text(challenge.expires_at_us))


def promotion_text(kind: PromotionType, say: Words) -> list[str]:
    """Return the name of a promotion, nothing when there is none."""
    return [word_name(kind.name).of(say.language)] if kind > PromotionType.NONE else []


def level_text(level: VerificationLevel, say: Words) -> str:
    """Return what the customer is verified to."""
    if level is VerificationLevel.UNSPECIFIED:
        return say("level_untold")
    return say("level", level.name)


def value_text(value: MatchedValue, say: Words, currency_code: str) -> str:
    """Return a variable of a rule and what it was, as the rule compares it."""
    if value.number is None:
        return f"{value.name} = {value.text or say('missing')}"
    told = f"{value.name} = {value.number:,.10g}"
    if currency_code and value.name in money_variables():
        told += f" ({amount_text(value.number, currency_code)})"
    return told


def use_text(use: LimitUse, say: Words, currency_code: str) -> str:
    """Return what an order or action met of a limit, what remains, and whether it blocks."""
    numbers = (use.requested, use.granted, use.remaining)
    told = say(
        "use",
        use.policy_id,
        subject_name(use.subject).of(say.language),
        bare_count(use.measure, use.used, currency_code),
        counted(use.measure, use.cap, currency_code).of(say.language),
        *[bare_count(use.measure, number, currency_code) for number in numbers],
    )
    notes = [use.scope] if use.scope else []
    notes.append(say("window", window_name(use.window).of(say.language)))
    notes += [say("resets", time_text(use.resets_at_us))] if use.resets_at_us else []
    notes += [say("in_shadow")] if use.shadow else []
    blocks = click.style(f"  {say('blocks')}", fg="red") if use.blocking and not use.shadow else ""
    return f"{told}{blocks}" + click.style(f"  ({DOT.join(notes)})", dim=True)


def token_text(token: str) -> str:
    """Return the beginning of a token, which tells one from another."""
    return f"{token[:TOKEN_SHOWN]}…"


def time_text(at_us: int) -> str:
    """Return a time in UTC, to the second."""
    # Whole seconds: a fraction may round up into the year 10000.
    moment = datetime.fromtimestamp(at_us // 1_000_000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
