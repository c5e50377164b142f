"""Backtests of the public sample files against queries on the files themselves.

The queries know neither the import nor the windows: plain joins of rows with earlier rows.
"""

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from training.cli.backtest import backtest

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
SOURCES = {
    "registrations": "registration_data_20K_minimum.csv.gz",
    "cards": "transaction_data_2K_coldstart.csv.gz",
    "returns": "online_retail.csv.gz",
}
# The header is row 1, and a row number is the id here.
REGISTRATIONS = """
WITH rows AS (
    SELECT 1 + row_number() OVER () AS place, EVENT_TIMESTAMP::TIMESTAMP AS t,
        regexp_extract(ip_address, '^(\\d+\\.\\d+\\.\\d+)\\.', 1) AS block,
        EVENT_LABEL = 'fraud' AS fraud
    FROM read_csv('{file}', all_varchar = true, parallel = false)
),
"""
CARDS = """
WITH rows AS (
    SELECT row_number() OVER () AS place, EVENT_ID AS id,
        strptime(EVENT_TIMESTAMP, '%Y-%m-%dT%H:%M:%SZ') AS t,
        merchant, card_bin, order_price::DOUBLE AS price, product_category AS category,
        EVENT_LABEL AS label
    FROM read_csv('{file}', all_varchar = true, parallel = false)
),
"""
RETURNS = """
WITH lines AS (
    SELECT row_number() OVER () AS place, InvoiceNo AS id,
        make_timestamp((InvoiceDate::DOUBLE * 1000000)::BIGINT) AS t,
        CustomerID AS customer, Quantity::DOUBLE * UnitPrice::DOUBLE AS amount
    FROM read_csv('{file}', all_varchar = true, parallel = false)
),
rows AS (
    SELECT id, min(t) AS t, min(place) AS place, sum(amount) AS amount,
        arg_min(customer, place) FILTER (customer IS NOT NULL) AS customer
    FROM lines GROUP BY id
),
"""
# Data set, rule, options, the start of the query, and which ids it should flag.
CASES = {
    "rows of one network within exactly a day": (
        "registrations", "ip_block__count_24h >= 2", ["--windows", "exact"], REGISTRATIONS,
        """found AS (SELECT a.place::VARCHAR AS id FROM rows a JOIN rows b ON a.block = b.block
            AND (b.t, b.place) < (a.t, a.place) AND b.t >= a.t - INTERVAL 24 HOUR
            GROUP BY a.place HAVING count(*) >= 2) SELECT id FROM found""",
    ),
    "the same, from a whole hour on": (
        "registrations", "ip_block__count_24h >= 2", [], REGISTRATIONS,
        """found AS (SELECT a.place::VARCHAR AS id FROM rows a JOIN rows b ON a.block = b.block
            AND (b.t, b.place) < (a.t, a.place)
            AND b.t >= date_trunc('hour', a.t) - INTERVAL 24 HOUR
            GROUP BY a.place HAVING count(*) >= 2) SELECT id FROM found""",
    ),
    "frauds of a network that were known for up to 30 days": (
        "registrations", "ip_block__fraud__positive_30d >= 1", ["--windows", "exact"],
        REGISTRATIONS,
        """found AS (SELECT DISTINCT a.place::VARCHAR AS id FROM rows a JOIN rows b
            ON a.block = b.block AND b.fraud AND b.t + INTERVAL 7 DAY <= a.t
            AND b.t + INTERVAL 7 DAY >= a.t - INTERVAL 30 DAY) SELECT id FROM found""",
    ),
    "different cards at a merchant in a week, this one included": (
        "cards", "merchant__distinct_card_bin_7d_now >= 2 && amount > 50", ["--windows", "exact"],
        CARDS,
        """found AS (SELECT a.id FROM rows a JOIN rows b ON a.merchant = b.merchant
            AND (b.t, b.place) <= (a.t, a.place) AND b.t >= a.t - INTERVAL 7 DAY
            WHERE a.price > 50 GROUP BY a.id HAVING count(DISTINCT b.card_bin) >= 2)
            SELECT id FROM found""",
    ),
    "a category at night": (
        "cards", "category in ['gas_transport', 'misc_net'] && hour < 6", [], CARDS,
        """found AS (SELECT id FROM rows WHERE category IN ('gas_transport', 'misc_net')
            AND hour(t) < 6) SELECT id FROM found""",
    ),
    "customers with three cancellations in 30 days": (
        "returns", "customer__cancelled__count_30d >= 3",
        ["--define", "cancelled=known(kind) && kind == 'C'", "--windows", "exact"], RETURNS,
        """found AS (SELECT a.id FROM rows a JOIN rows b ON a.customer = b.customer
            AND b.id LIKE 'C%' AND (b.t, b.place) < (a.t, a.place)
            AND b.t >= a.t - INTERVAL 30 DAY GROUP BY a.id HAVING count(*) >= 3)
            SELECT id FROM found""",
    ),
    "orders three times as large as the customer's usual ones": (
        "returns", "amount > 3 * customer__sale__amount_mean_90d",
        ["--define", "sale=amount > 0", "--windows", "exact"], RETURNS,
        """found AS (SELECT a.id FROM rows a JOIN rows b ON a.customer = b.customer
            AND b.amount > 0.004 AND (b.t, b.place) < (a.t, a.place)
            AND b.t >= a.t - INTERVAL 90 DAY
            GROUP BY a.id, a.amount HAVING a.amount > 3 * avg(b.amount) + 0.001)
            SELECT id FROM found""",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_flags_what_a_query_on_the_file_finds(
    case: str, with_imports: Path, tmp_path: Path
) -> None:
    """The flagged ids are exactly those of the query."""
    name, rule, options, head, query = CASES[case]
    flags, figures = tmp_path / "flags.parquet", tmp_path / "f.json"
    arguments = [rule, "--data", str(with_imports / name), *options, "--json", str(figures)]
    result = CliRunner().invoke(
        backtest, [*arguments, "--flags", str(flags)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    ours = set(pq.read_table(flags)["event_id"].to_pylist())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        text = head.format(file=DATA / SOURCES[name]) + query
        right = {id_ for (id_,) in connection.execute(text).fetchall()}
    assert right
    assert ours == right
    assert json.loads(figures.read_text("utf-8"))["events_flagged"] == len(right)
