"""What the language refuses before the engine checks types: names, functions, sizes."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from risk_service.rules.faults import RuleFault
from risk_service.rules.language import (
    CALLS,
    DEPTH_MAX,
    FUNCTIONS,
    KNOWN,
    LOOP_DEPTH_MAX,
    LOOPS_MAX,
    MACROS,
    PATTERN_CHARS_MAX,
    PATTERN_REPEATS_MAX,
    PATTERNS_MAX,
    RATIO,
    SOURCE_MAX,
    TERMS_MAX,
    Variables,
    near,
)
from risk_service.rules.numerals import Widening
from risk_service.rules.syntax import Node
from risk_service.rules.wording import texts

_WORD = re.compile(r"[A-Za-z_@][A-Za-z0-9_]*|[0-9.]+(?:[eE][+-]?[0-9]+)?|[<>=!&|]+")
# Macros keep their results under names that no source can hold.
_MADE_BY_MACRO = "@"
# Kinds of nodes that the language has no use for, and the fault of each.
_NOT_PART_OF_IT = {"field": "no_fields", "map": "no_maps"}
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_WORDS_OF_OTHERS = {"and": "&&", "or": "||"}
_WORDS_OF_OTHERS |= dict.fromkeys(("True", "TRUE", "yes"), "true")
_WORDS_OF_OTHERS |= dict.fromkeys(("False", "FALSE", "no"), "false")
_WORDS_OF_OTHERS |= dict.fromkeys(
    ("None", "NULL", "NaN", "nan", "nil", "undefined", "missing"),
    "known(name), which asks whether there is a value",
)
_WORDS_OF_OTHERS |= {
    f"L{level}": f"the number {level}: verified_level >= {level}" for level in range(4)
}
# Functions of other languages: what does it here, en and zh.
_NO_CLOCK = ("[rule.schedule] says when a rule is in force", "规则何时生效请写 [rule.schedule]")
_FUNCTIONS_OF_OTHERS = {
    "not": ("write !(...)", "请写 !(...)"),
    "max": ("write a > b ? a : b", "请写 a > b ? a : b"),
    "min": ("write a < b ? a : b", "请写 a < b ? a : b"),
    "abs": ("write x > 3 || x < -3", "请写 x > 3 || x < -3"),
    "len": ("write size(list)", "请写 size(列表)"),
    "count": ("write size(list), or size(list.filter(x, ...))", "请写 size(列表)"),
    "isnull": ("write !known(name)", "请写 !known(变量名)"),
    "coalesce": ("write (known(a) ? a : 0)", "请写 (known(a) ? a : 0)"),
    **dict.fromkeys(("now", "today", "date", "hour", "weekday", "timestamp"), _NO_CLOCK),
}


def fault(source: str, at: int, code: str, length: int = 0, **values: object) -> RuleFault:
    """Return a fault at a place; without a length, the word there is at fault."""
    message, hint = texts(code, **values)
    word = _WORD.match(source, max(at, 0))
    return RuleFault(source, at, length or (len(word[0]) if word else 1), message, hint)


def check_source(source: str) -> None:
    """Refuse what the engine should not even parse."""
    if len(source) > SOURCE_MAX:
        raise fault(source, SOURCE_MAX, "too_long", found=len(source), limit=SOURCE_MAX)
    if not source.strip():
        raise fault(source, 0, "empty")
    for at, character in enumerate(source):
        if not character.isprintable() and character not in "\n\r\t":
            raise fault(source, at, "bad_text", 1, number=ord(character))


def check_tree(source: str, tree: Node, variables: Variables) -> None:
    """Refuse unknown names and functions, and trees that are too large.

    Raises
    ------
    RuleFault
        At the first node in reading order that is at fault.
    """
    _check_size(source, tree)
    for node, names in _scoped(tree, frozenset(), 0, source):
        _check_node(source, node, names, variables)


def check_words(source: str, tree: Node, vocabulary: Mapping[str, Sequence[str]]) -> None:
    """Refuse texts that a variable with a closed vocabulary can never hold."""
    for node, _ in tree.walk():
        if node.name not in ("_==_", "_!=_", "@in") or len(node.parts) != 2:
            continue
        names = [part.name for part in node.parts if part.kind == "name"]
        words = vocabulary.get(names[0], ()) if names else ()
        for part, _ in (one for side in node.parts for one in side.walk()):
            if words and isinstance(part.value, str) and part.value not in words:
                raise _unknown_word(source, part, names[0], words)


def check_patterns(source: str, tree: Node) -> tuple[Node, ...]:
    """Refuse patterns that cost too much; return those that there are."""
    found = [node for node, _ in tree.walk() if node.name == "matches" and len(node.parts) == 2]
    looped = {
        id(inner) for node, _ in tree.walk() if node.kind == "loop" for inner, _ in node.walk()
    }
    for number, node in enumerate(found):
        pattern = node.parts[1]
        if not isinstance(pattern.value, str):
            raise fault(source, pattern.at, "bad_pattern", detail="no text in quotes")
        if id(node) in looped:
            raise fault(source, node.at, "pattern_in_loop")
        if number == PATTERNS_MAX or _is_large(pattern.value):
            raise fault(
                source,
                pattern.at,
                "pattern_too_large",
                len(pattern.value) + 2,
                limit=PATTERN_CHARS_MAX,
                repeats=PATTERN_REPEATS_MAX,
                patterns=PATTERNS_MAX,
            )
    return tuple(node.parts[1] for node in found)


def _is_large(pattern: str) -> bool:
    counts = [max(1, int(found[2] or found[1])) for found in _COUNT.finditer(pattern)]
    return len(pattern) > PATTERN_CHARS_MAX or math.prod(counts) > PATTERN_REPEATS_MAX


def check_divisions(source: str, widening: Widening) -> None:
    """Refuse quotients that would be infinite without anybody saying so."""
    for node in widening.divisions:
        raise fault(source, node.at, "open_division")


def check_lists(source: str, widening: Widening) -> None:
    """Refuse lists that mix kinds: a part of them could never be met."""
    for node in widening.mixed:
        raise fault(source, node.at, "mixed_list")


def _check_size(source: str, tree: Node) -> None:
    nodes = list(tree.walk())
    # What a macro unfolds to is not what was written: its own nodes all lie at its place.
    terms = len({node.at for node, _ in nodes})
    if terms > TERMS_MAX:
        raise fault(source, 0, "too_many_terms", len(source), found=terms, limit=TERMS_MAX)
    if max(depth for _, depth in nodes) > DEPTH_MAX:
        raise fault(source, 0, "too_deep", len(source), limit=DEPTH_MAX)
    loops = [node for node, _ in nodes if node.kind == "loop"]
    if len(loops) > LOOPS_MAX:
        at = loops[LOOPS_MAX].at
        raise fault(source, at, "too_many_loops", found=len(loops), limit=LOOPS_MAX)


def _scoped(
    node: Node, names: frozenset[str], loops: int, source: str
) -> Iterator[tuple[Node, frozenset[str]]]:
    """Yield every node with the names of the loops around it."""
    yield node, names
    if node.kind != "loop":
        for part in node.parts:
            yield from _scoped(part, names, loops, source)
        return
    if loops == LOOP_DEPTH_MAX:
        raise fault(source, node.at, "loops_too_deep")
    yield from _scoped(node.parts[0], names, loops, source)
    for part in node.parts[1:]:
        yield from _scoped(part, names | {node.name}, loops + 1, source)


def _check_node(source: str, node: Node, names: frozenset[str], variables: Variables) -> None:
    if node.kind == "call":
        _check_call(source, node)
    elif node.kind == "name":
        _check_name(source, node, names, variables)
    elif node.kind == "constant":
        _check_constant(source, node)
    elif node.kind in _NOT_PART_OF_IT:
        raise fault(source, node.at, _NOT_PART_OF_IT[node.kind])
    elif node.kind == "loop" and node.name in variables:
        raise fault(source, node.at, "shadows", name=node.name)


def _check_constant(source: str, node: Node) -> None:
    if node.value is None or isinstance(node.value, bytes):
        raise fault(source, node.at, "bad_constant")
    if isinstance(node.value, float) and math.isinf(node.value):
        raise fault(source, node.at, "no_number")


def _check_call(source: str, node: Node) -> None:
    if node.name not in CALLS and not node.name.startswith(_MADE_BY_MACRO):
        start = max(source.rfind(node.name, 0, node.at), 0)
        hint_en, hint_zh = _function_hint(node.name)
        raise fault(
            source, start, "unknown_function", name=node.name, hint_en=hint_en, hint_zh=hint_zh
        )
    divides = node.name in ("_/_", "_%_") and node.parts[1].kind == "constant"
    if divides and node.parts[1].value == 0:
        raise fault(source, node.parts[1].at, "zero_divisor")
    if node.name == KNOWN and (len(node.parts) != 1 or node.parts[0].kind != "name"):
        raise fault(source, node.at, "known_needs_name")


def _check_name(source: str, node: Node, names: frozenset[str], variables: Variables) -> None:
    if node.name in variables or node.name in names or node.name.startswith(_MADE_BY_MACRO):
        return
    found = near(node.name, variables)
    instead = _WORDS_OF_OTHERS.get(node.name)
    hint_en, hint_zh = "`risk rules variables` lists them", "`risk rules variables` 列出全部变量"
    if instead:
        hint_en, hint_zh = f"write {instead}", f"请写 {instead}"
    elif found:
        hint_en = f"did you mean {' or '.join(found)}?"
        hint_zh = f"是不是 {' 或 '.join(found)}？"
    raise fault(
        source, node.at, "unknown_variable", name=node.name, hint_en=hint_en, hint_zh=hint_zh
    )


def _unknown_word(source: str, node: Node, name: str, words: Sequence[str]) -> RuleFault:
    found = near(str(node.value), words)
    listed = ", ".join(words)
    return fault(
        source,
        node.at,
        "unknown_word",
        length=len(str(node.value)) + 2,
        word=node.value,
        name=name,
        hint_en=f"did you mean {' or '.join(found)}?" if found else f"one of {listed}",
        hint_zh=f"是不是 {' 或 '.join(found)}？" if found else f"可选：{listed}",
    )


def _function_hint(function: str) -> tuple[str, str]:
    names = (*sorted(FUNCTIONS), *MACROS, KNOWN, RATIO)
    if function.lower() in _FUNCTIONS_OF_OTHERS:
        return _FUNCTIONS_OF_OTHERS[function.lower()]
    found = near(function, names)
    if found:
        return f"did you mean {' or '.join(found)}?", f"是不是 {' 或 '.join(found)}？"
    listed = ", ".join(names)
    return f"there are: {listed}", f"可用函数：{listed}"
