"""Text work that both address grammars share: scripts, dashes, Chinese numerals."""

import re

HAN = r"\u3400-\u9fff\u3007"
_HAN = re.compile(f"[{HAN}]")
_DASHES = re.compile(r"[‐‑‒–—―−~〜～_/\\]+")
_GAPS = re.compile(r"(?<=\d)[,.、，;:· ]+(?=[a-z]?\d)")
_NUMERAL = "零〇一二三四五六七八九十百两"
_DIGIT = {char: str(value) for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "两": "2",
}
_HAS_NUMERAL = re.compile(f"[{_NUMERAL}]")
# Numerals count only before a unit: in 三里屯 or 五道口 they are part of a name.
_COUNTED = re.compile(
    f"[{_NUMERAL}]+(?=号|栋|幢|座|单元|梯|层|楼|室|房|户|弄|巷|段|街|路|道|组|期|区|之|门\\d|-?\\d|#)"
    f"|(?<=[\\d号栋幢座元梯层楼之-])[{_NUMERAL}]+"
)


def has_han(text: str) -> bool:
    """Tell whether the text holds a Chinese character."""
    return _HAN.search(text) is not None


def hyphenate(text: str) -> str:
    """Write every dash and slash as ``-``."""
    return _DASHES.sub("-", text)


def hyphenate_gaps(text: str) -> str:
    """Write a gap between two numbers as ``-``, so that ``3 501`` does not become 3501."""
    return _GAPS.sub("-", text)


def arabic_numerals(text: str) -> str:
    """Write counted Chinese numerals as digits: ``十二号楼`` becomes ``12号楼``."""
    return _COUNTED.sub(_to_arabic, text) if _HAS_NUMERAL.search(text) else text


def _to_arabic(match: re.Match[str]) -> str:
    numeral = match.group()
    if "十" not in numeral and "百" not in numeral:
        # Read digit by digit: 五〇一室 is room 501.
        return "".join(_DIGIT[char] for char in numeral)
    hundreds, _, rest = numeral.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    total = _small(hundreds, 1) * 100 if "百" in numeral else 0
    total += _small(tens.strip("零〇"), 1) * 10 if ten else 0
    return str(total + _small(ones.strip("零〇"), 0))


def _small(numeral: str, if_empty: int) -> int:
    digits = "".join(_DIGIT.get(char, "") for char in numeral)
    return int(digits) if digits else if_empty
