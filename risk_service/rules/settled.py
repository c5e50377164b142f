"""Comparisons that no event changes: both sides are texts in quotes.

Whoever knows SQL puts names into double quotes; here ``"seller" == 'x'`` compares two texts, and is
always false.
"""

import re
from collections.abc import Iterator

from risk_service.rules.checks import fault
from risk_service.rules.faults import RuleFault
from risk_service.rules.language import COMPARISONS
from risk_service.rules.syntax import Node

_QUOTED = re.compile(r"[rR]?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")


def settled(source: str, tree: Node) -> Iterator[RuleFault]:
    """Yield what is wrong with each such comparison; the place is that of its left side."""
    for node, _ in tree.walk():
        if node.name in COMPARISONS or node.name == "@in":
            left, *others = node.parts
            if _is_text(left) and all(map(_has_no_name, others)):
                found = _QUOTED.match(source, left.at)
                yield fault(source, left.at, "settled", len(found[0]) if found else 1)


def _is_text(node: Node) -> bool:
    return node.kind == "constant" and isinstance(node.value, str)


def _has_no_name(node: Node) -> bool:
    return node.kind == "constant" or (node.kind == "list" and all(map(_is_text, node.parts)))
