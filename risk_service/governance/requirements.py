"""What rules must have behind them before they decide: a time in shadow, a backtest.

A policy in data (``requirements.toml``), by outcome: the harder a rule hits, the more. A rule
that stays as it is in force needs nothing anew. Who cannot wait says why; that is kept.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.domain.errors import ConfigFault, InvalidInput, RiskError, Violation
from risk_service.domain.governed import BacktestReport, Evidence, PublishedKind, Sources
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome
from risk_service.governance.backtests import SIGNATURE_BYTES_MAX, unvouched
from risk_service.governance.free_text import check_printable, check_why
from risk_service.governance.gate_words import OF_ANOTHER, UNSIGNED, forged, too_new, unproved
from risk_service.governance.stores import PublicationStore
from risk_service.models.signature import TrustedKeys
from risk_service.rules.changes import decides_alike, flagging_sha256
from risk_service.rules.language import SOURCE_MAX
from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import RuleSet, load_rule_set
from risk_service.rules.variables import Subject

SHIPPED = "requirements.toml"
HOUR_US = 3_600_000_000
# So many changes of what is in force are looked back at, at most.
HISTORY_MAX = 100
REPORTS_MAX = 200
RULE_ID_CHARS_MAX, DATA_CHARS_MAX = 64, 200
_SHA256 = re.compile(r"[0-9a-f]{64}")

OutcomeName = Literal["LIMIT_QUANTITY", "CHALLENGE", "REVIEW", "DENY"]


class Requirement(BaseModel):
    """What rules of one outcome need."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shadow_hours: Annotated[float, Field(ge=0, le=24 * 366)]
    backtest: bool


