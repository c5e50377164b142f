"""Turns what the engine says of a refused expression into a fault with a hint."""

import re
from collections.abc import Callable

from risk_service.rules.checks import fault
from risk_service.rules.faults import RuleFault
from risk_service.rules.language import DEPTH_MAX, OPERATORS

_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_OVERLOAD = re.compile(r"found no matching overload for '(.+?)' applied to '\((.*)\)'")
_KINDS = {
    "double": ("a number", "数值"),
    "int": ("a whole number", "整数"),
    "bool": ("a flag", "真假值"),
    "string": ("a text", "文本"),
    "list(string)": ("texts", "文本列表"),
    "list(double)": ("a list of numbers", "数值列表"),
    "list(int)": ("a list of whole numbers", "整数列表"),
}
# What people write who know other languages: found at the place of the error.
_SLIPS = (
    (re.compile(r"and\b", re.IGNORECASE), "write && for and", "“并且”请写 &&"),
    (re.compile(r"or\b", re.IGNORECASE), "write || for or", "“或者”请写 ||"),
    (re.compile(r"is\b"), "write == or known(x)", "请写 == 或 known(x)"),
    (re.compile(r"==+"), "write ==", "请写 =="),
    (re.compile(r"="), "write == to compare", "比较请写 =="),
    (re.compile(r"<>|>\s"), "write != for not equal", "“不等于”请写 !="),
    (re.compile(r"&"), "write && for and", "“并且”请写 &&"),
    (re.compile(r"\|"), "write || for or", "“或者”请写 ||"),
    (re.compile("[≥≤≠]"), "write >=, <= or !=", "请写 >=、<= 或 !="),
    (re.compile("[“”‘’]"), "write straight quotes: 'a'", "请用英文引号：'a'"),
    (re.compile("[，。（）；]"), "write ASCII punctuation", "请用英文标点"),
    (re.compile(","), "write numbers without commas", "数字中不要写逗号"),
    (re.compile("%"), "write a share as a number: 0.5", "比例请写小数：0.5"),
    (re.compile(r"\)"), "a bracket too many", "右括号多余"),
    (re.compile(r"['\"]"), "the text has no closing quote", "文本缺少右引号"),
)
_LACKS = re.compile(r"missing '(.)'")


def understand(source: str, text: str, offset_of: Callable[[int, int], int]) -> RuleFault:
    """Return the fault that the engine's words describe.

    Parameters
    ----------
    offset_of
        Turns line and column of what was compiled into the place in ``source``.
    """
    if "recursion" in text:
        return fault(source, 0, "too_deep", len(source), limit=DEPTH_MAX)
    found = _ERROR.search(text)
    if found is None:
        return fault(source, 0, "refused", len(source), detail=text.partition("\n")[0])
    line, column, detail = int(found[1]), int(found[2]), found[3]
    at = offset_of(line, column)
    kinds = _OVERLOAD.search(detail)
    if kinds:
        return _wrong_kinds(source, at, kinds[1], kinds[2])
    if detail.startswith("Syntax error: "):
        return _syntax(source, at, detail.removeprefix("Syntax error: "))
    return fault(source, at, "refused", detail=detail)


def _syntax(source: str, at: int, detail: str) -> RuleFault:
    lacks = _LACKS.search(detail)
    detail = detail.partition(" expecting ")[0]
    if lacks:
        hint_en, hint_zh = f"a {lacks[1]} is missing", f"缺少 {lacks[1]}"
    elif "<EOF>" in detail:
        hint_en, hint_zh = "the expression ends too early", "表达式不完整"
    else:
        hint_en, hint_zh = _slip(source, at)
    return fault(source, at, "syntax", detail=detail, hint_en=hint_en, hint_zh=hint_zh)


def _slip(source: str, at: int) -> tuple[str, str]:
    if source[max(at - 4, 0) : at].lower() == "not ":
        return "write !(...) for not", "“非”请写 !(...)"
    for pattern, hint_en, hint_zh in _SLIPS:
        if pattern.match(source, at):
            return hint_en, hint_zh
    return "", ""


def _wrong_kinds(source: str, at: int, operator: str, kinds: str) -> RuleFault:
    parts = re.findall(r"list\([^)]*\)|[^,\s]+", kinds)
    hint_en, hint_zh = _kinds_hint(operator, parts)
    return fault(
        source,
        at,
        "wrong_kinds",
        operator=OPERATORS.get(operator, operator),
        kinds=" and ".join(_KINDS.get(part, (part, part))[0] for part in parts),
        kinds_zh="和".join(_KINDS.get(part, (part, part))[1] for part in parts),
        hint_en=hint_en,
        hint_zh=hint_zh,
    )


def _kinds_hint(operator: str, parts: list[str]) -> tuple[str, str]:
    found = set(parts)
    if found == {"double", "int"} and operator != "_%_":
        return (
            "compare number with number: write double(...) around the whole number",
            "数值须与数值比较：整数请写 double(...)",
        )
    if operator == "_%_":
        return "write int(x) % 2", "请写 int(x) % 2"
    if operator in ("_&&_", "_||_", "!_"):
        return "both sides must be true or false: x > 0, or a flag", "两边须为真假条件，例如 x > 0"
    if "string" in found and found & {"double", "int"}:
        return "a number has no quotes, a text has: 3, 'a'", "数值不加引号，文本加引号：3、'a'"
    if "string" in found and "list(string)" in found:
        return "write 'a' in list", "请写 'a' in 列表"
    if "bool" in found:
        return "a flag needs no comparison: flag, or !flag", "真假值不需要比较：flag 或 !flag"
    return "compare number with number and text with text", "数值与数值比较，文本与文本比较"
