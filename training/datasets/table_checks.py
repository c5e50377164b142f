"""What a batch of each raw table must hold; vectorised, one function per table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from training.datasets.checks import BatchCheck
from training.datasets.source import Source
from training.datasets.tables import (
    ABUSES,
    ACTION_TYPES,
    BASELINE_OUTCOMES,
    EVENT_TYPES,
    MONEY_MINOR_MAX,
)

# Data sets of promotions begin with online shops; a time outside is a slip of the unit.
EARLIEST_US = 631_152_000_000_000  # 1990-01-01
LATEST_US = 4_102_444_800_000_000  # 2100-01-01
MAX_QUANTITY = 1_000_000
MAX_WEIGHT_RATIO = 1000.0
_INT32_MAX = 2**31 - 1


def check_orders(
    source: Source, position: int, batch: pa.RecordBatch, covers_us: tuple[int, int]
) -> int:
    """Check a batch of orders and return the time of its last one.

    Parameters
    ----------
    covers_us
        Time of the order before the batch, and the end (exclusive) of the data set.
    """
    check = BatchCheck(source, position, batch)
    check.texts()
    check.filled("order_id", "account_id")
    check.one_of("entry_path", EntryPath)
    check.one_of("verification_level", VerificationLevel)
    check.one_of("baseline_outcome", BASELINE_OUTCOMES)
    check.between(0, _INT32_MAX, "page_open_to_submit_ms")
    currency = pc.match_substring_regex(batch["currency_code"], "^[A-Z]{3}$")
    check.require(currency, "currency_code", "no_currency_code")
    check.times(EARLIEST_US, LATEST_US, "ordered_at", "account_registered_at")
    good = pc.greater_equal(batch["ordered_at"], batch["account_registered_at"])
    check.require(good, "account_registered_at", "later_than_order")
    _check_totals(check, batch)
    return _check_order_times(check, batch, covers_us)


def _check_order_times(check: BatchCheck, batch: pa.RecordBatch, covers_us: tuple[int, int]) -> int:
    before_us, end_us = covers_us
    times = batch["ordered_at"].cast(pa.int64()).to_numpy()
    if not len(times):
        return before_us
    check.require(times < end_us, "ordered_at", "not_before_end")
    rising = times >= np.append(before_us, times[:-1])
    check.require(rising, "ordered_at", "not_rising")
    return int(times[-1])


def _check_totals(check: BatchCheck, batch: pa.RecordBatch) -> None:
    check.money("goods_minor", "discount_minor", "shipping_minor", "payable_minor")
    expected = pc.add(
        pc.subtract(batch["goods_minor"], batch["discount_minor"]), batch["shipping_minor"]
    )
    check.require(pc.equal(batch["payable_minor"], expected), "payable_minor", "other_payable")
    _check_discounts(check, batch)


def _check_discounts(check: BatchCheck, batch: pa.RecordBatch) -> None:
    column = batch["discounts"]
    parents = pc.list_parent_indices(column).to_numpy()
    parts = pc.list_flatten(column)
    amounts, kinds = parts.field("amount_minor"), parts.field("promotion_type")
    good = pc.and_kleene(
        pc.and_kleene(pc.is_valid(parts), pc.is_valid(parts.field("coupon_id"))),
        pc.and_kleene(
            pc.is_in(kinds, pa.array(list(PromotionType), pa.int8())),
            pc.and_kleene(pc.greater_equal(amounts, 0), pc.less_equal(amounts, MONEY_MINOR_MAX)),
        ),
    )
    sound = np.ones(batch.num_rows, bool)
    sound[parents[~pc.fill_null(good, False).to_numpy(zero_copy_only=False)]] = False
    check.require(sound, "discounts", "bad_discounts")
    total = np.zeros(batch.num_rows, np.int64)
    np.add.at(total, parents, amounts.to_numpy(zero_copy_only=False))
    good_total = total == batch["discount_minor"].to_numpy()
    check.require(good_total, "discount_minor", "other_discount")


def check_lines(source: Source, position: int, batch: pa.RecordBatch) -> None:
    """Check a batch of lines."""
    check = BatchCheck(source, position, batch)
    check.texts()
    check.filled("order_id", "sku", "seller_id")
    check.between(1, MAX_QUANTITY, "quantity")
    check.money("unit_price_minor")
    amount = pc.multiply(
        batch["quantity"].cast(pa.float64()), batch["unit_price_minor"].cast(pa.float64())
    )
    good = pc.less_equal(amount, float(MONEY_MINOR_MAX))
    check.require(good, "unit_price_minor", "large_product", most=MONEY_MINOR_MAX)
    check.one_of("promotion_type", PromotionType)


def check_events(source: Source, position: int, batch: pa.RecordBatch) -> None:
    """Check a batch of life events, apart from their orders."""
    check = BatchCheck(source, position, batch)
    check.texts()
    check.filled("event_id", "order_id")
    check.one_of("event_type", EVENT_TYPES)
    check.times(EARLIEST_US, LATEST_US, "event_at", "recorded_at")
    check.not_before("recorded_at", "event_at")
    check.money("amount_minor")
    check.between(0.0, MAX_WEIGHT_RATIO, "weight_ratio")


def check_actions(source: Source, position: int, batch: pa.RecordBatch) -> None:
    """Check a batch of promotion actions."""
    check = BatchCheck(source, position, batch)
    check.texts()
    check.filled("action_id", "account_id")
    check.one_of("action_type", ACTION_TYPES)
    check.times(EARLIEST_US, LATEST_US, "action_at", "recorded_at")
    check.not_before("recorded_at", "action_at")


def check_labels(source: Source, position: int, batch: pa.RecordBatch) -> None:
    """Check a batch of labels, apart from their orders."""
    check = BatchCheck(source, position, batch)
    check.filled("order_id")
    check.one_of("abuse", ABUSES)
    check.one_of("value", (0, 1))
    check.times(EARLIEST_US, LATEST_US, "known_at")


def check_accounts(source: Source, position: int, batch: pa.RecordBatch) -> None:
    """Check a batch of accounts."""
    check = BatchCheck(source, position, batch)
    check.texts()
    check.filled("account_id")
    check.times(EARLIEST_US, LATEST_US, "registered_at")


def check_campaigns(source: Source, position: int, batch: pa.RecordBatch) -> None:
    """Check a batch of campaigns."""
    check = BatchCheck(source, position, batch)
    check.texts()
    check.filled("campaign_id")
    check.one_of("promotion_type", PromotionType)
    check.times(EARLIEST_US, LATEST_US, "starts_at", "ends_at", "drop_at")
    check.not_before("ends_at", "starts_at")
    check.between(0, _INT32_MAX, "units")
