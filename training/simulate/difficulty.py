"""How hard a written world is: single signals, and what history adds to an order.

``python -m training.simulate.difficulty DIR`` prints, for each abuse, the strongest
single signal and the PR-AUC of a LightGBM on the order's own columns and of one with
simple history beside them, both tested on the last days. History is cut at midnight:
only what was recorded on an earlier day counts.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score, roc_auc_score

from risk_service.domain.vocabulary import Abuse
from training.truth import read_truth

ENTITIES = ("account", "device", "payment", "phone", "address", "ip", "seller")
TRAIN_SHARE = 0.65
TREES = 150
PARAMS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 1,
    "deterministic": True,
    "seed": 7,
    "verbose": -1,
}
_FACTS = """
create temp table facts as
with basket as (
    select order_id, arg_max(seller_id, quantity * unit_price_minor) as seller,
        arg_max(sku, quantity * unit_price_minor) as sku, count(*) as line_count,
        count(distinct seller_id) as sellers, sum(quantity) as units,
        max(unit_price_minor) as dearest, max(promotion_type) as promotion
    from lines group by 1
)
select o.order_id, ordered_at, ordered_at::date as day, account_id as account,
    device_id as device, payment_instrument_id as payment, ip,
    right(regexp_replace(recipient_phone, '[^0-9]', '', 'g'), 11) as phone,
    address_city || address_district || regexp_replace(
        translate(address_detail, '０１２３４５６７８９', '0123456789'), '[^0-9]+', '-', 'g')
        .trim('-') as address,
    seller, line_count, sellers, units, dearest, promotion, goods_minor, discount_minor,
    shipping_minor, payable_minor, discount_minor / greatest(goods_minor, 1) as discount_share,
    page_open_to_submit_ms as page_open_ms, entry_path, verification_level,
    len(discounts) as discount_count, (real_name_id <> '')::int as has_real_name,
    extract(hour from ordered_at) + extract(minute from ordered_at) / 60 as hour,
    isodow(ordered_at) as weekday, (o.drop_id <> '')::int as at_drop,
    epoch(ordered_at) - epoch(drop_at) as since_drop_s,
    (payer_name = recipient_name)::int as payer_is_recipient,
    (phone[:2] in ('16', '17'))::int as phone_class, length(ip) as ip_length,
    epoch(ordered_at - account_registered_at) / 86400 as account_age_days
from orders o join basket using (order_id)
left join (select drop_id, drop_at from campaigns where drop_id <> '') d
    on d.drop_id = o.drop_id
"""
_OWN = (
    *("line_count", "sellers", "units", "dearest", "promotion", "goods_minor", "discount_minor"),
    *("shipping_minor", "payable_minor", "discount_share", "page_open_ms", "entry_path"),
    *("verification_level", "discount_count", "has_real_name", "hour", "weekday", "at_drop"),
    *("since_drop_s", "payer_is_recipient", "phone_class", "ip_length", "account_age_days"),
)
# One row per order and fact: the day from which the shop knew it.
_HAPPENED = """
create temp table happened as
select order_id, day + 1 as known, 1 as orders, at_drop as drops,
    (discount_count > 0)::int as discounted, 0 as claims, 0 as keeps_goods, 0 as light_returns,
    0 as reviews, 0 as light_parcels, 0 as cancels
from facts
union all by name
select order_id, recorded_at::date + 1 as known, 0 as orders, 0 as drops, 0 as discounted,
    (event_type = 'REFUND_REQUESTED')::int as claims,
    (reason in ('NOT_RECEIVED', 'REFUND_ONLY', 'EMPTY_PARCEL', 'PARTIAL_RETURN'))::int
        as keeps_goods,
    (event_type = 'RETURN_RECEIVED' and weight_ratio < 0.7)::int as light_returns,
    (event_type = 'REVIEWED')::int as reviews,
    (event_type = 'SHIPPED' and weight_ratio < 0.7)::int as light_parcels,
    (event_type = 'CANCELLED')::int as cancels
