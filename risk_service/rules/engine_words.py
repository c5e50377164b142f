"""Turns what the engine says of a refused expression into a fault with a hint."""

import re
from collections.abc import Callable

from risk_service.domain.wide_signs import WIDE, meant_by
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
# Wide signs of operators mean those of conditions; quotes have a hint of their own.
_MEANT = {"＝": "==", "＆": "&&", "｜": "||"}
_WIDE = tuple(
    (re.compile(wide), f"write {meant} in place of {wide}", f"请将 {wide} 改为 {meant}")
    for wide in WIDE
    if wide not in "“”‘’"
    for meant in [_MEANT.get(wide) or meant_by(wide)]
)
# What people write who know other languages: found at the place of the error.
_SLIPS = (
    (re.compile(r"and\b", re.IGNORECASE), "write && for and", "“并且”请写 &&"),
    (re.compile(r"or\b", re.IGNORECASE), "write || for or", "“或者”请写 ||"),
    (re.compile(r"is\b", re.IGNORECASE), "write == or known(x)", "请写 == 或 known(x)"),
    (
        re.compile(r"not\s+in\b", re.IGNORECASE),
        "write !(x in ['a', 'b'])",
        "请写 !(x in ['a', 'b'])",
    ),
    (re.compile(r"in\b", re.IGNORECASE), "write x in ['a', 'b']", "请写 x in ['a', 'b']"),
    (re.compile(r"between\b", re.IGNORECASE), "write 1 <= x && x <= 5", "请写 1 <= x && x <= 5"),
    (
        re.compile(r"i?like\b", re.IGNORECASE),
        "write x.startsWith('a'), x.endsWith('a') or x.contains('a')",
        "请写 x.startsWith('a')、x.endsWith('a') 或 x.contains('a')",
    ),
    (re.compile(r"&&|\|\|"), "a condition is missing on one side of it", "它的一侧缺少条件"),
    (re.compile(r"==+"), "write ==", "请写 =="),
    (re.compile(r"=>"), "write >=", "请写 >="),
    (re.compile(r"=<"), "write <=", "请写 <="),
    (re.compile(r"="), "write == to compare", "比较请写 =="),
    # The engine points behind the < of <>.
    (re.compile(r"(?<=<)>"), "write != for not equal", "“不等于”请写 !="),
    (re.compile(r"&"), "write && for and", "“并且”请写 &&"),
    (re.compile(r"\|"), "write || for or", "“或者”请写 ||"),
    (re.compile("[≥≤≠]"), "write >=, <= or !=", "请写 >=、<= 或 !="),
    (re.compile("[“”‘’]"), "write straight quotes: 'a'", "请用英文引号：'a'"),
    *_WIDE,
    (re.compile("并且|且|和|与"), "write && for and", "“并且”请写 &&"),
    (re.compile("或者|或"), "write || for or", "“或者”请写 ||"),
    (
        re.compile("大于|小于|等于|不等于|至少|至多"),
        "write >, <, ==, !=, >= or <=",
        "请写 >、<、==、!=、>= 或 <=",
    ),
    (re.compile(","), "write numbers without commas", "数字中不要写逗号"),
    (re.compile("%"), "write a share as a number: 0.5", "比例请写小数：0.5"),
    (
        re.compile(r"[)\]}]"),
        "a bracket too many, or of another kind than the one it closes",
        "括号多余，或与左括号不配对",
    ),
    (re.compile(r";"), "an expression ends without ;", "表达式末尾不要写分号"),
    (
        re.compile(r"\\"),
        "a backslash stands only in a text; an expression goes on in the next line without one",
        "反斜杠只能用在文本中；表达式换行不需要反斜杠",
    ),
    (re.compile(r"#|/\*|(?<=/)\*"), "a comment begins with //", "注释请以 // 开头"),
    (
        re.compile(r"[@$`~]"),
        "names are Latin letters, digits and _, without signs or quotes",
        "变量名由英文字母、数字和 _ 组成，不加符号或引号",
    ),
    (re.compile(r"[\^*]"), "write x * x for a power", "乘方请写 x * x"),
    (re.compile(r"(?<=[<>])[<>]"), "write <, <=, > or >=", "请写 <、<=、> 或 >="),
    (
        re.compile(r"(?<=\.)"),
        "digits stand behind a point: 3.0, or 3",
        "小数点后须有数字：3.0 或 3",
    ),
    (re.compile(r"!"), "write != for not equal", "“不等于”请写 !="),
    (re.compile(r":"), "write condition ? a : b", "请写 条件 ? a : b"),
    (re.compile(r"\+"), "a number needs no +", "正数不要写 +"),
    (
        re.compile(r"[^\x00-\x7f]"),
        "names are Latin letters, digits and _; texts stand in quotes: is one not closed?",
        "变量名由英文字母、数字和 _ 组成；文本须加引号，前面的文本可能缺少右引号",
    ),
    (re.compile(r"_\d"), "write numbers without _", "数字中不要写下划线"),
)
_QUOTE = re.compile(r"['\"]")
_NO_END = ("the text has no closing quote", "文本缺少右引号")
_CLOSED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BACKSLASH = (r"write \\ for a backslash, or r'...' before all of the text",
              r"反斜杠请写 \\，或在文本前加 r：r'...'")  # fmt: skip
