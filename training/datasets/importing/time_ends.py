"""When what a written time names is over: a day at its end, and so an hour, a week, a month.

Whoever writes the day on which something became known means some time of that day, and nobody
knew it when the day began. Limits: a midnight that names no zone is taken for a day alone, since
tables of days are often kept so; a year without a month is taken for its January.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.cells import Cells
from training.datasets.importing.specs import ISO8601, UNIX, TimeSpec
from training.datasets.importing.times import DAY_US, UNIT_S, TimeColumn, origin_us

Stamps = NDArray[np.int64]
# Parts of a format that tell the day, and the time of the day.
_DAY = re.compile("%-?[djaAwucx]")
_CLOCK = re.compile("%-?[HIcXTR]")
_MIDNIGHT = r"(?:^|[T ])0?0:00(?::00(?:[.,]0+)?)?$"
_DATE_LENGTH = len("2024-05-01")


def ends_us(time: TimeColumn, cells: Cells, at_us: Stamps) -> Stamps:
    """Return the last microsecond of what each cell names; of a moment, the moment itself.

    Parameters
    ----------
    at_us
        Where it begins, as the column was read.
    """
    spec = time.spec
    kind = cells.typed(spec.column[0]).type if len(spec.column) == 1 else pa.string()
    if pa.types.is_date(kind):
        return at_us + DAY_US - 1
    if pa.types.is_temporal(kind) or spec.format != UNIX:
        return _end_of_dates(spec, time.text(cells), at_us)
    if spec.unit == "month":
        return _end_of_months(at_us)
    length_us = UNIT_S.get(spec.unit, 0) * 1_000_000
    # A fraction tells more than the unit.
    is_whole = (at_us - origin_us(spec)) % max(length_us, 1) == 0
    return at_us + np.where(is_whole, max(length_us - 1, 0), 0)


def _end_of_dates(spec: TimeSpec, text: pa.Array, at_us: Stamps) -> Stamps:
    if spec.format not in (ISO8601, UNIX) and not _DAY.search(spec.format):
        return _end_of_months(at_us)
    days = pc.match_substring_regex(text, _MIDNIGHT)
    if spec.format == ISO8601:
        days = pc.or_(days, pc.less_equal(pc.utf8_length(text), _DATE_LENGTH))
    is_day = np.asarray(pc.fill_null(days, False).to_numpy(zero_copy_only=False))
    if spec.format != ISO8601 and not _CLOCK.search(spec.format):
        is_day = np.ones(len(at_us), np.bool_)
    return at_us + np.where(is_day, DAY_US - 1, 0)


def _end_of_months(at_us: Stamps) -> Stamps:
    # The first of a month begins up to 14 hours sooner or later than in UTC; a day more is in it.
    month = (at_us + DAY_US).astype("datetime64[us]").astype("datetime64[M]")
    first, following = (one.astype("datetime64[us]").astype(np.int64) for one in (month, month + 1))
    return at_us + following - first - 1
