"""IP addresses: one form, blocks, what is not on the internet."""

import pytest

from risk_service.domain.errors import InvalidInput
from risk_service.identity.ip import parse_ip


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("61.135.7.9", " 61.135.7.9 "),
        ("61.135.7.9", "::ffff:61.135.7.9"),
        ("６１.135.7.9", "61.135.7.9"),
        ("2409:8A00::1", "2409:8a00:0:0:0:0:0:1"),
        ("[2409:8a00::1]", "2409:8a00::1%eth0"),
    ],
)
def test_spellings_of_an_address_are_one(left: str, right: str) -> None:
    """Case, zeros, brackets, zones and mapping do not change an address."""
    assert parse_ip(left) == parse_ip(right)


def test_blocks_are_24_and_56_bits() -> None:
    """Neighbours in a block share it, others do not."""
    blocks = [
        parse_ip(text).block  # type: ignore[union-attr]
        for text in ("61.135.7.9", "61.135.7.200", "61.135.8.9", "2409:8a00:1:22ff::1",
                     "2409:8a00:1:2200::1", "2409:8a00:1:2300::1")
    ]  # fmt: skip
    assert blocks[0] == blocks[1] != blocks[2]
    assert blocks[3] == blocks[4] != blocks[5]


@pytest.mark.parametrize(
    ("text", "private", "reserved"),
    [
        ("61.135.7.9", False, False),
        ("10.1.2.3", True, False),
        ("172.31.0.1", True, False),
        ("172.32.0.1", False, False),
        ("192.168.1.1", True, False),
        ("100.64.0.1", True, False),
        ("127.0.0.1", True, False),
        ("203.0.113.7", False, True),
        ("224.0.0.1", False, True),
        ("255.255.255.255", False, True),
        ("fd00::1", True, False),
        ("fe80::1", True, False),
        ("::1", True, False),
        ("2001:db8::1", False, True),
        ("2409:8a00::1", False, False),
        ("ff02::1", False, True),
    ],
)
def test_private_and_reserved_are_told(text: str, private: bool, reserved: bool) -> None:
    """The flags follow the registries of special addresses."""
    facts = parse_ip(text)
    assert facts is not None
    assert (facts.is_private, facts.is_reserved) == (private, reserved)


@pytest.mark.parametrize("text", ["1.2.3", "1.2.3.256", "x", "1.2.3.4.5", ":::", "1.2.3.4:80"])
def test_no_address_is_refused_without_repeating_it(text: str) -> None:
    """The error names the field and never the value."""
    with pytest.raises(InvalidInput) as caught:
        parse_ip(text)
    assert caught.value.violations[0].field == "order.ip"
    assert text not in str(caught.value)


def test_an_absent_address_is_none() -> None:
    """No text, no address, no error."""
    assert parse_ip(" \u200b") is None