_ONE_LINE = (r"a text ends in the line it begins in; a line break in it is written \n",
             r"文本不能跨行；其中的换行请写 \n")  # fmt: skip
_TOO_EARLY = ("the expression ends too early", "表达式不完整")
_UNIT = ("write numbers in digits alone: 10000", "数字请只写阿拉伯数字：10000")
_WORD = re.compile(r"\w")
_DIGITS = re.compile(r"[\d.]")
_UNITS = re.compile(r"[A-Za-z万亿千百元]")
_IN_ROUND = re.compile(r"\bin\s*(\([^()]*|\{[^{}]*)\Z", re.IGNORECASE)
_IN_SQUARE = ("write x in ['a', 'b'], in square brackets", "请用方括号：x in ['a', 'b']")
_NO_COMMA = ("a comma or an operator is missing before it", "前面缺少逗号或运算符")
_SHARE = ("write a share as a number: 0.5", "比例请写小数：0.5")
# What the engine itself refuses: how its words begin, hint en, hint zh.
_REFUSALS = (
    ("reserved identifier", "write the condition alone, or condition ? a : b",
     "只写条件本身，或写 条件 ? a : b"),
    ("has() argument", "ask for a missing value by known(name)", "判断是否缺失请用 known(变量名)"),
    ("undeclared reference to 'ratio'", "write ratio(a, b) or ratio(a, b, 0)",
     "请写 ratio(a, b) 或 ratio(a, b, 0)"),
    ("undeclared reference to 'size'", "write size(list)", "请写 size(列表)"),
    ("undeclared reference to '", "it takes other values: x.startsWith('a'), double(x)",
     "参数个数不对，例如 x.startsWith('a')、double(x)"),
    ("expression of type", "only a list is gone through: skus.exists(x, x == 'a')",
     "只有列表可以遍历，例如 skus.exists(x, x == 'a')"),
    ("invalid int literal", "write so large a number with a point: 1e30", "过大的数请写小数：1e30"),
)  # fmt: skip
# What an operator takes, whatever it was given.
_OF_OPERATOR = {
    "_?_:_": ("write condition ? a : b, with a and b of one kind",
              "请写 条件 ? a : b，a 与 b 类型须相同"),
    "_%_": ("write int(x) % 2", "请写 int(x) % 2"),
    "_[_]": ("only a list has elements: skus[0]; of a text write x.startsWith('a')",
             "只有列表可以取元素，例如 skus[0]；文本请写 x.startsWith('a')"),
    "size": ("size counts the elements of a list or the characters of a text",
             "size 只用于列表（元素数）或文本（字数）"),
}  # fmt: skip
_IN_TEXT = ("write x.contains('a') for a part of a text, x in ['a', 'b'] for one of several",
            "文本的一部分请写 x.contains('a')，多个值之一请写 x in ['a', 'b']")  # fmt: skip
_IN_NAME = re.compile(r"in\s+\w")
# A flag as a constant, held against what is none.
_CONSTANT_FLAG = re.compile(r"[!=]=\s*(true|false)\b")
_ORDERED = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
# A list held against a text: what was written, to say it again as it would be right.
_IN_LIST = re.compile(
    r"(?P<list>[A-Za-z_]\w*)\s*(?:(?P<op>[!=])=\s*|\.contains\(\s*)(?P<text>'[^']*'|\"[^\"]*\")"
)
# A sign of another script, which is no letter of any name.
_FOREIGN = re.compile(r"token recognition error at: '([^\x00-\x7f])")
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
        return _refused(source, 0, text.partition("\n")[0], len(source))
    line, column, detail = int(found[1]), int(found[2]), found[3]
    at = offset_of(line, column)
    kinds = _OVERLOAD.search(detail)
    if kinds:
        return _wrong_kinds(source, at, kinds[1], kinds[2])
    if detail.startswith("Syntax error: "):
        return _syntax(source, at, detail.removeprefix("Syntax error: "))
    return _refused(source, at, detail)


def _refused(source: str, at: int, detail: str, length: int = 0) -> RuleFault:
    hints = [(en, zh) for start, en, zh in _REFUSALS if detail.startswith(start)]
    hint_en, hint_zh = (hints or [("", "")])[0]
    return fault(source, at, "refused", length, detail=detail, hint_en=hint_en, hint_zh=hint_zh)


