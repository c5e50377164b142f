"""What a backtest is asked for, and the period that it looks at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.backtest.lengths import Edges
from training.backtest.zones import UTC_ZONE
from training.own_data.periods import when
from training.words import fault

DEFAULT_LIMIT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """The command's arguments.

    Parameters
    ----------
    rule
        Id of a rule, or an expression.
    start_us, stop_us
        The period, the end not included; None: from the first event, to the last one.
    label_delay_s
        How long after its event a label became known, in histories; None: as imported.
    as_of_us
        Labels that became known later are taken for not known; None: all are known.
    rules
        Directory of rule files; None: the shipped ones.
    definitions
        ``NAME=CONDITION``: events that histories count apart.
    limit
        How many events, and entities of each kind, the result lists.
    """

    rule: str
    data: Path
    label: str | None = None
    refund_label: str | None = None
    start_us: int | None = None
    stop_us: int | None = None
    as_of_us: int | None = None
    label_delay_s: int | None = None
    rules: Path | None = None
    definitions: tuple[str, ...] = ()
    edges: Edges = Edges.LIVE
    zone: ZoneInfo = UTC_ZONE
    limit: int = DEFAULT_LIMIT


def span_of(request: BacktestRequest, at_us: NDArray[np.int64]) -> tuple[int, int]:
    """Return the places of the first event of the period and of the first one after it.

    Raises
    ------
    ConfigFault
        The period holds no event.
    """
    start_us = at_us[0] if request.start_us is None else request.start_us
    stop_us = at_us[-1] + 1 if request.stop_us is None else request.stop_us
    if None not in (request.start_us, request.stop_us) and start_us >= stop_us:
        told = fault("period_reversed", start=when(int(start_us)), stop=when(int(stop_us)))
        raise ConfigFault(told)
    start, stop = np.searchsorted(at_us, [start_us, stop_us]).tolist()
    if start >= stop:
        code = "asked_both"
        if request.start_us is None or request.stop_us is None:
            code = "asked_to" if request.start_us is None else "asked_from"
        asked = fault(code, start=moment(int(start_us)), stop=moment(int(stop_us)))
        first, last = moment(int(at_us[0])), moment(int(at_us[-1]))
        raise ConfigFault(fault("no_event", asked=asked, first=first, last=last))
    return start, stop


def moment(time_us: int) -> str:
    """Return a time as RFC 3339 in UTC."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
