"""What no order has: a rule that asks for it would never match, and nobody be told.

Regions, currencies, and names in quotes, which are texts. Orders have the codes of ISO 4217, and
the short names of regions however a customer writes them. Such rules are refused where they are
published and tried; those in force since before stay, so that no upgrade is held up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from risk_service.domain.currency import CURRENCIES, meant_currency
from risk_service.domain.text import LocalizedText
from risk_service.identity.region_words import REGIONS, meant_region
from risk_service.rules.checks import fault
from risk_service.rules.faults import RuleFault, RuleFileFault
from risk_service.rules.places import Places
from risk_service.rules.rule import Rule
from risk_service.rules.settled import settled
from risk_service.rules.syntax import Node
from risk_service.rules.wording import texts

# What an order can have, and what to write in place of anything else.
Words = tuple[Set[str], Callable[[str], LocalizedText]]
_REGIONS: Words = (frozenset(REGIONS), meant_region)
_KNOWN: dict[str, Words] = {
    "address_region": _REGIONS,
    "phone_region": _REGIONS,
    "currency": (CURRENCIES, meant_currency),
}
_COMPARED = ("_==_", "_!=_", "@in")


def unmet_in(source: str, tree: Node) -> Iterator[RuleFault]:
    """Yield a fault for each text that a variable is held against and that no order has."""
    for node, _ in tree.walk():
        names = [part.name for part in node.parts if part.kind == "name" and part.name in _KNOWN]
        if node.name not in _COMPARED or not names:
            continue
        for text, _ in (one for part in node.parts for one in part.walk()):
            if isinstance(text.value, str) and text.value:
                facts = _wrong(text.value, names[0], _KNOWN[names[0]])
                if facts:
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
    condition = rule.expression.source, rule.expression.tree
    for wrong in (*settled(*condition), *unmet_in(*condition)):
        place = places.inside(index, "when", wrong.line, wrong.column)
        span = (places.source_line(place[0]), wrong.length)
        yield RuleFileFault(rule.file, place, rule.id, wrong.texts, span)
    line = places.key(index, "regions")
    said = [(line, "regions", name, _REGIONS) for name in sorted(rule.scope.regions)]
    said += [
        (example.line, name, value, _KNOWN[name])
        for example in rule.examples
        for name, value in example.values.items()
        if name in _KNOWN and isinstance(value, str)
    ]
    for line, name, value, words in said:
        facts = _wrong(value, name, words)
        if facts:
            yield RuleFileFault(rule.file, (line, 0), rule.id, texts("unknown_word", **facts))


def _wrong(word: str, name: str, words: Words) -> dict[str, str]:
    """Return what a fault says of a word, nothing of one that an order can have."""
    known, meant = words
    if word in known:
        return {}
    hint = meant(word)
    return {"word": word, "name": name, "hint_en": hint.en, "hint_zh": hint.zh}
