"""Rules of one order: microseconds of CPU time, with the values made and nothing left out.

Orders carry plausible values: small counts, most of them 0, some entities missing. The
rules are the shipped ones: those in scope of a flash sale, and fifty for every order.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Mode, PromotionType
from risk_service.features.schema import load_schema
from risk_service.rules.order_values import OrderFacts, OrderReader, OrderValues
from risk_service.rules.rule_set import RuleSet, load_rule_set, shipped_rules
from risk_service.rules.variables import Subject
from tests.bench.figures import Round, Row, number, ratio
from tests.fixtures.records import order

ORDERS = 4_096
GROUP = 32
FLASH = frozenset({PromotionType.FLASH_SALE})
RULES_MANY = 50
# Bars of the brief: microseconds an order with the values made.
FEW_US, MANY_US = 20.0, 60.0

ROWS = (
    Row(title="rules in scope of a flash sale", value=number("few")),
    Row(
        title="15 rules, groups of 32, us an order",
        value=number("few_us"),
        digits=1,
        at_most=FEW_US,
    ),
    Row(title="15 rules, one by one, us an order", value=number("few_alone_us"), digits=1),
    Row(
        title="50 rules, groups of 32, us an order",
        value=number("many_us"),
        digits=1,
        at_most=MANY_US,
    ),
    Row(title="50 rules, one by one, us an order", value=number("many_alone_us"), digits=1),
    Row(title="of it: making the values, us an order", value=number("values_us"), digits=1),
    Row(
        title="50 rules, the engine asked for each, us an order",
        value=number("engine_us"),
        digits=1,
    ),
    Row(title="the screen is faster by", value=ratio("engine_us", "many_match_us"), digits=1),
    Row(title="hits in 100 orders, 50 rules", value=number("hits"), digits=1),
)


def run_round() -> Round:
    """Measure both rule sets once."""
    few, many = shipped_rules(), _many()
    orders, matrix = _orders()
    few_us, _ = _decide(few, orders, matrix, GROUP, FLASH)
    few_alone_us, _ = _decide(few, orders, matrix, 1, FLASH)
    many_us, hits = _decide(many, orders, matrix, GROUP, FLASH)
    many_alone_us, _ = _decide(many, orders, matrix, 1, FLASH)
    reader = OrderReader(load_schema(), many)
    values_us = _timed(lambda: [_values(reader, *one) for one in _groups(orders, matrix, GROUP)])
    values = [one for group in _groups(orders, matrix, GROUP) for one in _values(reader, *group)]
    evaluate = [rule.expression.evaluate for rule in many.in_scope(FLASH)]
    engine_us = _timed(lambda: [[each(one) for each in evaluate] for one in values])
    many_match_us = _timed(lambda: [many.match(FLASH, 0, one) for one in values])
    return {
        "few": len(few.in_scope(FLASH)),
        "few_us": few_us,
        "few_alone_us": few_alone_us,
        "many_us": many_us,
        "many_alone_us": many_alone_us,
        "values_us": values_us,
        "engine_us": engine_us,
        "many_match_us": many_match_us,
        "hits": hits / len(orders) * 100,
    }


def _decide(
    rules: RuleSet,
    orders: Sequence[Order],
    matrix: NDArray[np.float64],
    size: int,
    promotions: frozenset[PromotionType],
) -> tuple[float, int]:
    """Return microseconds an order, and hits in all."""
    reader = OrderReader(load_schema(), rules)
    hits = 0

    def run() -> None:
        nonlocal hits
        hits = sum(
            len(rules.match(promotions, 0, one))
            for group in _groups(orders, matrix, size)
            for one in _values(reader, *group)
        )

    return _timed(run), hits


def _timed(run: Callable[[], Any]) -> float:
    run()  # plans and masks are made once
    started = time.process_time()
    run()
    return (time.process_time() - started) / ORDERS * 1e6


def _groups(
    orders: Sequence[Order], matrix: NDArray[np.float64], size: int
) -> list[tuple[Sequence[Order], NDArray[np.float64]]]:
    starts = range(0, len(orders), size)
    return [(orders[at : at + size], matrix[at : at + size]) for at in starts]


def _values(
    reader: OrderReader, orders: Sequence[Order], matrix: NDArray[np.float64]
) -> list[OrderValues]:
    facts = [OrderFacts(scores=(10, 10, 10))] * len(orders)
    return reader.group(orders, matrix, Mode.FULL, facts)


def _orders() -> tuple[list[Order], NDArray[np.float64]]:
    chance = np.random.default_rng(7)
    full = order()
    no_device = replace(full, tokens=replace(full.tokens, device=""))
    no_name = replace(full, tokens=replace(full.tokens, real_name=""))
    kinds = chance.choice(3, ORDERS, p=[0.4, 0.1, 0.5])
    orders = [(full, no_device, no_name)[kind] for kind in kinds.tolist()]
    features = load_schema().features
    matrix = chance.poisson(0.4, (ORDERS, len(features))).astype(np.float64)
    for slot, feature in enumerate(features):
        if feature.default < 0:
            unknown = chance.random(ORDERS) < 0.1
            matrix[:, slot] = np.where(unknown, feature.default, chance.random(ORDERS) * 5_000)
    return orders, matrix


def _many() -> RuleSet:
    """Return fifty rules for every order: the shipped ones for orders, twice."""
    text = "".join(
        f"\n[[rule]]\n{block}"
        for block in "\n".join(shipped_rules().texts.values()).split("[[rule]]\n")
        if f'subject = "{Subject.ORDER}"' in block
    )
    # A file's end is the next one's head; scopes would narrow what every order shall meet.
    kept = [line for line in text.split("\n") if not line.startswith(_LEFT_OUT)]
    blocks = "\n".join(kept).split("[[rule]]\n")[1:]
    twice = [block.replace('id = "', f'id = "{prefix}', 1) for prefix in "ab" for block in blocks]
    rules = "".join(f"[[rule]]\n{block}" for block in twice[:RULES_MANY])
    return load_rule_set({"many.toml": f'format = 1\ntopic = "bench"\n{rules}'})


_LEFT_OUT = ("[rule.scope]", "promotions =", "format =", "topic =", "#")
