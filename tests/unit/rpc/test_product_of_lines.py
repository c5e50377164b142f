"""SPU and category of a line, from the message to what limits are asked."""

import msgspec
import pytest

from risk_service.domain.errors import InvalidInput
from risk_service.domain.order import Order, OrderLine
from risk_service.domain.positional import reader
from risk_service.identity.tokenise import Tokeniser
from risk_service.limits.demand import demand_of_order
from risk_service.rpc.screen import accept
from risk_service.rpc.validate import TimeWindow
from tests.fixtures.keys import KEY
from tests.fixtures.service import score_request

ANY_TIME = TimeWindow(earliest_us=None, latest_us=None)


def test_product_reaches_the_limits() -> None:
    """What the shop says of a line's product stands in the order, its record and the demand."""
    request = score_request("r")
    request.order.lines[0].spu, request.order.lines[0].category = "shoe", "鞋"
    order = Tokeniser(KEY).order(accept(request, ANY_TIME))
    stored = reader(Order)(msgspec.msgpack.encode(order))
    assert stored.lines == order.lines
    (line, *_) = demand_of_order(stored, b"f", now_us=1).lines
    assert (line.spu, line.category) == ("shoe", "鞋")


def test_records_of_before_say_nothing_of_products() -> None:
    """A line that was stored without them reads as one whose shop did not say."""
    old = msgspec.msgpack.encode(("sku-1", 2, 500, "m-1", "c-1", 2))
    assert reader(OrderLine)(old) == OrderLine(
        sku="sku-1",
        quantity=2,
        unit_price_minor=500,
        seller_id="m-1",
        campaign_id="c-1",
        promotion_type=2,  # type: ignore[arg-type]  # compares as its number
    )


@pytest.mark.parametrize("field", ["spu", "category"])
@pytest.mark.parametrize("text", ["x" * 129, "a\nb"])
def test_wrong_product_names_its_field(field: str, text: str) -> None:
    """Too long, or with control characters: the field is named."""
    request = score_request("r")
    setattr(request.order.lines[0], field, text)
    with pytest.raises(InvalidInput, match=rf"order\.lines\[0\]\.{field}"):
        accept(request, ANY_TIME)
