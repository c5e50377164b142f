"""Orders of a prepared data set: what a rule flags in the past is what it would flag live."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from risk_service.cli.keys import create_keys
from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Mode, PromotionType
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder
from risk_service.governance.backtests import report_of
from risk_service.rules.order_values import OrderFacts, OrderReader
from risk_service.rules.rule_set import RuleSet, shipped_languages, shipped_rules
from risk_service.rules.variables import Subject
from tests.fixtures.rule_texts import file_text, rule_text
from tests.unit.frames.random_world import random_orders
from training.backtest.request import BacktestRequest
from training.backtest.run import backtest
from training.cli.backtest import backtest as command
from training.datasets.warehouse import order_batch

ORDERS = 600
DAY_US = 86_400_000_000
LABELLED = ("scalping", "brushing", "refund")
# What only the live service knows.
LIVE_ONLY = {"grey_lists", "scalping_score", "brushing_score", "refund_score"}
RULES = [rule for rule in shipped_rules().rules.values() if rule.subject is Subject.ORDER]
ORDER_RULES = [rule.id for rule in RULES if LIVE_ONLY.isdisjoint(rule.expression.variables)]
LIVE_RULES = [rule.id for rule in RULES if not LIVE_ONLY.isdisjoint(rule.expression.variables)]


class Warehouse:
    """Random orders with random history, as serving and as a prepared data set have them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.orders = random_orders(seed=3, count=ORDERS, days=30, pool=12)
        rng = np.random.default_rng(3)
        schema = load_schema()
        past = rng.choice([np.nan, 0.0, 1.0, 2.0, 6.0, 40.0],
                          (ORDERS, len(schema.stored) + len(schema.live)))  # fmt: skip
        own = np.array([order_columns(order) for order in self.orders], np.float64)
        places = [index for index, _ in enumerate(schema.order)]
        stored, live = np.split(past, [len(schema.stored)], axis=1)
        self.matrix = VectorBuilder(schema).build(own[:, places], stored, live)
        self._write(past, rng)

    def _write(self, past: "np.ndarray[Any, Any]", rng: np.random.Generator) -> None:
        schema = load_schema()
        raw = pa.RecordBatch.from_pydict(
            {"baseline_outcome": ["ALLOW"] * ORDERS, "allow_through": [False] * ORDERS}
        )
        (self.directory / "features").mkdir(parents=True)
        pq.write_table(
            pa.Table.from_batches([order_batch(self.orders, raw)]),
            self.directory / "orders.parquet",
        )
        frame = {"order_id": [order.order_id for order in self.orders]}
        names = [feature.name for feature in (*schema.stored, *schema.live)]
        table = pa.table({**frame, **dict(zip(names, past.T, strict=True))})
        # Row groups of another size than those of the orders.
        pq.write_table(table, self.directory / "features" / "frame.parquet", row_group_size=77)
        labels = [
            {"order_id": order.order_id, "abuse": abuse, "value": int(rng.random() < 0.1),
             "known_at": at(order.ordered_at_us + 7 * DAY_US)}
            for order in self.orders[:-50] for abuse in LABELLED
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(labels), self.directory / "labels.parquet")
        kinds = ["REFUNDED", "CANCELLED", "DELIVERED", "BLOCKED"]
        events = [
            {"event_id": f"v{place}", "order_id": order.order_id,
             "event_type": kinds[place % 4], "recorded_at": at(order.ordered_at_us + DAY_US)}
            for place, order in enumerate(self.orders)
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(events), self.directory / "events.parquet")
        (self.directory / "dataset.toml").write_text(self._description(), "utf-8")

    def _description(self) -> str:
        start, end = self.orders[0].ordered_at_us, self.orders[-1].ordered_at_us + 1
        labels = "\n".join(f"[labels.{name}]\nmaturity_days = 7" for name in LABELLED)
        return (
            'format = 1\nname = "random"\nkind = "promotion"\ncurrency = "CNY"\n'
            f"start = {at(start).isoformat()}\nend = {at(end).isoformat()}\n{labels}\n"
            f'[prepared]\nkey_id = "k1"\nschema_version = "{load_schema().version}"\n'
        )

    def live(self, rule_id: str) -> tuple[list[str], int]:
        """Return the orders that the service would flag, and how many it could not tell."""
        rule = shipped_rules().rules[rule_id]
        rules = RuleSet([rule], {}, shipped_languages())
        reader = OrderReader(load_schema(), rules)
        facts = [OrderFacts()] * ORDERS
        values = reader.group(self.orders, self.matrix, Mode.FULL, facts)
        flagged, faults = [], 0
        for order, one in zip(self.orders, values, strict=True):
            for hit in rules.match(promotions_of(order), order.ordered_at_us, one):
                flagged += [] if hit.fault else [order.order_id]
                faults += hit.fault != ""
        return flagged, faults


def promotions_of(order: Order) -> frozenset[PromotionType]:
    """Return the promotion types of lines and discounts."""
    lines = {line.promotion_type for line in order.lines}
    return frozenset(lines | {discount.promotion_type for discount in order.discounts})


