"""Labels aligned to orders, with the time at which each became known.

A label has an age: a claim arrives weeks after the order, and "nothing was found" is
concluded only when the abuse's maturity has passed. Both facts are needed to build a
training set that a clerk could have built on that day. Limits: one label per order and
abuse; an order without a row (it was blocked) stays unlabelled and is never a negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.domain.vocabulary import Abuse
from training.words import fault

UNLABELLED = -1
DAY_US = 86_400_000_000
NEVER_US = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseLabels:
    """Labels of one abuse, one element per order.

    ``value`` is 1 (abuse), 0 (none found) or -1 (unlabelled); ``known_at_us`` is the
    time at which the label became known, ``NEVER_US`` where there is none. A shop's own
    label stands under its own name, and its delay may be a part of a day. ``settled_us`` tells
    from when on an order that turned out to be abuse was taken for none: its maturity had passed
    before anything was found. ``NEVER_US`` where that never was; None: nowhere.
    """

    abuse: str
    maturity_days: float
    value: NDArray[np.int8]
    known_at_us: NDArray[np.int64]
    settled_us: NDArray[np.int64] | None = None

    def as_of(self, cutoff_us: int) -> "AbuseLabels":
        """Return the labels as they stood at ``cutoff_us``: what was found later was none then."""
        if self.settled_us is None:
            return self
        stood = (self.settled_us <= cutoff_us) & (self.known_at_us > cutoff_us)
        return replace(
            self,
            value=np.where(stood, 0, self.value).astype(np.int8),
            known_at_us=np.where(stood, self.settled_us, self.known_at_us),
            settled_us=np.where(stood, NEVER_US, self.settled_us),
        )

    def settled(self, ordered_at_us: NDArray[np.int64], delay_s: int) -> "AbuseLabels":
        """Return labels of which silence says none once a delay has gone by."""
        settled_us = ordered_at_us + delay_s * 1_000_000
        late = (self.value == 1) & (self.known_at_us > settled_us)
        return replace(self, settled_us=np.where(late, settled_us, NEVER_US))

    def usable(self, ordered_at_us: NDArray[np.int64], cutoff_us: int) -> NDArray[np.bool_]:
        """Tell which labels may be used by somebody who lives at ``cutoff_us``.

        An order younger than the maturity is left out whatever its label says: its
        abuse may be known early, its innocence cannot be, so keeping the early ones
        would raise the rate of abuse.
        """
        ripe = ordered_at_us + round(self.maturity_days * DAY_US) <= cutoff_us
        known: NDArray[np.bool_] = (self.value != UNLABELLED) & (self.known_at_us <= cutoff_us)
        return known & ripe


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """A file of labels: where it is, and which columns name the order and the label."""

    path: Path
    order: str = "order_id"
    label: str = "abuse"

    def read(self) -> pa.Table:
        """Return its rows."""
        return pq.read_table(self.path, columns=[self.order, self.label, "value", "known_at"])


def read_labels(
    labels_parquet: Path, order_ids: NDArray[np.object_], maturity_days: Mapping[Abuse, int]
) -> dict[Abuse, AbuseLabels]:
    """Read the labels of every abuse and align them to ``order_ids``.

    Raises
    ------
    DataFault
        A value is neither 0 nor 1, a time is missing, or an order has two labels of one
        abuse.
    """
    source = LabelTable(path=labels_parquet)
    table = source.read()
    ids = pa.array(order_ids, type=table.schema.field("order_id").type)
    return {
        abuse: align_labels(source, table, ids, abuse, days)
        for abuse, days in maturity_days.items()
    }


def align_labels(
    source: LabelTable, table: pa.Table, order_ids: pa.Array, name: str, maturity_days: float
) -> AbuseLabels:
    """Return the labels of one name, one element per order.

    Raises
    ------
    DataFault
        As ``read_labels``.
    """
    rows = table.filter(pc.equal(table.column(source.label), str(name)))
    own_ids = rows.column(source.order).combine_chunks()
    if pc.count_distinct(own_ids).as_py() != len(own_ids):
        raise DataFault(str(source.path), None, fault("two_labels", name=name))
    value = rows.column("value").to_numpy()
    known_at = rows.column("known_at").cast(pa.int64())
    if known_at.null_count or not np.isin(value, (0, 1)).all():
        raise DataFault(str(source.path), None, fault("label_value", name=name))
    where = pc.index_in(order_ids, value_set=own_ids).fill_null(-1).to_numpy(zero_copy_only=False)
    has = where >= 0
    aligned = np.full(len(where), UNLABELLED, dtype=np.int8)
    known = np.full(len(where), NEVER_US, dtype=np.int64)
    aligned[has] = value[where[has]]
    known[has] = known_at.to_numpy()[where[has]]
    return AbuseLabels(abuse=name, maturity_days=maturity_days, value=aligned, known_at_us=known)