from events
"""
_COUNTS = (
    *("orders", "drops", "discounted", "claims", "keeps_goods", "light_returns", "reviews"),
    *("light_parcels", "cancels"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """Figures of one abuse on the test days; PR-AUC is average precision."""

    abuse: str
    base_rate: float
    strongest_column: str
    strongest_column_auc: float
    strongest_history: str
    strongest_history_auc: float
    pr_auc_order_only: float
    pr_auc_history: float


def frame(directory: Path, truth: Path) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return (orders with all signals and the truth, own columns, history columns)."""
    with duckdb.connect(config={"threads": 1}) as base:
        base.execute("SET enable_progress_bar = false")
        for name in ("orders", "lines", "events", "campaigns"):
            base.register(name, _without_zone(pq.read_table(directory / f"{name}.parquet")))
        base.execute(_FACTS)
        base.execute(_HAPPENED)
        base.register("truth", read_truth(truth))
        for entity in ENTITIES:
            base.execute(_history_sql(entity))
        joins = " ".join(
            f"asof left join history_{entity} {entity}_h on {entity}_h.key = f.{entity} "
            f"and {entity}_h.known <= f.day"
            for entity in ENTITIES
        )
        picked = ", ".join(f"{entity}_h.* exclude (key, known)" for entity in ENTITIES)
        table = base.execute(
            f"select f.*, t.abuse as truth, t.strategy, t.blocked, {picked} "  # noqa: S608 - names are constants of this module
            f"from facts f join truth t using (order_id) {joins} order by ordered_at"
        ).df()
    history = [name for name in table.columns if name.split("__")[0] in ENTITIES and "__" in name]
    table[history] = table[history].fillna(0.0).astype(float)
    parts = ("drops", "claims", "keeps_goods", "reviews", "light_parcels")
    shares = {
        f"{entity}__{part}_share": table[f"{entity}__{part}"] / (table[f"{entity}__orders"] + 2.0)
        for entity in ENTITIES
        for part in parts
    }
    table = pd.concat([table, pd.DataFrame(shares)], axis=1)
    return table, list(_OWN), history + list(shares)


def _without_zone(table: pa.Table) -> pa.Table:
    """Drop the zone (always UTC): DuckDB needs an extension for zoned dates."""
    for at, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            plain = table[column.name].cast(pa.timestamp("us"))
            table = table.set_column(at, column.name, plain)
    return table


def _history_sql(entity: str) -> str:
    sums = ", ".join(f"sum({name}) as {name}" for name in _COUNTS)
    running = ", ".join(f"sum({name}) over w as {entity}__{name}" for name in _COUNTS)
    return f"""
    create temp table history_{entity} as
    with daily as (
        select {entity} as key, h.known, {sums}
        from happened h join facts using (order_id) group by all
    ), newcomers as (
        select key, known, count(*) as fresh from (
            select {entity} as key, account, min(day) + 1 as known from facts group by all
        ) group by all
    )
    select key, known, {running}, sum(coalesce(fresh, 0)) over w as {entity}__accounts
    from daily left join newcomers using (key, known)
    window w as (partition by key order by known)
    """  # noqa: S608 - names are constants of this module


def measure(directory: Path, truth: Path, trees: int = TREES) -> list[Difficulty]:
    """Measure a written world: one entry for each abuse, by models of so many trees."""
    table, own, history = frame(directory, truth)
    table = table[~table["blocked"]].reset_index(drop=True)
    cut = table["ordered_at"].quantile(TRAIN_SHARE)
    test = (table["ordered_at"] > cut).to_numpy()
    figures = []
    for abuse in Abuse:
        guilty = (table["truth"] == abuse.value).to_numpy()
        column, column_auc = _strongest(table[test], own, guilty[test])
        count, count_auc = _strongest(table[test], history, guilty[test])
        figures.append(
            Difficulty(
                abuse=abuse.value,
                base_rate=float(guilty[test].mean()),
                strongest_column=column,
                strongest_column_auc=column_auc,
                strongest_history=count,
                strongest_history_auc=count_auc,
                pr_auc_order_only=_pr_auc(table[own], guilty, test, trees),
                pr_auc_history=_pr_auc(table[own + history], guilty, test, trees),
            )
        )
    return figures


def _strongest(table: pd.DataFrame, names: list[str], guilty: np.ndarray) -> tuple[str, float]:
    """Return the signal with the greatest AUC in either direction."""
    best, best_auc = "", 0.5
    for name in names:
        values = table[name].to_numpy(dtype=float, na_value=np.nan)
        # Unknown may mean something too: try it below and above everything.
        for filler in (-1.0, 1e12):
            auc = float(roc_auc_score(guilty, np.where(np.isnan(values), filler, values)))
            auc = max(auc, 1.0 - auc)
            if auc > best_auc:
                best, best_auc = name, auc
    return best, best_auc


def _pr_auc(signals: pd.DataFrame, guilty: np.ndarray, test: np.ndarray, trees: int) -> float:
    matrix = signals.to_numpy(dtype=np.float64, na_value=np.nan)
    data = lgb.Dataset(matrix[~test], label=guilty[~test])
    booster = lgb.train(PARAMS, data, num_boost_round=trees)
    return float(average_precision_score(guilty[test], booster.predict(matrix[test])))


def main() -> None:
    """Print the figures of the world in the directory on the command line, as JSON."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m training.simulate.difficulty DIR [TRUTH]")
    directory = Path(sys.argv[1])
    truth = Path(sys.argv[2]) if len(sys.argv) == 3 else Path(f"{directory}.truth")
    figures = [asdict(one) for one in measure(directory, truth)]
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
