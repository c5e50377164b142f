"""What became of orders: the labels of the three abuses, and what was given back.

An order counts as refunded when money went back or it was cancelled (life events REFUNDED and
CANCELLED). A blocked order has no label: nobody saw what it would have become.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from risk_service.domain.vocabulary import Abuse
from training.backtest.order_columns import OrderColumns
from training.backtest.readable import readable
from training.labels import DAY_US, NEVER_US, UNLABELLED, AbuseLabels, read_labels

ANY = "any abuse"
REFUNDED = "refunded"
GIVEN_BACK = ("REFUNDED", "CANCELLED")
BLOCKED = ("BLOCKED",)


def abuse_labels(
    columns: OrderColumns, maturity_days: Mapping[Abuse, int], abuse: Abuse | None
) -> AbuseLabels:
    """Return the labels of one abuse, or of any.

    Any abuse is known from the first one found on; that there is none, when the last label
    is known and all are negative.
    """
    ids = np.asarray(columns.ids.to_pylist(), dtype=object)
    path = columns.directory / "labels.parquet"
    with readable(path):
        found = read_labels(path, ids, maturity_days)
    return _any(list(found.values())) if abuse is None else found[abuse]


def refund_labels(columns: OrderColumns, maturity_d: int) -> AbuseLabels:
    """Return which orders were refunded or cancelled, and when the shop knew.

    Parameters
    ----------
    maturity_d
        Days after an order until it is concluded that nothing comes back.
    """
    path = columns.directory / "events.parquet"
    with readable(path):
        table = pq.read_table(path, columns=["order_id", "event_type", "recorded_at"])
    back_us = _first_us(table, GIVEN_BACK, columns.ids)
    value = np.where(back_us < NEVER_US, 1, 0).astype(np.int8)
    value[_first_us(table, BLOCKED, columns.ids) < NEVER_US] = UNLABELLED
    known_at_us = np.where(value == 1, back_us, columns.at_us + maturity_d * DAY_US)
    known_at_us[value == UNLABELLED] = NEVER_US
    return AbuseLabels(
        abuse=REFUNDED, maturity_days=maturity_d, value=value, known_at_us=known_at_us
    )


def _first_us(table: pa.Table, types: Sequence[str], ids: pa.Array) -> "np.ndarray":
    """Return when an event of some types was first recorded of each order."""
    mine = table.filter(pc.is_in(table["event_type"], value_set=pa.array(types)))
    place = pc.index_in(mine["order_id"].combine_chunks(), value_set=ids)
    known = place.is_valid().to_numpy(zero_copy_only=False)
    recorded_us = mine["recorded_at"].cast(pa.int64()).to_numpy()
    found = np.full(len(ids), NEVER_US, np.int64)
    np.minimum.at(
        found, place.to_numpy(zero_copy_only=False)[known].astype(np.int64), recorded_us[known]
    )
    return found


def _any(labels: Sequence[AbuseLabels]) -> AbuseLabels:
    values = np.stack([one.value for one in labels])
    known_us = np.stack([one.known_at_us for one in labels])
    positive = (values == 1).any(axis=0)
    negative = (values == 0).all(axis=0)
    first_us = np.where(values == 1, known_us, NEVER_US).min(axis=0)
    value = np.select([positive, negative], [1, 0], UNLABELLED).astype(np.int8)
    known_at_us = np.select([positive, negative], [first_us, known_us.max(axis=0)], NEVER_US)
    return AbuseLabels(
        abuse=ANY,
        maturity_days=max(one.maturity_days for one in labels),
        value=value,
        known_at_us=known_at_us,
    )