class Requirements(BaseModel):
    """The contents of the file; an outcome that it does not name needs nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    rules: dict[OutcomeName, Requirement] = {}

    def of(self, outcome: Outcome) -> Requirement:
        """Return what rules of an outcome need."""
        return self.rules.get(outcome.name, NOTHING)  # type: ignore[call-overload, no-any-return]  # a name of Outcome


NOTHING = Requirement(shadow_hours=0, backtest=False)


def load_requirements(path: Path | None = None) -> Requirements:
    """Read a file of requirements, or the shipped one.

    Raises
    ------
    ConfigFault
        It cannot be read, or says something else; names what.
    """
    name = SHIPPED if path is None else str(path)
    try:
        text = _shipped_text() if path is None else path.read_text("utf-8")
        return Requirements.model_validate(tomllib.loads(text))
    except OSError as error:
        raise ConfigFault(f"{name}: {error.strerror}") from error
    except ValidationError as error:
        told = [
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigFault(f"{name}: " + "; ".join(told)) from error
    except (ValueError, RecursionError) as error:
        # No UTF-8, no TOML, a number of thousands of digits, or brackets in brackets.
        raise ConfigFault(f"{name}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGate:
    """Holds rules that are to decide against what is required of them.

    Parameters
    ----------
    now_us
        The clock of the trail.
    trusted
        Returns the keys that vouch for reports of backtests: those of model bundles.
    """

    requirements: Requirements
    store: PublicationStore
    now_us: Callable[[], int]
    trusted: Callable[[], TrustedKeys]
    read: Callable[[Sources], RuleSet] = load_rule_set

    def missing(self, proposed: RuleSet, evidence: Evidence) -> tuple[Violation, ...]:
        """Return what rules that would decide otherwise than before still lack.

        Raises
        ------
        InvalidInput
            A report says that a key vouches for it which does not. No emergency does without
            that: who approves, and the trail, are told who signed.
        """
        self._check_signatures(evidence.backtests)
        active = self.store.active(PublishedKind.RULES)
        before = None if active is None else self._rules(active.number)
        fresh = [rule for rule in proposed.rules.values() if _is_new(rule, before)]
        return tuple(
            Violation(
                field=f"{rule.file}:{rule.line}",
                description=f"rule {rule.id} {words.en}",
                description_zh=f"规则 {rule.id} {words.zh}",
            )
            for rule, words in self._lacks(fresh, evidence)
        )

    def _check_signatures(self, reports: tuple[BacktestReport, ...]) -> None:
        keys = self.trusted() if any(one.signature for one in reports) else {}
        found = tuple(
            Violation(
                field=f"backtests[{place}].signature",
                description=forged(words).en,
                description_zh=forged(words).zh,
            )
            for place, one in enumerate(reports)
            if one.signature and (words := unvouched(one, keys))
        )
        if found:
            raise InvalidInput(found)

    def _lacks(self, rules: list[Rule], evidence: Evidence) -> Iterator[tuple[Rule, LocalizedText]]:
        asked = {rule.id: self.requirements.of(rule.outcome) for rule in rules}
        hours = self._hours([rule for rule in rules if asked[rule.id].shadow_hours])
        for rule in rules:
            need = asked[rule.id].shadow_hours
            if need and hours[rule.id] < need:
                yield rule, too_new(rule, hours[rule.id], need)
            if asked[rule.id].backtest and rule.subject is Subject.ORDER:
                words = _unproved(rule, evidence.backtests)
                if words:
                    yield rule, words

    def _hours(self, rules: list[Rule]) -> dict[str, float]:
        """Return how long each rule has been in force just so, in shadow or not."""
        if not rules:
            return {}
        watched_us = dict.fromkeys([rule.id for rule in rules], 0)
        until_us = self.now_us()
        read = cache(self._rules)
        for at_us, number in self.store.history(PublishedKind.RULES, HISTORY_MAX):
            there = read(number)
            for rule in rules:
                found = there.rules.get(rule.id) if there else None
                if found is not None and decides_alike(found, rule):
                    watched_us[rule.id] += max(0, until_us - at_us)
            until_us = min(until_us, at_us)
        return {rule_id: us / HOUR_US for rule_id, us in watched_us.items()}

    def _rules(self, number: int) -> RuleSet | None:
        """Return the rules of a publication; None when this version cannot read them any more."""
        sources = self.store.sources(number)
        try:
            return self.read(sources)
        except RiskError:
            return None


def check_evidence(evidence: Evidence) -> None:
    """Refuse what is no evidence.

    Raises
    ------
    InvalidInput
        There is too much of it, or it tells of nothing.
    """
    if len(evidence.backtests) > REPORTS_MAX:
        raise InvalidInput.at("backtests", f"at most {REPORTS_MAX} reports are taken")
    check_why("emergency", evidence.emergency, low=0)
    for place, report in enumerate(evidence.backtests):
        _check_report(f"backtests[{place}]", report)


def _check_report(field: str, report: BacktestReport) -> None:
    """Refuse what no backtest writes: it is kept, and shown to whoever approves."""
    if not _SHA256.fullmatch(report.sha256):
        raise InvalidInput.at(f"{field}.sha256", "must be the SHA-256 of the report")
    for name in ("rule_sha256", "data_sha256"):
        value = getattr(report, name)
        if value and not _SHA256.fullmatch(value):
            raise InvalidInput.at(f"{field}.{name}", "must be a SHA-256 in hex")
    check_printable(f"{field}.rule_id", report.rule_id, RULE_ID_CHARS_MAX)
    check_printable(f"{field}.data", report.data, DATA_CHARS_MAX)
    _check_expression(f"{field}.expression", report.expression)
    if len(report.signature) > SIGNATURE_BYTES_MAX:
        raise InvalidInput.at(f"{field}.signature", "is none")
    _check_counts(field, report)


def _check_expression(field: str, text: str) -> None:
    # The printable characters and line ends that a condition may hold.
    shown = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    if len(text) > SOURCE_MAX or not shown.strip() or not shown.isprintable():
        raise InvalidInput.at(
            field, f"must be a condition of at most {SOURCE_MAX} printable characters"
        )


def _check_counts(field: str, report: BacktestReport) -> None:
    if not 0 <= report.events_flagged <= report.events_read or not report.events_read:
        words = "must be at least 1, and no fewer than are flagged"
        raise InvalidInput.at(f"{field}.events_read", words)
    for name in ("abuse_flagged", "honest_flagged"):
        if not 0 <= getattr(report, name) <= report.events_flagged:
            raise InvalidInput.at(f"{field}.{name}", "must be from 0 to events_flagged")


def _shipped_text() -> str:
    return files("risk_service.governance").joinpath(SHIPPED).read_text("utf-8")


def _is_new(rule: Rule, before: RuleSet | None) -> bool:
    """Tell whether a rule would decide what it does not decide now."""
    if rule.is_shadow:
        return False
    there = before.rules.get(rule.id) if before else None
    return there is None or there.is_shadow or not decides_alike(there, rule)


def _unproved(rule: Rule, reports: tuple[BacktestReport, ...]) -> LocalizedText | None:
    """Return what is missing of a backtest of a rule, None when one is there.

    Parameters
    ----------
    reports
        Whose signatures, where they have one, were verified.
    """
    about = [one for one in reports if one.rule_id in (rule.id, "")]
    fitting = [one for one in about if _is_of(one, rule)]
    if any(one.signature for one in fitting):
        return None
    if fitting:
        return UNSIGNED
    return OF_ANOTHER if any(one.rule_id for one in about) else unproved(rule)


def _is_of(report: BacktestReport, rule: Rule) -> bool:
    """Tell whether a report is of a rule just so, or of its bare condition on everything."""
    # Word for word: where a line ends a comment ends, and a condition goes on.
    if report.expression.strip() != rule.expression.source.strip():
        return False
    return not report.rule_id or report.rule_sha256 == flagging_sha256(rule)
