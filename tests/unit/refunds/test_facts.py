"""What rules for claims may ask of the order that is claimed for."""

from msgspec.structs import replace

from risk_service.decisions.refunds.facts import order_facts
from risk_service.rules.order_values import OrderFacts, order_fact
from tests.fixtures.records import order

OF_LINES = ("spus", "categories", "lines_without_spu", "lines_without_category")


def test_products_and_categories_are_those_that_rules_for_orders_see() -> None:
    """What lines say, also where others are silent; missing where none says one."""
    one = order()
    silent = order_facts(one)
    assert silent.keys().isdisjoint(("spus", "categories"))
    assert (silent["lines_without_spu"], silent["lines_without_category"]) == (1.0, 1.0)
    line = one.lines[0]
    told = replace(one, lines=(replace(line, spu="bag-1", category=" bags "), line))
    found = order_facts(told)
    assert found["categories"] == ("bags",)
    for name in OF_LINES:
        seen = order_fact(name, told, OrderFacts())
        assert found[name] == (tuple(seen) if isinstance(seen, list) else seen), name
