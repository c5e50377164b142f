"""Invented persons: names, phone numbers in many formats, id numbers with valid checks."""

from typing import Any

import numpy as np

from training.simulate.arrays import Array, mix

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许"
    "韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红"
    "建文志国春晓宇浩欣怡佳琪子轩梓涵雨泽思远俊凯婷雪梅琳"
)
_PREFIXES = (
    *("130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "152", "155"),
    *("156", "157", "158", "159", "166", "173", "176", "177", "178", "180", "181", "182", "183"),
    *("185", "186", "187", "188", "189", "191", "198", "199"),
)
VIRTUAL_PREFIXES = ("162", "165", "167", "170", "171")
_REGION_CODES = ("110105", "310115", "440106", "330106", "320102", "510107", "420111", "610113")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PHONE_FORMATS = 5


def name_text(word: int) -> str:
    """Return the name that belongs to a 64-bit word: a surname and one or two characters."""
    surname = _SURNAMES[word % len(_SURNAMES)]
    first = _GIVEN[(word >> 12) % len(_GIVEN)]
    second = _GIVEN[(word >> 24) % len(_GIVEN)] if (word >> 36) % 5 else ""
    return surname + first + second


def phone_text(word: int, is_virtual: bool, style: int) -> str:
    """Return the number that belongs to a 64-bit word, typed in one of the styles."""
    prefixes = VIRTUAL_PREFIXES if is_virtual else _PREFIXES
    digits = prefixes[word % len(prefixes)] + f"{(word >> 16) % 100_000_000:08d}"
    if style == 1:
        return f"+86{digits}"
    if style == 2:
        return f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    if style == 3:
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
    return f"+86 {digits[:3]}-{digits[3:7]}-{digits[7:]}" if style == 4 else digits


def id_number(word: int) -> str:
    """Return an 18-digit id number with a valid check digit (GB 11643, mod 11-2)."""
    region = _REGION_CODES[word % len(_REGION_CODES)]
    year, month, day = 1955 + (word >> 8) % 51, 1 + (word >> 16) % 12, 1 + (word >> 24) % 28
    body = f"{region}{year:04d}{month:02d}{day:02d}{(word >> 32) % 1000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def words(seed: int, kind: str, index: Array) -> list[Any]:
    """Return the 64-bit words of the given persons or phones as Python integers."""
    return list(mix(seed, kind, index).tolist())


def usual_style(seed: int, kind: str, index: Array, styles: int) -> Array:
    """Return the way of typing that belongs to an account: style 0 for about half."""
    word = mix(seed, kind, index)
    style: Array = np.where(
        word % np.uint64(2) == 0, 0, (word >> np.uint64(8)) % np.uint64(styles)
    ).astype(np.int64)
    return style
