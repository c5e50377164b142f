"""The rules in force together: read all or nothing, indexed by promotion type, evaluated.

What one order pays for: the rules in scope of its promotion types are looked up, those that
cannot hold are left out by a screen in Python (see ``screen``), and the engine is asked about
the rest, each with only the values that it reads. The result is that of evaluating each rule
in scope by itself.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import Struct

from risk_service.domain.errors import ConfigFault
from risk_service.domain.hits import RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import PromotionType
from risk_service.rules.expression import Language, Variables
from risk_service.rules.faults import Fault, RuleFileFault
from risk_service.rules.hit import hit
from risk_service.rules.parse import parse_rules, try_rules
from risk_service.rules.rule import Rule, Scope
from risk_service.rules.rule_texts import SUFFIX, read_texts
from risk_service.rules.schedule import ALWAYS, Schedule
from risk_service.rules.screen import Atom, Clause, clauses, impossible, quickest
from risk_service.rules.unmet import unmet_of
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject, variables_of, vocabulary_of

# Every order pays for the rules in scope.
RULES_MAX = 2_000
# Distinct sets of promotion types in orders; far fewer occur.
PLANS_MAX = 512


class _Step(Struct, frozen=True):
    """A rule as an order meets it. ``first`` is tried before anything else."""

    rule: Rule
    first: Atom
    clauses: tuple[Clause, ...]
    named: tuple[tuple[str, frozenset[str]], ...]
    schedule: Schedule | None

    def may_hold(self, at_us: int, values: Values) -> bool:
        """Tell whether the engine must be asked: nothing rules the rule out."""
        if impossible(self.clauses, values):
            return False
        if self.schedule is not None and not self.schedule.covers(at_us):
            return False
        return not self.named or _names(self.named, values)

    def meet(self, at_us: int, values: Values, found: list[RuleHit]) -> None:
        """Add the hit of a rule that matches or cannot be evaluated."""
        if self.may_hold(at_us, values):
            result = self.rule.expression.evaluate(values)
            if result is not False:
                found.append(hit(self.rule, result, values))


_Plan = tuple[tuple[tuple[Clause, ...], _Step], ...]


class RuleSet:
    """Rules that are in force together. Immutable.

    Attributes
    ----------
    version
        ``rules-<count>+<digest>``, the digest over the sources and the kinds of all variables:
        the same text over other variables is another version.
    rules
        By id, in the order of files and places.
    texts
        The sources by file name: a rule set can be built again from them.
    reads
        Per subject, the variables that any rule asks for.
    """

    def __init__(
        self, rules: Iterable[Rule], texts: Mapping[str, str], languages: Mapping[Subject, Language]
    ) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.texts = dict(texts)
        self.version = f"rules-{len(self.rules)}+{_digest(texts, languages)}"
        self.reads = {subject: self._reads(subject) for subject in Subject}
        self._steps = {
            subject: tuple(
                _step(rule, languages[subject].variables)
                for rule in self.rules.values()
                if rule.subject is subject
            )
            for subject in Subject
        }
        self._plans: dict[tuple[Subject, frozenset[PromotionType]], _Plan] = {}

    def match(
        self,
        promotions: frozenset[PromotionType],
        at_us: int,
        values: Values,
        subject: Subject = Subject.ORDER,
    ) -> tuple[RuleHit, ...]:
        """Return every rule in scope that matches or cannot be evaluated.

        Parameters
        ----------
        promotions
            Promotion types of the order's lines and discounts, or of the action.
        at_us
            When, for schedules: microseconds since 1970 UTC.
        """
        found: list[RuleHit] = []
        for first, step in self._plan(subject, promotions):
            if not impossible(first, values):
                step.meet(at_us, values, found)
        return tuple(found)

    def match_some(
        self,
        numbers: Iterable[int],
        at_us: int,
        values: Values,
        subject: Subject = Subject.ORDER,
    ) -> tuple[RuleHit, ...]:
        """Return what ``match`` does of these rules only, by their numbers in the subject."""
        found: list[RuleHit] = []
        steps = self._steps[subject]
        for number in numbers:
            steps[number].meet(at_us, values, found)
        return tuple(found)

    def concerned(
        self, promotions: frozenset[PromotionType], subject: Subject = Subject.ORDER
    ) -> list[bool]:
        """Tell of each rule of the subject, by number, whether such orders are in its scope."""
        return [_concerns(step.rule.scope, promotions) for step in self._steps[subject]]

    def clauses(self, subject: Subject) -> list[tuple[Clause, ...]]:
        """Return the clauses of each rule of the subject, by number; see ``screen``."""
        return [step.clauses for step in self._steps[subject]]

    def in_scope(
        self, promotions: frozenset[PromotionType], subject: Subject = Subject.ORDER
    ) -> tuple[Rule, ...]:
        """Return the rules that an order of these promotion types is held against."""
        return tuple(step.rule for _, step in self._plan(subject, promotions))

    def _plan(self, subject: Subject, promotions: frozenset[PromotionType]) -> _Plan:
        key = (subject, promotions)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            plan = tuple(
                (((step.first,),), step)
                for step in self._steps[subject]
                if _concerns(step.rule.scope, promotions)
            )
            self._plans[key] = plan
        return plan

    def _reads(self, subject: Subject) -> frozenset[str]:
        names: set[str] = set()
        for rule in self.rules.values():
            if rule.subject is subject:
                names.update(rule.expression.variables, rule.expression.asks_known)
                names.update(name for name, _ in rule.scope.named)
        return frozenset(names)


@cache
def shipped_languages() -> Mapping[Subject, Language]:
    """Return the languages over the variables that the service offers."""
    return {subject: Language(variables_of(subject), vocabulary_of(subject)) for subject in Subject}


def load_rule_set(source: Path | Mapping[str, str]) -> RuleSet:
    """Read rules over the variables that the service offers, all or nothing.

    Parameters
    ----------
    source
        A directory of ``*.toml`` files, one such file, or texts by file name.

    Raises
    ------
    RuleFileFault
        A file cannot be used; names file and line, and what would be right.
    ConfigFault
        There is no rule file, or one cannot be read.
    """
    texts = source if isinstance(source, Mapping) else read_texts(source)
    languages = shipped_languages()
    first: dict[str, Rule] = {}
    for file in sorted(texts):
        for rule in parse_rules(texts[file], file, languages):
            if rule.id in first:
                raise given_twice(rule, first[rule.id])
            first[rule.id] = rule
    if len(first) > RULES_MAX:
        raise ConfigFault(f"{len(first):,} rules, at most {RULES_MAX:,} can be in force together")
    return RuleSet(first.values(), texts, languages)


def faults_of(texts: Mapping[str, str]) -> list[RuleFileFault]:
    """Return a fault for each rule that cannot be used, else what is wrong with the set."""
    tried = [try_rules(texts[file], file, shipped_languages())[1] for file in sorted(texts)]
    found = [fault for faults in tried for fault in faults]
    if not found:
        try:
            found += unmet_of(load_rule_set(texts).rules.values(), texts)
        except RuleFileFault as fault:
            found.append(fault)
    return found


@cache
def shipped_rules() -> RuleSet:
    """Return the rules that ship with the service."""
    folder = files(__package__).joinpath("shipped")
    return load_rule_set(
        {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(SUFFIX)}
    )


def _step(rule: Rule, variables: Variables) -> _Step:
    found = clauses(rule.expression.tree, variables)
    return _Step(
        rule=rule,
        first=quickest(found),
        clauses=found,
        named=rule.scope.named,
        schedule=None if rule.schedule == ALWAYS else rule.schedule,
    )


def _concerns(scope: Scope, promotions: frozenset[PromotionType]) -> bool:
    return not scope.promotions or not scope.promotions.isdisjoint(promotions)


def _names(named: tuple[tuple[str, frozenset[str]], ...], values: Mapping[str, Any]) -> bool:
    """Tell whether the values name something of each set that narrows the scope."""
    for name, wanted in named:
        value = values[name]
        found = value in wanted if isinstance(value, str) else _any_of(value, wanted)
        if not found:
            return False
    return True


def _any_of(value: object, wanted: frozenset[str]) -> bool:
    return isinstance(value, list) and not wanted.isdisjoint(value)


def _digest(texts: Mapping[str, str], languages: Mapping[Subject, Language]) -> str:
    content = {
        "texts": sorted(texts.items()),
        "variables": {
            subject: sorted(language.variables.items()) for subject, language in languages.items()
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def given_twice(rule: Rule, first: Rule) -> RuleFileFault:
    """Return the fault of a rule whose id another one has."""
    return RuleFileFault(
        rule.file,
        (rule.line, 0),
        rule.id,
        (
            LocalizedText(
                en=f"the id is taken by {first.file}:{first.line}",
                zh=f"编号已被 {first.file}:{first.line} 使用",
            ),
            LocalizedText(en="choose another id", zh="请换一个编号"),
        ),
    )


__all__ = ["Fault", "RuleSet", "given_twice", "load_rule_set", "shipped_languages", "shipped_rules"]