def _syntax(source: str, at: int, detail: str) -> RuleFault:
    lacks = _LACKS.search(detail)
    detail = detail.partition(" expecting ")[0]
    if lacks:
        hint_en, hint_zh = f"a {lacks[1]} is missing", f"缺少 {lacks[1]}"
    elif source[:at].rstrip().endswith("%"):
        hint_en, hint_zh = _SHARE
    elif _QUOTE.match(source, at):
        hint_en, hint_zh = _about_quote(source, at, detail)
    elif "<EOF>" in detail or source[:at].rstrip().endswith("-"):
        hint_en, hint_zh = _TOO_EARLY
    else:
        hint_en, hint_zh = _slip(source, at)
    foreign = _FOREIGN.match(detail)
    if foreign:
        return fault(source, at, "foreign_sign", sign=foreign[1], hint_en=hint_en, hint_zh=hint_zh)
    return fault(source, at, "syntax", detail=detail, hint_en=hint_en, hint_zh=hint_zh)


def _about_quote(source: str, at: int, detail: str) -> tuple[str, str]:
    if not detail.startswith("token recognition"):
        return _NO_COMMA
    closed = _CLOSED.match(source, at)
    if closed is None:
        return _NO_END
    # What is closed and yet no text holds a backslash before a letter that has no meaning.
    return _ONE_LINE if "\n" in closed[0] else _BACKSLASH


def _slip(source: str, at: int) -> tuple[str, str]:
    if source[max(at - 4, 0) : at].lower() == "not ":
        return "write !(...) for not", "“非”请写 !(...)"
    if _IN_ROUND.search(source, 0, at):
        return _IN_SQUARE
    if at and _DIGITS.match(source, at - 1) and _UNITS.match(source, at):
        return _UNIT
    for pattern, hint_en, hint_zh in _SLIPS:
        if pattern.match(source, at):
            return hint_en, hint_zh
    return _NO_COMMA if _WORD.match(source, at) else ("", "")


def _wrong_kinds(source: str, at: int, operator: str, kinds: str) -> RuleFault:
    parts = re.findall(r"list\([^)]*\)|[^,\s]+", kinds)
    hint = _list_hint(source, at, parts) or _text_hint(source, at, parts)
    hint_en, hint_zh = hint or _kinds_hint(operator, parts)
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


def _list_hint(source: str, at: int, parts: list[str]) -> tuple[str, str] | None:
    """Return a list held against a text as it should be written; None for anything else."""
    if set(parts) != {"string", "list(string)"}:
        return None
    for found in _IN_LIST.finditer(source):
        if found.start() <= at <= found.end():
            right = f"{found['text']} in {found['list']}"
            right = f"!({right})" if found["op"] == "!" else right
            return f"write {right}", f"请写 {right}"
    return None


def _text_hint(source: str, at: int, parts: list[str]) -> tuple[str, str] | None:
    """Return how a text is held against a part of it, or a flag that was written out."""
    if parts == ["string", "string"] and _IN_NAME.match(source, at):
        return _IN_TEXT
    flag = _CONSTANT_FLAG.match(source, at)
    if flag is None or parts not in (["string", "bool"], ["double", "bool"]):
        return None
    if parts[0] == "double":
        number = int(flag[1] == "true")
        return f"the variable is a number: write {number}", f"该变量是数值，请写 {number}"
    return (
        f"the variable is a text; put it in quotes as the data has it: '{flag[1]}'",
        f"该变量是文本，请按数据中的写法加引号：'{flag[1]}'",
    )


def _kinds_hint(operator: str, parts: list[str]) -> tuple[str, str]:
    if operator in _OF_OPERATOR:
        return _OF_OPERATOR[operator]
    found = set(parts)
    if operator == "@in" and not parts[1].startswith("list("):
        return _IN_SQUARE
    kinds = {part.removeprefix("list(").removesuffix(")") for part in parts}
    if kinds == {"double", "int"}:
        return (
            "compare number with number: write double(...) around the whole number",
            "数值须与数值比较：整数请写 double(...)",
        )
    if operator in ("_&&_", "_||_", "!_"):
        return "both sides must be true or false: x > 0, or a flag", "两边须为真假条件，例如 x > 0"
    if "string" in found and "list(string)" in found:
        return "write 'a' in list", "请写 'a' in 列表"
    if "string" in kinds and kinds & {"double", "int"}:
        return "a number has no quotes, a text has: 3, 'a'", "数值不加引号，文本加引号：3、'a'"
    if "bool" in found and operator in _ORDERED:
        return "compare twice: 1 < x && x < 5", "请分成两次比较：1 < x && x < 5"
    if "bool" in found:
        return "a flag needs no comparison: flag, or !flag", "真假值不需要比较：flag 或 !flag"
    return "compare number with number and text with text", "数值与数值比较，文本与文本比较"