def at(time_us: int) -> datetime:
    """Return a time of microseconds."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(
        microsecond=time_us % 1_000_000
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Return a data set whose history is there already."""
    return Warehouse(tmp_path_factory.mktemp("orders") / "warehouse")


@pytest.mark.parametrize("rule_id", ORDER_RULES)
def test_a_shipped_rule_flags_what_it_would_flag_live(rule_id: str, warehouse: Warehouse) -> None:
    """The same orders, and the same number that cannot be told."""
    flagged, faults = warehouse.live(rule_id)
    done = backtest(BacktestRequest(rule=rule_id, data=warehouse.directory, limit=ORDERS))
    assert [one["event_id"] for one in done.figures["events"]["listed"]] == flagged
    assert done.figures["faults"]["events"] == faults
    assert done.figures["rule"] == rule_id
    assert done.figures["version"] == shipped_rules().version


@pytest.mark.parametrize("rule_id", LIVE_RULES)
def test_what_only_the_service_knows_is_missing(rule_id: str, warehouse: Warehouse) -> None:
    """A rule over scores or grey lists flags nothing, and the result says why."""
    figures = backtest(BacktestRequest(rule=rule_id, data=warehouse.directory)).figures
    assert figures["events_flagged"] == 0
    assert LIVE_ONLY & set(figures["faults"]["codes"]["MISSING_VALUE"]["names"])
    assert set(figures["never_known"]) <= LIVE_ONLY
    assert figures["never_known"]


def test_a_report_is_of_the_histories_it_read(warehouse: Warehouse, tmp_path: Path) -> None:
    """The same orders with other histories are another data set to whoever approves."""
    data = shutil.copytree(warehouse.directory, tmp_path / "warehouse")
    request = BacktestRequest(rule=f"{load_schema().live[0].name} > 1.0", data=data)
    before = report_of(json.dumps(backtest(request).figures).encode())
    frame = data / "features" / "frame.parquet"
    pq.write_table(pq.read_table(frame), frame, row_group_size=78)
    after = report_of(json.dumps(backtest(request).figures).encode())
    assert after.events_flagged == before.events_flagged
    assert after.data_sha256 != before.data_sha256


def test_what_no_order_has_is_told_and_not_vouched_for(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """A rule over what the data set has nothing of flags nothing, which proves nothing."""
    create_keys(tmp_path / "keys")
    arguments = ["scalping_score > 900", "--data", str(warehouse.directory)]
    arguments += ["--json", str(tmp_path / "b.json"), "--sign", str(tmp_path / "keys/signing.key")]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, ConfigFault)
    assert "no value of scalping_score on any event" in str(result.exception)
    assert not (tmp_path / "b.json.sig").exists()
    printed = CliRunner().invoke(command, arguments[:3], catch_exceptions=False)
    assert "this data set says nothing of scalping_score" in " ".join(printed.output.split())
    known = backtest(BacktestRequest(rule="categories.size() > 9", data=warehouse.directory))
    assert known.figures["never_known"] == []


def test_some_rules_flag_some_orders(warehouse: Warehouse) -> None:
    """Else the test above would compare nothing with nothing."""
    counts = [len(warehouse.live(rule_id)[0]) for rule_id in ORDER_RULES]
    assert sum(0 < count < ORDERS for count in counts) >= len(counts) // 3


def test_an_expression_looks_at_every_order(warehouse: Warehouse) -> None:
    """Texts and lists of the order are there, and times are of the order."""
    rule = "'FLASH_SALE' in promotion_types && currency == 'CNY' && !challenge_passed"
    done = backtest(BacktestRequest(rule=rule, data=warehouse.directory, limit=ORDERS))
    right = [
        order.order_id
        for order in warehouse.orders
        if PromotionType.FLASH_SALE in promotions_of(order)
    ]
    assert [one["event_id"] for one in done.figures["events"]["listed"]] == right
    first = done.figures["events"]["listed"][0]
    assert "FLASH_SALE" in first["values"]["promotion_types"]
    flags = warehouse.directory.parent / "flags.parquet"
    CliRunner().invoke(
        command,
        [rule, "--data", str(warehouse.directory), "--flags", str(flags)],
        catch_exceptions=False,
    )
    assert pq.read_table(flags)["event_id"].to_pylist() == right


def test_products_and_categories_are_those_of_the_lines(warehouse: Warehouse) -> None:
    """As live rules read them; an order of which no line says one is not told, and counted."""
    rule = "'drinks' in categories && lines_without_spu == 0"
    figures = backtest(BacktestRequest(rule=rule, data=warehouse.directory, limit=ORDERS)).figures
    right = [
        order.order_id
        for order in warehouse.orders
        if any(line.category == "drinks" for line in order.lines)
        and all(line.spu for line in order.lines)
    ]
    assert [one["event_id"] for one in figures["events"]["listed"]] == right
    silent = [
        order
        for order in warehouse.orders
        if not any(line.category for line in order.lines) and all(line.spu for line in order.lines)
    ]
    assert figures["faults"]["codes"]["MISSING_VALUE"]["names"] == {"categories": len(silent)}
    assert right
    assert silent


