"""How single things are written by ``risk explain``."""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from risk_service.cli.explain_words import Words
from risk_service.cli.limit_words import measure_text, window_text
from risk_service.decisions.cause_reasons import subject_zh
from risk_service.domain.currency import decimals_of
from risk_service.domain.decision import Cause, Step
from risk_service.domain.grant import LimitUse
from risk_service.domain.hits import MatchedValue
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel

COLOURS = {
    Outcome.ALLOW: "green",
    Outcome.LIMIT_QUANTITY: "cyan",
    Outcome.CHALLENGE: "yellow",
    Outcome.REVIEW: "magenta",
    Outcome.DENY: "red",
}
STEP_WIDTH = 22
DOT = " · "


def section(title: str, lines: Iterable[str]) -> str:
    """Return a section with its title, or nothing when it is empty."""
    body = [f"  {line}" for line in lines]
    return "\n".join([click.style(title, bold=True), *body]) if body else ""


def step(number: int, name: str, told: str) -> str:
    """Return one step of the decision on one line."""
    return f"{number} {padded(name, name, STEP_WIDTH)}{told}".rstrip()


def padded(shown: str, plain: str, width: int) -> str:
    """Pad to a width of terminal cells; Chinese characters take two."""
    cells = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in plain)
    return shown + " " * max(1, width - cells)


def outcome_text(outcome: Outcome) -> str:
    """Return an outcome in its colour."""
    return click.style(outcome.name, fg=COLOURS[outcome], bold=True)


def cause_text(cause: Cause, say: Words) -> str:
    """Return what asked for an outcome."""
    ref = say(f"abuse_{cause.ref}") if cause.step is Step.SCORE else cause.ref
    return say(f"by_{cause.step.value}", ref)


def promotion_text(kind: PromotionType) -> list[str]:
    """Return the name of a promotion, nothing when there is none."""
    return [kind.name] if kind > PromotionType.NONE else []


def level_text(level: VerificationLevel, say: Words) -> str:
    """Return what the customer is verified to."""
    if level is VerificationLevel.UNSPECIFIED:
        return say("level_untold")
    return say("level", level.name)


def value_text(value: MatchedValue, say: Words) -> str:
    """Return a variable of a rule and what it was."""
    if value.number is None:
        return f"{value.name} = {value.text or say('missing')}"
    return f"{value.name} = {value.number:,.10g}"


def said(text: LocalizedText, say: Words) -> str:
    """Return a sentence in the language that is spoken."""
    return text.zh if say.language == "zh" else text.en


def subject_text(subject: str, say: Words) -> str:
    """Return whom a limit counts."""
    return subject_zh(subject) if say.language == "zh" else subject


def use_text(use: LimitUse, say: Words) -> str:
    """Return what an order or action met of a limit, what remains, and whether it blocks."""
    told = say(
        "use",
        use.policy_id,
        subject_text(use.subject, say),
        f"{use.used:,}",
        f"{use.cap:,}",
        measure_text(use.measure, say.language),
        f"{use.requested:,}",
        f"{use.granted:,}",
        f"{use.remaining:,}",
    )
    notes = [use.scope] if use.scope else []
    notes.append(say("window", window_text(use.window, say.language)))
    notes += [say("resets", time_text(use.resets_at_us))] if use.resets_at_us else []
    notes += [say("in_shadow")] if use.shadow else []
    blocks = click.style(f"  {say('blocks')}", fg="red") if use.blocking and not use.shadow else ""
    return f"{told}{blocks}" + click.style(f"  ({DOT.join(notes)})", dim=True)


def money_text(minor: int, currency_code: str) -> str:
    """Return an amount in the currency's own unit."""
    decimals = decimals_of(currency_code)
    return f"{minor / 10**decimals:,.{decimals}f}"


def time_text(at_us: int) -> str:
    """Return a time in UTC, to the second."""
    # Whole seconds: a fraction may round up into the year 10000.
    moment = datetime.fromtimestamp(at_us // 1_000_000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
