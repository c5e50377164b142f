"""Claims and actions as they are read from messages."""

import time

import pytest

from risk_service.rpc.read_claims import raw_benefit
from risk_service.rpc.validate import TimeWindow
from tests.fixtures.claims import subsidy_request

DAY_US = 86_400_000_000


@pytest.mark.parametrize("seller", ["seller-1", " seller-1", "seller-1 ", "seller-1\u3000"])
def test_space_around_a_seller_makes_no_other_seller(seller: str) -> None:
    """Sums of subsidies, lists and rules meet one seller, however the id was padded."""
    now_us = time.time_ns() // 1000
    window = TimeWindow(earliest_us=now_us - DAY_US, latest_us=now_us + DAY_US)
    benefit = raw_benefit(subsidy_request("s", amount_minor=1, seller=seller), window)
    assert benefit.subsidy is not None
    assert benefit.subsidy.seller_id == "seller-1"