def test_a_part_of_the_orders_has_the_same_values(warehouse: Warehouse) -> None:
    """Features of a period are those of its orders, not of the first ones."""
    rule = "account__attempts_24h >= 2"
    whole = backtest(BacktestRequest(rule=rule, data=warehouse.directory, limit=ORDERS))
    start_us = warehouse.orders[200].ordered_at_us
    part = backtest(
        BacktestRequest(rule=rule, data=warehouse.directory, limit=ORDERS, start_us=start_us)
    )
    wanted = {order.order_id for order in warehouse.orders if order.ordered_at_us >= start_us}
    listed = whole.figures["events"]["listed"]
    assert part.figures["events"]["listed"] == [one for one in listed if one["event_id"] in wanted]
    assert 0 < len(part.figures["events"]["listed"]) < len(listed)


def test_states_of_orders(warehouse: Warehouse) -> None:
    """Any abuse, else refunded or cancelled, else honest when all three labels say so."""
    figures = backtest(BacktestRequest(rule="true", data=warehouse.directory)).figures
    labels = pq.read_table(warehouse.directory / "labels.parquet").to_pylist()
    guilty = {one["order_id"] for one in labels if one["value"] == 1}
    labelled = {one["order_id"] for one in labels}
    back = {order.order_id for place, order in enumerate(warehouse.orders) if place % 4 in (0, 1)}
    split = {state: one["events"] for state, one in figures["split"]["all"].items()}
    assert split == {
        "abuse": len(guilty),
        "refunded": len(back - guilty),
        "honest": len(labelled - guilty - back),
        "unknown": ORDERS - len(labelled | back),
    }
    assert figures["label"] == "any abuse"
    one = BacktestRequest(rule="true", data=warehouse.directory, label="scalping")
    found = backtest(one).figures["measures"]["abuse"]["positives"]
    assert found == sum(row["value"] for row in labels if row["abuse"] == "scalping")


@pytest.mark.parametrize(
    ("rule", "changes", "message"),
    [
        ("no_such_rule", {}, "there is no rule 'no_such_rule'"),
        ("account__attempts_24 > 1", {}, "did you mean account__attempts_24h"),
        ("true", {"label": "theft"}, "there are: scalping, brushing, refund"),
        ("true", {"definitions": ("x=true",)}, "--define is for own events"),
        ("true", {"label_delay_s": 5}, "--label-delay is for own events"),
    ],
)
def test_faults(rule: str, changes: dict[str, Any], message: str, warehouse: Warehouse) -> None:
    """Each says what would be right."""
    with pytest.raises(ConfigFault, match=message):
        backtest(BacktestRequest(rule=rule, data=warehouse.directory, **changes))


def test_a_rule_over_claims_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    """The data set holds orders."""
    text = file_text(
        rule_text(subject="refund", when="claim_minor > 100", known="claim_minor = 200",
                  analyst_zh="x", analyst_en="x")
    )  # fmt: skip
    (tmp_path / "refund.toml").write_text(text, "utf-8")
    request = BacktestRequest(rule="fast_submit", data=warehouse.directory, rules=tmp_path)
    with pytest.raises(ConfigFault, match="looks at refunds, and this data set holds orders"):
        backtest(request)


def test_a_raw_or_outdated_data_set_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    """With the command that prepares it."""
    text = (warehouse.directory / "dataset.toml").read_text("utf-8")
    for cut, message in (
        (text.split("[prepared]")[0], "prepare it with `risk dataset prepare"),
        (text.replace("fs1-", "fs0-"), "prepare it again"),
    ):
        (tmp_path / "dataset.toml").write_text(cut, "utf-8")
        with pytest.raises(ConfigFault, match=message):
            backtest(BacktestRequest(rule="true", data=tmp_path))


def test_rows_of_another_frame_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    """Values of other orders would be worse than none."""
    for path in warehouse.directory.iterdir():
        if path.is_file():
            os.link(path, tmp_path / path.name)
    frame = pq.read_table(warehouse.directory / "features" / "frame.parquet")
    (tmp_path / "features").mkdir()
    pq.write_table(frame.slice(1), tmp_path / "features" / "frame.parquet")
    with pytest.raises(DataFault, match="its rows are not those of orders"):
        backtest(BacktestRequest(rule="account__attempts_24h > 1", data=tmp_path))


def test_variables_of_orders_are_listed(warehouse: Warehouse, tmp_path: Path) -> None:
    """Features and facts, with their kinds."""
    out = tmp_path / "v.json"
    arguments = ["--variables", "--data", str(warehouse.directory), "--json", str(out)]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "account__attempts_24h" in result.output
    found = json.loads(out.read_text("utf-8"))
    assert found["event"]["promotion_types"]["kind"] == "texts"
