"""Raw orders for the tests of the identity room."""

from collections.abc import Callable
from typing import Any

import pytest

from risk_service.domain.order import Discount, OrderLine, RawOrder
from risk_service.domain.vocabulary import EntryPath, VerificationLevel
from risk_service.identity.keys import IdentityKey
from risk_service.identity.tokenise import Tokeniser
from tests.fixtures.keys import KEY

MakeOrder = Callable[..., RawOrder]


def raw_order(**changes: Any) -> RawOrder:
    """Return a complete order with some fields changed."""
    fields: dict[str, Any] = {
        "order_id": "o-1",
        "ordered_at_us": 1_767_225_600_000_000,  # 2026-01-01
        "account_id": "account-7781",
        "account_registered_at_us": None,
        "device_id": "device-5512",
        "ip": "61.135.7.9",
        "payment_instrument_id": "wallet-9931",
        "payer_name": "张三",
        "recipient_name": "张三",
        "recipient_phone": "13800138000",
        "real_name_id": "11010519491231002X",
        "address_region": "北京市",
        "address_city": "北京市",
        "address_district": "朝阳区",
        "address_detail": "建国路88号3号楼2单元501室",
        "address_postcode": "100022",
        "lines": (OrderLine(sku="s-1", quantity=2, unit_price_minor=500, seller_id="m-1"),),
        "discounts": (Discount(amount_minor=100, coupon_id="c-1"),),
        "currency_code": "CNY",
        "goods_minor": 1000,
        "discount_minor": 100,
        "shipping_minor": 0,
        "payable_minor": 900,
        "page_open_to_submit_ms": 900,
        "entry_path": EntryPath.HOME,
        "drop_id": "",
        "verification_level": VerificationLevel.L1,
    }
    return RawOrder(**(fields | changes))


@pytest.fixture(scope="session")
def make_order() -> MakeOrder:
    """Return the maker of raw orders."""
    return raw_order


@pytest.fixture(scope="session")
def key() -> IdentityKey:
    """Return a fixed key."""
    return KEY


@pytest.fixture(scope="session")
def tokeniser(key: IdentityKey) -> Tokeniser:
    """Return the tokeniser under the fixed key."""
    return Tokeniser(key)
