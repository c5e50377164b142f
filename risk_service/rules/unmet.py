"""Regions that no order has: a rule that asks for one would never match, and nobody be told.

Orders have the short names of ``identity/regions.toml``, however a customer writes them. Such
rules are refused where they are published and tried; those in force since before stay, so that no
upgrade is held up.
"""

from collections.abc import Iterable, Iterator, Mapping

from risk_service.identity.region_words import REGIONS, meant_region
from risk_service.rules.checks import fault
from risk_service.rules.faults import RuleFault, RuleFileFault
from risk_service.rules.places import Places
from risk_service.rules.rule import Rule
from risk_service.rules.syntax import Node
from risk_service.rules.wording import texts

_OF_REGION = ("address_region", "phone_region")
_COMPARED = ("_==_", "_!=_", "@in")


def unmet_in(source: str, tree: Node) -> Iterator[RuleFault]:
    """Yield a fault for each text that a region is held against and that none has."""
    for node, _ in tree.walk():
        names = [part.name for part in node.parts if part.kind == "name"]
        if node.name not in _COMPARED or not set(names) & set(_OF_REGION):
            continue
        for text, _ in (one for part in node.parts for one in part.walk()):
            if isinstance(text.value, str) and text.value not in (*REGIONS, ""):
                facts = _about(text.value, names[0])
                yield fault(source, text.at, "unknown_word", len(text.value) + 2, **facts)


def unmet_of(rules: Iterable[Rule], sources: Mapping[str, str]) -> list[RuleFileFault]:
    """Return the faults of rules, at their places in the texts of their files."""
    places = {file: Places(text) for file, text in sources.items()}
    seen = dict.fromkeys(places, -1)
    found: list[RuleFileFault] = []
    for rule in rules:
        seen[rule.file] += 1
        found += _of_rule(rule, seen[rule.file], places[rule.file])
    return found


def _of_rule(rule: Rule, index: int, places: Places) -> Iterator[RuleFileFault]:
    for wrong in unmet_in(rule.expression.source, rule.expression.tree):
        place = places.inside(index, "when", wrong.line, wrong.column)
        span = (places.source_line(place[0]), wrong.length)
        yield RuleFileFault(rule.file, place, rule.id, wrong.texts, span)
    for name in sorted(rule.scope.regions - set(REGIONS)):
        line = places.key(index, "regions")
        yield _in_line(rule, line, _about(name, "regions"))
    for example in rule.examples:
        for variable in _OF_REGION:
            value = example.values.get(variable)
            if isinstance(value, str) and value not in REGIONS:
                yield _in_line(rule, example.line, _about(value, variable))


def _in_line(rule: Rule, line: int, facts: Mapping[str, str]) -> RuleFileFault:
    return RuleFileFault(rule.file, (line, 0), rule.id, texts("unknown_word", **facts))


def _about(word: str, name: str) -> dict[str, str]:
    hint = meant_region(word)
    return {"word": word, "name": name, "hint_en": hint.en, "hint_zh": hint.zh}
