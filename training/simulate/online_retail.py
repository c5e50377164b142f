"""The packaged copy of Online Retail: its maker, and its reader.

``python -m training.simulate.online_retail FULL.csv.gz OUT.parquet`` makes the copy:
sales lines of known customers at a price above zero, without descriptions and
countries, each with a flag for "cancelled later". The reader returns arrays only.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from risk_service.domain.errors import DataFault
from training.simulate.baskets import Baskets, Habits, baskets_of_lines
from training.words import fault

PACKAGED = Path(__file__).parent / "data" / "online_retail.parquet"
COLUMNS = ("invoice", "customer", "at_s", "sku", "quantity", "unit_price_minor", "cancelled")
CANCEL_WINDOW_S = 60 * 86_400
SHOPS = 240
# Two invoices of 74,215 and 80,995 pieces were typing errors, cancelled within minutes.
MOST_PIECES = 10_000


def make_copy(full: Path, out: Path) -> int:
    """Write the packaged copy from the full file; return the number of lines kept.

    A line counts as cancelled when a ``C`` invoice of the same customer names the
    same stock code within 60 days after it.
    """
    raw = pd.read_csv(full, dtype={"InvoiceNo": str, "StockCode": str})
    raw = raw[raw["CustomerID"].notna() & raw["StockCode"].str.match(r"^\d{5}")]
    is_cancel = raw["InvoiceNo"].str.startswith("C")
    sane = raw["Quantity"].between(1, MOST_PIECES) & (raw["UnitPrice"] > 0)
    sales = raw[~is_cancel & sane].copy()
    sales = sales.reset_index(drop=True)
    sales["cancelled"] = _cancelled(sales, raw[is_cancel])
    sales = sales.sort_values(
        ["CustomerID", "InvoiceDate", "InvoiceNo", "StockCode"], kind="stable"
    )
    table = pa.table(
        {
            "invoice": pa.array(sales["InvoiceNo"].astype("int32")),
            "customer": pa.array(sales["CustomerID"].astype("int32")),
            "at_s": pa.array(sales["InvoiceDate"].astype("int64")),
            "sku": pa.array(sales["StockCode"]),
            "quantity": pa.array(sales["Quantity"].astype("int32")),
            "unit_price_minor": pa.array((sales["UnitPrice"] * 100).round().astype("int32")),
            "cancelled": pa.array(sales["cancelled"]),
        }
    )
    pq.write_table(table, out, compression="zstd", compression_level=19)
    return int(table.num_rows)


def _cancelled(sales: pd.DataFrame, cancels: pd.DataFrame) -> pd.Series:
    keys = ["CustomerID", "StockCode"]
    sold = sales[[*keys, "InvoiceDate"]].reset_index()
    pairs = sold.merge(cancels[[*keys, "InvoiceDate"]], on=keys, suffixes=("", "_cancel"))
    wait = pairs["InvoiceDate_cancel"] - pairs["InvoiceDate"]
    hit = pairs.loc[(wait >= 0) & (wait <= CANCEL_WINDOW_S), "index"]
    return pd.Series(sales.index.isin(hit), index=sales.index)


def read_copy(path: Path = PACKAGED) -> tuple[Baskets, Habits]:
    """Read the packaged copy as baskets of one shop each, and the customers' habits.

    Raises
    ------
    DataFault
        The file is missing or is not the packaged copy.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataFault(str(path), None, fault("no_baskets", error=error)) from error
    if tuple(table.column_names) != COLUMNS:
        raise DataFault(str(path), None, fault("baskets_columns", columns=", ".join(COLUMNS)))
    sku_names, sku = np.unique(table["sku"].to_numpy(), return_inverse=True)
    # Neighbouring stock codes are kindred goods, so a shop is a run of stock codes.
    seller_of_sku = (np.arange(sku_names.size) * SHOPS // sku_names.size).astype(np.int32)
    invoice = table["invoice"].to_numpy().astype(np.int64)
    part = invoice * SHOPS + seller_of_sku[sku]
    order = np.argsort(part, kind="stable")
    columns = {name: table[name].to_numpy()[order] for name in COLUMNS[1:] if name != "sku"}
    baskets = baskets_of_lines(
        group=part[order],
        sku=sku[order].astype(np.int32),
        quantity=columns["quantity"],
        price=columns["unit_price_minor"].astype(np.int64),
        cancelled=columns["cancelled"],
        seller_of_sku=seller_of_sku,
    )
    first = baskets.start
    _, customer = np.unique(columns["customer"][first], return_inverse=True)
    habits = Habits.of_baskets(customer=customer, at_s=columns["at_s"][first].astype(np.int64))
    return baskets, habits


def main() -> None:
    """Make the copy from the two paths on the command line."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m training.simulate.online_retail FULL.csv.gz OUT.parquet")
    lines = make_copy(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{lines} lines written to {sys.argv[2]}\n")


if __name__ == "__main__":
    main()
