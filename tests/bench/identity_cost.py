"""What the identity room costs per order on one core: ``python -m tests.bench.identity_cost``.

Prints the best and the median processor time of fifteen rounds over 2,000 different orders,
Chinese and western ones; no figure is asserted.
"""

import statistics
import sys
import time

from risk_service.domain.order import OrderLine, RawOrder
from risk_service.domain.vocabulary import EntryPath, VerificationLevel
from risk_service.identity.keys import new_identity_key
from risk_service.identity.tokenise import Tokeniser

_ORDERS = 2000
_ROUNDS = 15


def _order(number: int, *, western: bool) -> RawOrder:
    address = (
        ("", "London", "", f"Flat {number % 40}, {number} High Street", "SW1A 1AA")
        if western
        else (
            "广东省",
            "深圳市",
            "南山区",
            f"科技园南路{number}号{number % 20}号楼2单元{number % 900 + 100}室",
            "518000",
        )
    )
    return RawOrder(
        order_id=f"o-{number}",
        ordered_at_us=1_700_000_000_000_000,
        account_id=f"account-{number}",
        account_registered_at_us=None,
        device_id=f"device-{number}",
        ip=f"61.{number % 200}.7.{number % 250}",
        payment_instrument_id=f"card-{number}",
        payer_name="John Smith" if western else "张*",
        recipient_name="Smith, John" if western else "张三",
        recipient_phone="+44 20 7946 0958" if western else f"+86 138{number:08d}",
        real_name_id="" if western else "11010519491231002X",
        address_region=address[0],
        address_city=address[1],
        address_district=address[2],
        address_detail=address[3],
        address_postcode=address[4],
        lines=(OrderLine(sku="s", quantity=1, unit_price_minor=100, seller_id="m"),),
        discounts=(),
        currency_code="CNY",
        goods_minor=100,
        discount_minor=0,
        shipping_minor=0,
        payable_minor=100,
        page_open_to_submit_ms=None,
        entry_path=EntryPath.HOME,
        drop_id="",
        verification_level=VerificationLevel.L0,
    )


def main() -> None:
    """Measure both kinds of orders and print one line each."""
    tokeniser = Tokeniser(new_identity_key())
    for western in (False, True):
        orders = [_order(number, western=western) for number in range(_ORDERS)]
        rounds = []
        for _ in range(_ROUNDS):
            start = time.process_time()
            for order in orders:
                tokeniser.order(order)
            rounds.append((time.process_time() - start) / _ORDERS * 1e6)
        kind = "western" if western else "Chinese"
        sys.stdout.write(
            f"{kind}: best {min(rounds):.1f} us, median {statistics.median(rounds):.1f} us\n"
        )


if __name__ == "__main__":
    main()
