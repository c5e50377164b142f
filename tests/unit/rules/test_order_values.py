"""An order's values: what a model needs a default for is missing to a rule."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from risk_service.domain.order import Order
from risk_service.domain.vocabulary import EntryPath, Mode, PromotionType, VerificationLevel
from risk_service.features.schema import load_schema
from risk_service.rules.expression import Kind
from risk_service.rules.order_values import OrderFacts, OrderReader, OrderValues
from risk_service.rules.rule_set import load_rule_set
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject, all_variables, variables_of
from tests.fixtures.records import order
from tests.fixtures.rule_texts import file_text, rule_text

SCHEMA = load_schema()
READ = (
    "order__page_open_ms",
    "order__units",
    "account__attempts_24h",
    "device__accounts_1h",
    "device_x_campaign__units_30d",
    "seller_x_ip_block__accounts_30d",
    "derived__device_seen_days",
    "real_name__accounts_90d",
    "seller__orders_1d",
)
RULES = load_rule_set(
    {"a.toml": file_text(rule_text(when=" && ".join(f"known({name})" for name in READ)))}
)
READER = OrderReader(SCHEMA, RULES)
FULL = order()
FULL = replace(
    FULL,
    tokens=replace(FULL.tokens, real_name="k1:1", phone="k1:2"),
    lines=(replace(FULL.lines[0], campaign_id="c1"),),
)


def _matrix(rows: int, **values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    matrix = np.full((rows, len(SCHEMA.names)), 3.0)
    for name, value in values.items():
        matrix[:, SCHEMA.names.index(name)] = value
    return matrix


def _one(one: Order, mode: Mode = Mode.FULL, **values: float) -> OrderValues:
    (found,) = READER.group([one], _matrix(1, **values), mode, [OrderFacts()])
    return found


def _missing(values: OrderValues) -> set[str]:
    return {name for name in READ if math.isnan(values[name])}


def test_takes_only_what_rules_read() -> None:
    """The matrix has hundreds of columns; an order's values have those that rules ask for."""
    assert set(READER.names) == set(READ)
    assert dict(_one(FULL)) == dict.fromkeys(READ, 3.0)


def test_a_default_below_zero_is_missing() -> None:
    """-1 stands for unknown where a feature's default is -1, and for itself elsewhere."""
    found = _one(FULL, order__page_open_ms=-1.0, derived__device_seen_days=-1.0)
    assert _missing(found) == {"order__page_open_ms", "derived__device_seen_days"}
    assert _missing(_one(FULL, order__units=-1.0)) == set()


def test_without_history_only_the_order_is_known() -> None:
    """When no history could be read, zeros of the vector are no zeros to a rule."""
    found = _one(FULL, Mode.NO_FEATURES)
    assert set(READ) - _missing(found) == {"order__page_open_ms", "order__units"}


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        (
            {"device": ""},
            {"device__accounts_1h", "device_x_campaign__units_30d", "derived__device_seen_days"},
        ),
        ({"real_name": ""}, {"real_name__accounts_90d"}),
        ({"ip_block": ""}, {"seller_x_ip_block__accounts_30d"}),
        ({"ip": "", "phone": ""}, set()),
    ],
)
def test_what_the_order_does_not_name_is_missing(
    lacking: dict[str, str], missing: set[str]
) -> None:
    """An order without a device says nothing of how many accounts its device has."""
    found = _one(replace(FULL, tokens=replace(FULL.tokens, **lacking)))
    assert _missing(found) == missing


def test_an_order_without_campaign_lacks_pairs_with_it() -> None:
    """A pair needs both of its entities."""
    plain = replace(FULL, lines=(replace(FULL.lines[0], campaign_id=""),))
    assert _missing(_one(plain)) == {"device_x_campaign__units_30d"}


def test_a_group_gives_each_order_what_it_gets_alone() -> None:
    """Values do not depend on the company in which an order is decided."""
    bare = replace(FULL, tokens=replace(FULL.tokens, device="", ip_block=""))
    orders = [FULL, bare, FULL]
    matrix = _matrix(3)
    matrix[1] = 5.0
    matrix[2] = -1.0
    group = READER.group(orders, matrix, Mode.FULL, [OrderFacts()] * 3)
    for index, one in enumerate(orders):
        alone = READER.group([one], matrix[index : index + 1], Mode.FULL, [OrderFacts()])
        assert str(dict(group[index])) == str(dict(alone[0]))
    assert (matrix[2] == -1.0).all()


