"""Names: one spelling, and matches through masks."""

import math

import pytest

from risk_service.identity.names import match_names, normalise_name


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("张 三", "张三"),
        ("張三豐", "张三丰"),
        ("买买提·艾力", "买买提艾力"),
        ("JOHN  SMITH", "Smith, John"),
        ("Ｊｏｈｎ Smith", "john smith"),
    ],
)
def test_spellings_of_a_name_are_one(left: str, right: str) -> None:
    """Spaces, dots, width, case, order and script do not change a name."""
    assert normalise_name(left) == normalise_name(right)


@pytest.mark.parametrize(
    ("payer", "recipient", "expected"),
    [
        ("张三", "张三", 1.0),
        ("张三", "李四", 0.0),
        ("张*", "张三", 1.0),
        ("*三", "张三", 1.0),
        ("张＊＊", "张三丰", math.nan),
        ("张*", "李四", 0.0),
        ("*三", "张四", 0.0),
        ("张三", "张*", 1.0),
        ("张*", "张*", math.nan),
        ("张*", "张", 0.0),
        ("***", "张三", math.nan),
        ("", "张三", math.nan),
        ("张三", "", math.nan),
        ("J*** Smith", "John Smith", 1.0),
    ],
)
def test_a_mask_matches_contradicts_or_tells_nothing(
    payer: str, recipient: str, expected: float
) -> None:
    """A visible contradiction is a mismatch; agreement counts when half is shown."""
    found = match_names(normalise_name(payer), normalise_name(recipient))
    assert found == pytest.approx(expected, nan_ok=True)
