"""What a rule's texts say otherwise than their author may think; nothing of it is refused."""

import string
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from risk_service.domain.text import LocalizedText
from risk_service.rules.hit import MONEY
from risk_service.rules.places import Places
from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import RuleSet
from risk_service.rules.variables import money_variables


class Remark(Struct, frozen=True, kw_only=True):
    """Something to look at; line and column count from 1, column 0 is the whole line.

    ``length`` is how many characters of ``source_line`` are meant.
    """

    file: str
    line: int
    column: int
    length: int
    source_line: str
    rule_id: str
    message: LocalizedText
    hint: LocalizedText


def remarks_of(rule_set: RuleSet) -> list[Remark]:
    """Return what stands out in rules that can be used, in the order of their files.

    A bare ``{claim_minor}`` goes on telling the number: texts that are in force may name the unit
    themselves, and replay compares what they said (docs/adr/0140).
    """
    places = {file: Places(text) for file, text in rule_set.texts.items()}
    seen: Counter[str] = Counter()
    found: list[Remark] = []
    for rule in rule_set.rules.values():
        index = seen[rule.file]
        seen[rule.file] += 1
        found += _bare_amounts(rule, index, places[rule.file])
    return found


def _bare_amounts(rule: Rule, index: int, places: Places) -> Iterator[Remark]:
    for key, text in (("analyst_zh", rule.analyst.zh), ("analyst_en", rule.analyst.en)):
        quoted = ((name, form) for _, name, form, _ in string.Formatter().parse(text) if name)
        for name in dict.fromkeys(name for name, form in quoted if not form):
            if name in money_variables():
                written, instead = f"{{{name}}}", f"{{{name}:{MONEY}}}"
                line, column = places.quoted(index, key, written)
                yield Remark(
                    file=rule.file, line=line, column=column, length=len(written),
                    source_line=places.source_line(line), rule_id=rule.id,
                    message=LocalizedText(
                        zh=f"{key}：{written} 显示最小货币单位的数值，如 199900",
                        en=f"{key}: {written} tells the number of smallest units, such as 199900",
                    ),
                    hint=LocalizedText(
                        zh=f"写 {instead} 则按订单币种显示金额，如 1,999.00 CNY",
                        en=f"{instead} tells the amount in its currency, such as 1,999.00 CNY",
                    ),
                )  # fmt: skip
