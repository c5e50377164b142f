"""The facts of a warehouse, dated by the day on which the shop recorded them.

Three tables, each with the seven entity keys and ``day`` (days since 1970 UTC):
``orders`` by ordered_at, ``events`` by recorded_at, ``labels`` by known_at.
"""

from pathlib import Path

import duckdb

from risk_service.domain.errors import DataFault
from risk_service.features.entities import ENTITIES
from training.frames.duck import literal
from training.words import fault

KEYS = ", ".join(f"o.{entity}" for entity in ENTITIES)

# An order that the policy refused was an attempt and nothing more. An order that would
# have been refused and was let through by chance was placed.
ORDERS = """
CREATE TEMP TABLE orders AS
WITH attempts AS (
    SELECT *, baseline_outcome = 'DENY' AND NOT allow_through AS refused
    FROM read_parquet({orders})
), placed AS (
    SELECT *, (NOT refused AND account <> '' AND seller <> '')::INTEGER AS of_pair FROM attempts
)
SELECT o.* EXCLUDE (of_pair),
    epoch_us(ordered_at) // 86400000000 AS day,
    (epoch_us(ordered_at) - epoch_us(registered_at)) / 86400000000 AS account_age_days,
    account <> '' AND seller <> '' AND coalesce(sum(of_pair) OVER here_before, 0) > 0
        AS bought_here_before,
    account <> '' AND seller <> ''
        AND coalesce(sum(of_pair) OVER week, 0) > coalesce(sum(of_pair) OVER here_week, 0)
        AS bought_elsewhere_7d
FROM placed o
WINDOW
    here_before AS (
        PARTITION BY seller, account ORDER BY ordered_at, order_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    week AS (
        PARTITION BY account ORDER BY ordered_at
        RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING),
    here_week AS (
        PARTITION BY account, seller ORDER BY ordered_at
        RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING)
"""

# A claim's time counts from a delivery that was known when the claim was recorded.
EVENTS = """
CREATE TEMP TABLE events AS
WITH delivery AS (
    SELECT order_id, event_at AS delivered_at, recorded_at AS delivery_known_at
    FROM read_parquet({events}) WHERE event_type = 'DELIVERED'
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY event_at, event_id) = 1
)
SELECT {keys}, e.event_type, e.reason, e.weight_ratio,
    coalesce(e.amount_minor, 0) AS amount_minor,
    epoch_us(e.recorded_at) // 86400000000 AS day,
    CASE WHEN delivery_known_at <= e.recorded_at AND delivered_at <= e.event_at
        THEN (epoch_us(e.event_at) - epoch_us(delivered_at)) // 3600000000 END AS claim_hours
FROM read_parquet({events}) e
JOIN orders o USING (order_id)
LEFT JOIN delivery USING (order_id)
"""

LABELS = """
CREATE TEMP TABLE labels AS
SELECT {keys}, l.abuse, l.value, epoch_us(l.known_at) // 86400000000 AS day
FROM read_parquet({labels}) l JOIN orders o USING (order_id)
"""


def load_facts(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Create the tables ``orders``, ``events`` and ``labels``.

    Raises
    ------
    DataFault
        A file of the warehouse is absent or has other columns.
    """
    files = {
        table: literal(_existing(warehouse / f"{table}.parquet"))
        for table in ("orders", "events", "labels")
    }
    for table, statement in (("orders", ORDERS), ("events", EVENTS), ("labels", LABELS)):
        try:
            connection.execute(statement.format(keys=KEYS, **files))
        except duckdb.Error as error:
            # What follows the first line quotes our own SQL.
            told = fault("is_it_prepared", error=str(error).splitlines()[0])
            raise DataFault(str(warehouse / f"{table}.parquet"), None, told) from error


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataFault(str(path), None, fault("prepare_first"))
    return path
