"""Phone numbers: one form, class of the prefix, region of a landline."""

import pytest

from risk_service.domain.vocabulary import PhonePrefixClass
from risk_service.identity.phone import parse_phone


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        *[
            (text, "+8613800138000")
            for text in (
                "13800138000", "+8613800138000", "008613800138000", "8613800138000",
                "+86 138 0013 8000", "138-0013-8000", "１３８００１３８０００",
                "(+86)138-0013-8000",
                "013800138000", "138\u200b0013\u202e8000", "+86-13800138000", "٠١٣٨٠٠١٣٨٠٠٠",
            )
        ],
        *[
            (text, "+861088886666")
            for text in (
                "010-88886666", "01088886666", "(010)8888-6666", "+86 10 8888 6666",
                "86-10-88886666", "010-88886666-801", "010-88886666转801", "010-88886666 ext. 801",
            )
        ],
        ("0755-83212345", "+8675583212345"),
        ("13800138000转1234", "+8613800138000x1234"),
        ("13800138000-1234", "+8613800138000x1234"),
        *[(text, "+864008001234") for text in ("400-800-1234", "+864008001234", "864008001234")],
        *[(text, "+862088886666") for text in ("020-88886666", "+8602088886666", "862088886666")],
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+852 2123 4567", "+85221234567"),
        ("12345", "?12345"),
    ],
)  # fmt: skip
def test_spellings_of_a_number_are_one(text: str, canonical: str) -> None:
    """Country codes, separators, widths and scripts do not change a number."""
    phone = parse_phone(text)
    assert phone is not None
    assert phone.canonical == canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800138000", PhonePrefixClass.CARRIER),
        ("19200138000", PhonePrefixClass.CARRIER),
        *[
            (f"{prefix}00138000", PhonePrefixClass.VIRTUAL_OPERATOR)
            for prefix in (162, 165, 167, 170, 171)
        ],
        ("14800138000", PhonePrefixClass.M2M),
        ("1064012345678", PhonePrefixClass.M2M),
        ("13490138000", PhonePrefixClass.SATELLITE),
        ("010-88886666", PhonePrefixClass.LANDLINE),
        ("4008001234", PhonePrefixClass.SERVICE),
        ("+864008001234", PhonePrefixClass.SERVICE),
        ("8008201234", PhonePrefixClass.SERVICE),
        ("868008201234", PhonePrefixClass.SERVICE),
        ("+442079460958", PhonePrefixClass.FOREIGN),
        ("+44123", PhonePrefixClass.UNKNOWN),
        ("+441234567890123", PhonePrefixClass.FOREIGN),
        ("+4412345678901234", PhonePrefixClass.UNKNOWN),
        ("+44", PhonePrefixClass.UNKNOWN),
        ("15400138000", PhonePrefixClass.UNKNOWN),
        ("99", PhonePrefixClass.UNKNOWN),
    ],
)
def test_the_prefix_tells_the_class(text: str, expected: PhonePrefixClass) -> None:
    """Classes follow the numbering plan."""
    phone = parse_phone(text)
    assert phone is not None
    assert phone.prefix_class is expected


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("010-88886666", "北京"),
        ("0755-83212345", "广东"),
        ("0371-6321234", "河南"),
        ("+85221234567", "香港"),
        ("+886221234567", "台湾"),
        ("13800138000", ""),
        ("+442079460958", ""),
    ],
)
def test_only_what_tells_a_region_gives_one(text: str, region: str) -> None:
    """Area codes and calling codes tell a region, mobile prefixes do not."""
    phone = parse_phone(text)
    assert phone is not None
    assert phone.region == region


@pytest.mark.parametrize("text", ["", " ", "无", "138****8000", "138＊＊＊＊8000", "\ud800"])
def test_what_is_no_number_is_absent(text: str) -> None:
    """A masked number would link strangers, so it counts as none."""
    assert parse_phone(text) is None
