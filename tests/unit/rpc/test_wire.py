"""Bytes that are no message: the field at which they go wrong is named."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.wire import locate
from tests.fixtures.hostile import valid_request

REQUEST = risk_pb2.ScoreOrderRequest
LONE_SURROGATE = b"\xed\xa0\x80"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"r-1", "request_id"),
        (b"13800138000", "order.recipient.phone"),
        (b"sku-2", "order.lines[1].sku"),
        (b"coupon-1", "order.discounts[0].coupon_id"),
        (b"CNY", "order.totals.currency_code"),
    ],
)
def test_text_that_is_no_utf8_is_named(text: bytes, field: str) -> None:
    """A lone surrogate or half a character is found wherever it stands."""
    whole = valid_request().SerializeToString()
    for bad in (LONE_SURROGATE, b"\xff\xfe\xfd"):
        payload = whole.replace(text, (bad + text)[: len(text)])
        with pytest.raises(DecodeError):
            REQUEST.FromString(payload)
        found = locate(payload, REQUEST.DESCRIPTOR)
        assert (found.field, found.description) == (field, "not valid UTF-8 at byte 0")


def test_bytes_that_break_off_are_counted() -> None:
    """A message that was cut says how much is missing."""
    payload = valid_request().SerializeToString()[:-7]
    found = locate(payload, REQUEST.DESCRIPTOR)
    assert found.field == "order"
    assert found.description == "breaks off: 7 bytes are missing"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"\x0f\x00", "wire type 7"),
        (b"\x0a", "breaks off inside a number"),
        (b"\xff" * 12, "longer than 64 bits"),
        (b"\x00\x00", "field of number 0"),
        (b"\x0d\x00\x00", "2 bytes are missing"),
    ],
)
def test_broken_frames_have_words(payload: bytes, words: str) -> None:
    """Each way to break the wire format is told apart."""
    assert words in locate(payload, REQUEST.DESCRIPTOR).description


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 12))
def test_any_bytes_are_located(noise: bytes, at: int, cut: int) -> None:
    """Whatever the bytes, the walk ends with a field and words and never fails."""
    whole = valid_request().SerializeToString()
    for payload in (noise, whole[:at] + noise + whole[at + cut :]):
        try:
            REQUEST.FromString(payload)
        except DecodeError:
            found = locate(payload, REQUEST.DESCRIPTOR)
            assert found.field
            assert found.description
