"""Runs the examples of rules: what they say they match, and what they say they do not."""

from collections.abc import Iterable
from dataclasses import dataclass

from risk_service.rules.expression import Fault
from risk_service.rules.rule import Example, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleResult:
    """What came of one example. ``found`` is "match", "no match", or the code of a fault."""

    rule: Rule
    example: Example
    found: str
    missing: tuple[str, ...]

    @property
    def expected(self) -> str:
        """Return what the example says, in the words of ``found``."""
        return self.example.fault or ("match" if self.example.matches else "no match")

    @property
    def passed(self) -> bool:
        """Tell whether the rule does what the example says."""
        return self.found == self.expected


def run_examples(rules: Iterable[Rule]) -> tuple[ExampleResult, ...]:
    """Return the result of every example, rule by rule.

    Only the condition is tried: examples say nothing of scope and schedule.
    """
    return tuple(_run(rule, example) for rule in rules for example in rule.examples)


def _run(rule: Rule, example: Example) -> ExampleResult:
    result = rule.expression.evaluate(example.values)
    if isinstance(result, Fault):
        return ExampleResult(rule=rule, example=example, found=result.code, missing=result.names)
    found = "match" if result else "no match"
    return ExampleResult(rule=rule, example=example, found=found, missing=())
