"""Orders of a prepared data set: what a rule flags in the past is what it would flag live."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from risk_service.cli.keys import create_keys
from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.domain.vocabulary import PromotionType
from risk_service.features.schema import load_schema
from risk_service.governance.backtests import report_of
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.rule_set import shipped_rules
from risk_service.rules.variables import Subject
from tests.fixtures.backtest_warehouse import ORDERS, Warehouse, promotions_of
from tests.fixtures.rule_texts import file_text, rule_text
from training.backtest.request import BacktestRequest
from training.backtest.run import backtest
from training.cli.backtest import backtest as command

# What only the live service knows.
LIVE_ONLY = {"grey_lists", "scalping_score", "brushing_score", "refund_score"}
RULES = [rule for rule in shipped_rules().rules.values() if rule.subject is Subject.ORDER]
ORDER_RULES = [rule.id for rule in RULES if LIVE_ONLY.isdisjoint(rule.expression.variables)]
LIVE_RULES = [rule.id for rule in RULES if not LIVE_ONLY.isdisjoint(rule.expression.variables)]


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


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("orders.parquet", "prepare the data set again"),
        ("labels.parquet", "prepare the data set again"),
        ("events.parquet", "prepare the data set again"),
        ("features/frame.parquet", "remove it, and it is built again"),
    ],
)
def test_a_file_that_was_cut_off_is_named(
    warehouse: Warehouse, tmp_path: Path, name: str, remedy: str
) -> None:
    """With what makes it anew; and so is one that is gone."""
    data = shutil.copytree(warehouse.directory, tmp_path / "warehouse")
    request = BacktestRequest(rule=f"{load_schema().live[0].name} > 1.0", data=data)
    os.truncate(data / name, 1_000)
    with pytest.raises(DataFault, match=f"{name}: cannot be read as Parquet.*; {remedy}"):
        backtest(request)
    if name != "features/frame.parquet":
        (data / name).unlink()
        with pytest.raises(DataFault, match=f"{name}: no such file; {remedy}"):
            backtest(request)


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
        ("'seller' == 'x'", {}, "a name stands without quotes"),
        ("address_region in ['上海市', '浙江']", {}, "write 上海"),
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


def test_a_rule_that_no_order_meets_is_told(warehouse: Warehouse, tmp_path: Path) -> None:
    """Instead of flagging nothing; a rule beside it is backtested."""
    known = "order__page_open_ms = 1"
    scope = "[rule.scope]\nregions = ['上海市']"
    rules = [rule_text(scope, known), rule_text(known=known, id="other")]
    (tmp_path / "my.toml").write_text(file_text(*rules), "utf-8")
    asked = {"data": warehouse.directory, "rules": tmp_path}
    with pytest.raises(RuleFileFault, match=r"my\.toml:20: rule fast_submit: 上海市 is not"):
        backtest(BacktestRequest(rule="fast_submit", **asked))
    assert backtest(BacktestRequest(rule="other", **asked)).figures["rule"] == "other"


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
