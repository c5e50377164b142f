"""One order to a running service, as checkout sends it: ``python -m training.demo.call ADDRESS``.

docs/client.md has an order that checkout can copy, and explains each part. Every run sends another
order. The order is placed now, or at a time that is given: the clock of a demo follows its orders.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from risk_service.client import Answer, ClientOptions, DecisionAnswer, RiskClient, order_message
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel

OPTIONS = ClientOptions(deadline_ms=2_000)
ORDER = {
    "account_id": "a-77",
    "account_registered_at": datetime(2024, 5, 1, tzinfo=UTC),
    "device_id": "d-9f3c",
    "ip": "203.0.113.9",
    "payment_instrument_id": "pi-4",
    "payer_name": "李伟",
    "recipient_name": "李伟",
    "recipient_phone": "13800138000",
    "address_region": "浙江省",
    "address_city": "杭州市",
    "address_district": "西湖区",
    "address_detail": "文三路1号2幢301室",
    "address_postcode": "310012",
    "currency_code": "GBP",
    "goods_minor": 1_980,
    "payable_minor": 1_980,
    "page_open_to_submit_ms": 8_400,
    "entry_path": EntryPath.SEARCH,
    "verification_level": VerificationLevel.L1,
    "drop_id": "drop-618",
}
LINE = {
    "sku": "sku-1",
    "quantity": 2,
    "unit_price_minor": 990,
    "seller_id": "s-1",
    "campaign_id": "cmp-618",
    "promotion_type": PromotionType.FLASH_SALE,
}


@click.command()
@click.argument("address")
@click.argument("ordered_at", type=datetime.fromisoformat, required=False)
def call(address: str, ordered_at: datetime | None) -> None:
    """Score one order at ADDRESS and print what checkout and the customer are told.

    Example: python -m training.demo.call 127.0.0.1:50051
    """
    order_id = f"try-{secrets.token_hex(4)}"
    told = {"order_id": order_id, "ordered_at": ordered_at or datetime.now(UTC)}
    with RiskClient(address, OPTIONS) as risk:
        answer = risk.score_order(order_message(ORDER | told, [LINE]), f"{order_id}-1")
    click.echo("\n".join(_told(order_id, answer)))


def _told(order_id: str, answer: Answer) -> Iterator[str]:
    if not isinstance(answer, DecisionAnswer):
        yield f"fallback 兜底应答: {answer.outcome.name}, {answer.cause.name}: {answer.detail}"
        return
    yield f"{answer.outcome.name}  {answer.decision_id}  order {order_id}, mode {answer.mode.name}"
    for reason in answer.message.reasons:
        yield f"  {reason.code}: {reason.customer_text.en} {reason.customer_text.zh}"


if __name__ == "__main__":
    call()