def test_facts_come_from_the_order() -> None:
    """What rules read beside features is told by the order and by the decision."""
    line = FULL.lines[0]
    one = replace(
        FULL,
        lines=(
            replace(
                line, promotion_type=PromotionType.FLASH_SALE, campaign_id="c2", category="toys"
            ),
            replace(
                line,
                sku="sku-0",
                seller_id="seller-2",
                campaign_id="",
                spu=" spu-1 ",
                category="drinks",
            ),
        ),
        entry_path=EntryPath.DIRECT_LINK,
        drop_id="drop-1",
        verification_level=VerificationLevel.L2,
    )
    facts = OrderFacts(
        grey_lists=("watch",), scores=(10, 20, 30), attempt_number=2, challenge_passed=True
    )
    (values,) = READER.group([one], _matrix(1), Mode.FULL, [facts])
    assert values["promotion_types"] == ["UNSPECIFIED", "NONE", "FLASH_SALE"]
    assert values["campaign_ids"] == ["c2"]
    assert values["skus"] == ["sku-0", "sku-1"]
    assert values["seller_ids"] == ["seller-1", "seller-2"]
    assert values["spus"] == ["spu-1"]
    assert values["categories"] == ["drinks", "toys"]
    assert (values["lines_without_spu"], values["lines_without_category"]) == (1.0, 0.0)
    assert values["coupon_ids"] == ["c-1"]
    assert values["entry_path"] == "DIRECT_LINK"
    assert values["drop_id"] == "drop-1"
    assert values["currency"] == "CNY"
    assert values["address_region"] == one.traits.address_region
    assert values["verified_level"] == 2.0
    assert values["grey_lists"] == ["watch"]
    assert [values[f"{name}_score"] for name in ("scalping", "brushing", "refund")] == [10, 20, 30]
    assert values["attempt_number"] == 2.0
    assert values["challenge_passed"] is True


def test_unknown_facts_are_missing() -> None:
    """No drop, no region, no level, no scores, no line that says its product: each is missing."""
    one = replace(FULL, drop_id="", verification_level=VerificationLevel.UNSPECIFIED)
    (values,) = READER.group([one], _matrix(1), Mode.FULL, [OrderFacts()])
    for name in (
        "drop_id", "phone_region", "verified_level", "scalping_score", "no_such_name",
        "spus", "categories",
    ):  # fmt: skip
        assert math.isnan(values[name]), name
    assert values["grey_lists"] == []


def test_every_fact_of_an_order_has_its_declared_kind() -> None:
    """The service offers each variable that it declares for orders, in the kind declared."""
    facts = OrderFacts(scores=(1, 2, 3))
    lines = tuple(replace(line, spu="spu-1", category="toys") for line in FULL.lines)
    traits = replace(FULL.traits, phone_region="CN-31")
    one = replace(FULL, drop_id="d", traits=traits, lines=lines)
    (values,) = READER.group([one], _matrix(1), Mode.FULL, [facts])
    kinds = {
        Kind.NUMBER: float,
        Kind.FLAG: bool,
        Kind.TEXT: str,
        Kind.TEXTS: list,
        Kind.INTEGER: int,
    }
    names = [
        one.name
        for one in all_variables()
        if Subject.ORDER in one.subjects and one.name not in SCHEMA.names
    ]
    for name in names:
        assert type(values[name]) is kinds[variables_of(Subject.ORDER)[name]], name


def test_values_read_what_is_absent_as_missing() -> None:
    """A plain set of values drops None, and makes numbers of whole numbers."""
    values = Values({"a": 3, "b": None, "f": True})
    assert values["a"] == 3.0
    assert type(values["a"]) is float
    assert values["f"] is True
    assert math.isnan(values["b"])
    assert math.isnan(values.get("c"))
    assert "b" not in values
