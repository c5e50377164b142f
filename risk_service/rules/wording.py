"""What the faults of an expression say, by code: message and hint, English and Chinese.

``{…}`` places are filled by whoever finds the fault; a hint may be empty.
"""

from risk_service.domain.text import LocalizedText

# code: message en, message zh, hint en, hint zh
_TEXTS: dict[str, tuple[str, str, str, str]] = {
    "too_long": (
        "the expression has {found} characters, at most {limit} are allowed",
        "表达式有 {found} 个字符，最多允许 {limit} 个",
        "split it into several rules",
        "请拆成多条规则",
    ),
    "too_deep": (
        "the expression is nested too deep (at most {limit} levels)",
        "表达式嵌套过深（最多 {limit} 层）",
        "split it into several rules",
        "请拆成多条规则",
    ),
    "too_many_terms": (
        "the expression has {found} terms, at most {limit} are allowed",
        "表达式有 {found} 项，最多允许 {limit} 项",
        "split it into several rules, or write x in [...] for many comparisons",
        "请拆成多条规则，或用 x in [...] 代替多次比较",
    ),
    "too_many_loops": (
        "the expression goes through lists {found} times, at most {limit} are allowed",
        "表达式遍历列表 {found} 次，最多允许 {limit} 次",
        "split it into several rules",
        "请拆成多条规则",
    ),
    "loops_too_deep": (
        "lists are gone through inside each other",
        "列表遍历不能嵌套",
        "write x in list instead of the inner one",
        "内层请写 x in 列表",
    ),
    "pattern_in_loop": (
        "a pattern cannot be tried on every element of a list",
        "不能对列表的每个元素使用正则",
        "write x.startsWith('a'), x.endsWith('a') or x.contains('a')",
        "请写 x.startsWith('a')、x.endsWith('a') 或 x.contains('a')",
    ),
    "pattern_too_large": (
        "the pattern is too large: at most {limit} characters, {repeats} for the product of its "
        "counts, {patterns} patterns in an expression",
        "正则过大：最多 {limit} 个字符，重复次数乘积不超过 {repeats}，一个表达式最多 {patterns} 个",
        "write startsWith, endsWith or contains, or split the rule",
        "请改用 startsWith、endsWith 或 contains，或拆成多条规则",
    ),
    "empty": (
        "the expression is empty",
        "表达式为空",
        "write a condition such as account__attempts_24h >= 10",
        "请写一个条件，例如 account__attempts_24h >= 10",
    ),
    "bad_text": (
        "the expression holds a character that nobody sees (U+{number:04X})",
        "表达式含有不可见字符（U+{number:04X}）",
        "take it out; a space is written with the space bar, in half width",
        "请删除该字符；空格请用半角空格",
    ),
    "syntax": ("syntax error: {detail}", "语法错误：{detail}", "{hint_en}", "{hint_zh}"),
    "foreign_sign": (
        "{sign} cannot stand here",
        "此处不能写“{sign}”",
        "{hint_en}",
        "{hint_zh}",
    ),
    "unknown_variable": (
        "there is no variable {name}",
        "没有变量 {name}",
        "{hint_en}",
        "{hint_zh}",
    ),
    "unknown_word": (
        "{word} is not among the values of {name}",
        "{word} 不是 {name} 的取值",
        "{hint_en}",
        "{hint_zh}",
    ),
    "unknown_function": (
        "there is no function {name}",
        "没有函数 {name}",
        "{hint_en}",
        "{hint_zh}",
    ),
    "no_fields": (
        "variables have no fields",
        "变量没有字段",
        "variables are flat names with two underscores, such as order__units",
        "变量名是一个整体，中间为双下划线，例如 order__units",
    ),
    "no_maps": (
        "maps are not part of the language of rules",
        "规则语言不支持映射（map）",
        "write a list: [1, 2]",
        "请写列表：[1, 2]",
    ),
    "bad_constant": (
        "null, bytes and unsigned numbers are not part of the language of rules",
        "规则语言不支持 null、字节串和无符号数",
        "ask for a missing value by known(name)",
        "判断是否缺失请用 known(变量名)",
    ),
    "no_number": (
        "no number is so large",
        "数值超出范围",
        "write one of at most 1e308",
        "请写不超过 1e308 的数",
    ),
    "known_needs_name": (
        "known takes the name of one variable",
        "known 的参数只能是一个变量名",
        "write known(account__attempts_24h)",
        "请写 known(account__attempts_24h)",
    ),
    "shadows": (
        "{name} is the name of a variable already",
        "{name} 已经是变量名",
        "call the element x: list.exists(x, x == 'a')",
        "请把元素命名为 x：list.exists(x, x == 'a')",
    ),
    "zero_divisor": (
        "division by zero",
        "除数为零",
        "divide by something else",
        "请换一个除数",
    ),
    "open_division": (
        "nothing says what this is when the divisor is 0",
        "没有说明除数为 0 时的结果",
        "write ratio(a, b), which cannot be told when b is 0, or ratio(a, b, 0) for a value then",
        "请写 ratio(a, b)（b 为 0 时无法判断）或 ratio(a, b, 0)（b 为 0 时取 0）",
    ),
    "mixed_list": (
        "this is of another kind than the first element of the list",
        "与列表第一个元素的类型不同",
        "a list holds only texts, only numbers or only flags: ['a', 'b'], [1, 2]",
        "列表只能全是文本、全是数字或全是真假值：['a', 'b']、[1, 2]",
    ),
    "bad_pattern": (
        "this pattern cannot be used: {detail}",
        "无法使用的正则表达式：{detail}",
        "a pattern is a text in quotes, in RE2 syntax",
        "正则须为引号中的文本，RE2 语法",
    ),
    "not_a_condition": (
        "the expression is a {kind}, not a condition that is true or false",
        "表达式的结果是{kind_zh}，而不是真假条件",
        "compare it: {example}",
        "请写成比较：{example}",
    ),
    "wrong_kinds": (
        "{operator} cannot take {kinds}",
        "{operator} 不能用于{kinds_zh}",
        "{hint_en}",
        "{hint_zh}",
    ),
    "settled": (
        "two texts in quotes are compared: that is the same every time",
        "比较的是两个带引号的文本，结果永远相同",
        "a name stands without quotes: seller == 'x'",
        "变量名不加引号：seller == 'x'",
    ),
    "refused": (
        "the engine refuses the expression: {detail}",
        "引擎拒绝该表达式：{detail}",
        "{hint_en}",
        "{hint_zh}",
    ),
}


def texts(code: str, **values: object) -> tuple[LocalizedText, LocalizedText]:
    """Return message and hint of a fault."""
    message_en, message_zh, hint_en, hint_zh = (text.format(**values) for text in _TEXTS[code])
    return LocalizedText(en=message_en, zh=message_zh), LocalizedText(en=hint_en, zh=hint_zh)
