"""The table of constraints: every row can be broken, and the quick screen agrees with it."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.currency import CURRENCIES
from risk_service.domain.errors import InvalidInput, TooLarge
from risk_service.domain.order import Discount, OrderLine, RawOrder
from risk_service.domain.stamps import CLOCK_END_US
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from risk_service.rpc.constraints import (
    ACTION_EVENT,
    LIFE_EVENT,
    SCORE_ORDER,
    SUMS,
    Kind,
)
from risk_service.rpc.screen import accept, plainly_valid, raw_order
from risk_service.rpc.validate import TimeWindow, require_order
from tests.fixtures.hostile import BROKEN, NOW_S, valid_request

WINDOW = TimeWindow(earliest_us=(NOW_S - 604_800) * 10**6, latest_us=(NOW_S + 300) * 10**6)
REPLAY = TimeWindow(earliest_us=None, latest_us=CLOCK_END_US - 1)


def test_plain_order_is_accepted() -> None:
    """A valid order passes the quick screen and the thorough check."""
    request = valid_request()
    require_order(request, WINDOW)
    raw = accept(request, WINDOW)
    assert plainly_valid(raw, WINDOW)
    assert raw.recipient_name == request.order.recipient.name
    assert raw.ordered_at_us == NOW_S * 10**6


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_broken_constraint_names_its_field(case: object) -> None:
    """Each broken constraint is refused with the path of its field."""
    request = valid_request()
    case.spoil(request)  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput) as caught:
        accept(request, WINDOW)
    fields = [violation.field for violation in caught.value.violations]
    assert case.field in fields  # type: ignore[attr-defined]
    assert isinstance(caught.value, TooLarge) is case.too_large  # type: ignore[attr-defined]


def test_every_row_of_the_table_is_broken_once() -> None:
    """The cases above leave out no constraint and no sum."""
    broken = {case.row for case in BROKEN}
    assert {row.field for row in SCORE_ORDER} | {field for field, _ in SUMS} <= broken


def test_wrong_sum_tells_both_numbers() -> None:
    """The caller learns what was told and what the parts add up to."""
    request = valid_request()
    request.order.totals.goods_minor += 1
    request.order.totals.payable_minor += 1
    with pytest.raises(InvalidInput, match=r"goods_minor: is 4001, but .* is 4000"):
        accept(request, WINDOW)


def test_at_most_twenty_fields_are_named() -> None:
    """An order full of faults gets a bounded answer."""
    request = valid_request()
    for line in list(request.order.lines) * 30:
        request.order.lines.add().CopyFrom(line)
    for line in request.order.lines:
        line.quantity = 0
    with pytest.raises(InvalidInput) as caught:
        accept(request, WINDOW)
    assert len(caught.value.violations) == 20


def every_field() -> risk_pb2.ScoreOrderRequest:
    """Return a request that has all fields, each with a value of its own."""
    request = valid_request()
    order = request.order
    order.address.region, order.address.city, order.address.district = "R", "C", "D"
    order.address.detail, order.address.postcode = "T", "P"
    order.payment_instrument.payment_instrument_id = "pay"
    order.payment_instrument.payer_name = "payer"
    order.recipient.name, order.recipient.phone, order.real_name_id = "N", "+1", "id"
    order.ordered_at.FromMicroseconds(1_000_001)
    order.account.registered_at.FromMicroseconds(3)
    order.balance_due_at.FromMicroseconds(5)
    order.account.member_level = "gold"
    del order.lines[:], order.discounts[:]
    order.lines.add(
        sku="sku", quantity=7, unit_price_minor=100, seller_id="seller", campaign_id="campaign",
        promotion_type=order_pb2.PROMOTION_TYPE_FLASH_SALE, spu="spu", category="category",
    )  # fmt: skip
    order.discounts.add(
        amount_minor=9, coupon_id="coupon", promotion_type=order_pb2.PROMOTION_TYPE_COUPON
    )
    totals, session = order.totals, order.session
    totals.goods_minor, totals.discount_minor = 700, 9
    totals.shipping_minor, totals.payable_minor = 11, 702
    session.page_open_to_submit_ms, session.drop_id = 13, "drop"
    session.entry_path = order_pb2.ENTRY_PATH_CART
    order.verification_level = order_pb2.VERIFICATION_LEVEL_L2
    return request


def test_every_field_of_the_message_is_read_into_its_place() -> None:
    """Each value differs, so that two fields that changed places would show."""
    request = every_field()
    order = request.order
    assert accept(request, REPLAY) == RawOrder(
        order_id=order.order_id,
        ordered_at_us=1_000_001,
        account_id=order.account.account_id,
        account_registered_at_us=3,
        device_id=order.device_id,
        ip=order.ip,
        payment_instrument_id="pay",
        payer_name="payer",
        recipient_name="N",
        recipient_phone="+1",
        real_name_id="id",
        address_region="R",
        address_city="C",
        address_district="D",
        address_detail="T",
        address_postcode="P",
        lines=(
            OrderLine(
                sku="sku",
                quantity=7,
                unit_price_minor=100,
                seller_id="seller",
                campaign_id="campaign",
                promotion_type=PromotionType.FLASH_SALE,
                spu="spu",
                category="category",
            ),
        ),
        discounts=(
            Discount(amount_minor=9, coupon_id="coupon", promotion_type=PromotionType.COUPON),
        ),
        currency_code="CNY",
        goods_minor=700,
        discount_minor=9,
        shipping_minor=11,
        payable_minor=702,
        page_open_to_submit_ms=13,
        entry_path=EntryPath.CART,
        drop_id="drop",
        verification_level=VerificationLevel.L2,
        balance_due_at_us=5,
        member_level="gold",
    )


def test_texts_outside_ascii_are_welcome() -> None:
    """Chinese names, full-width spaces and a two-line address are valid."""
    request = valid_request()
    request.order.recipient.name = "欧阳　小明"
    request.order.address.detail = "世纪大道100号\n8栋"
    assert accept(request, WINDOW).recipient_name == "欧阳　小明"


def test_message_never_repeats_a_text() -> None:
    """What was wrong with an identifier is said without the identifier."""
    request = valid_request()
    request.order.recipient.phone = "13800138000" * 9
    with pytest.raises(InvalidInput) as caught:
        accept(request, WINDOW)
    assert "138" not in str(caught.value)


def test_replay_takes_any_time_that_a_clock_gives() -> None:
    """Orders of a recorded world are as old as they are; windows count to the year 2200."""
    request = valid_request()
    ordered_at = request.order.ordered_at
    for at_us in (10**6, CLOCK_END_US - 1):
        ordered_at.FromMicroseconds(at_us)
        assert accept(request, REPLAY).ordered_at_us == at_us
    ordered_at.FromMicroseconds(CLOCK_END_US)
    with pytest.raises(InvalidInput, match=r"order\.ordered_at: must not lie in the future"):
        accept(request, REPLAY)


@pytest.mark.parametrize("nanos", [-1, 10**9])
def test_impossible_nanoseconds_are_refused(nanos: int) -> None:
    """A time is a whole one, or the field is named."""
    request = valid_request()
    request.order.ordered_at.nanos = nanos
    with pytest.raises(InvalidInput, match=r"order\.ordered_at"):
        accept(request, REPLAY)


def test_currencies_are_codes() -> None:
    """The list of currencies holds codes of three capital letters."""
    assert len(CURRENCIES) > 150
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)


def numbers(low: int, high: int) -> st.SearchStrategy[int]:
    """Draw from a field's range, mostly near its ends and the constraint's."""
    edges = [
        v
        for v in (low, high, -1, 0, 1, 200, 10_000, 10_001, 10**12, 10**12 + 1)
        if low <= v <= high
    ]
    return st.one_of(st.sampled_from(edges), st.integers(low, high))


TEXTS = st.one_of(
    st.sampled_from(["", "a", "x" * 32, "x" * 64, "x" * 65, "x" * 129, "a\x00", "a\nb", "　"]),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
INT64 = numbers(-(2**63), 2**63 - 1)


@st.composite
def spoiled(draw: Callable[..., object]) -> risk_pb2.ScoreOrderRequest:
    """Draw a request of which up to three fields are anything their type can hold."""
    request = valid_request()
    order = request.order
    fields = [
        (request, "request_id", TEXTS), (order, "order_id", TEXTS), (order, "device_id", TEXTS),
        (order, "ip", st.one_of(TEXTS, st.ip_addresses().map(str))),
        (order.account, "account_id", TEXTS), (order.recipient, "name", TEXTS),
        (order.recipient, "phone", TEXTS), (order.address, "detail", TEXTS),
        (order.address, "postcode", TEXTS), (order, "real_name_id", TEXTS),
        (order.ordered_at, "seconds", INT64),
        (order.ordered_at, "nanos", numbers(-(2**31), 2**31 - 1)),
        (order.account.registered_at, "seconds", INT64),
        (order.lines[0], "sku", TEXTS), (order.lines[0], "quantity", numbers(0, 2**32 - 1)),
        (order.lines[1], "unit_price_minor", INT64), (order.lines[1], "seller_id", TEXTS),
        (order.lines[1], "promotion_type", numbers(-(2**31), 2**31 - 1)),
        (order.discounts[0], "amount_minor", INT64), (order.discounts[0], "coupon_id", TEXTS),
        (order.totals, "goods_minor", INT64), (order.totals, "payable_minor", INT64),
        (order.totals, "shipping_minor", INT64), (order.totals, "currency_code", TEXTS),
        (order.session, "page_open_to_submit_ms", numbers(0, 2**32 - 1)),
        (order.session, "entry_path", numbers(-(2**31), 2**31 - 1)),
        (order, "verification_level", numbers(0, 9)),
    ]  # fmt: skip
    for message, name, values in draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3)):
        setattr(message, name, draw(values))
    return request


@settings(max_examples=400, deadline=None)
@given(spoiled(), st.sampled_from([WINDOW, REPLAY]))
def test_screen_never_passes_what_the_table_refuses(
    request: risk_pb2.ScoreOrderRequest, window: TimeWindow
) -> None:
    """The quick screen is strict: what it lets pass, the walk along the table lets pass."""
    try:
        passed = plainly_valid(raw_order(request.order), window)
    except (KeyError, ValueError):
        with pytest.raises(InvalidInput):
            require_order(request, window)
        return
    request.request_id = "r"
    if passed:
        require_order(request, window)


def test_every_kind_has_words() -> None:
    """Each row of the table says its constraint in words."""
    rows = (*SCORE_ORDER, *LIFE_EVENT, *ACTION_EVENT)
    assert all("{" not in row.message and row.message.startswith("must") for row in rows)
    assert {row.kind for row in rows} == set(Kind)
