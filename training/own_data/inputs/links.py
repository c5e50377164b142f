"""One hop away: the keys that were lately seen with this event's keys, and how they fare.

For an event of card C at shop S, ``card.shop`` looks at the last other shops where C was
seen, and ``shop.card`` at the last other cards seen at S. Their label rates and counts are
read at the event's own time, so what has become known of them meanwhile counts. Limits: the
four other keys seen last.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.terms import WindowSet
from risk_service.features.windows.tiles import EVER
from training.own_data.events import Coded, Floats
from training.own_data.inputs import declare as d
from training.own_data.inputs.formulas import shrunk
from training.own_data.plan import FeaturePlan
from training.windows.build import read_at
from training.windows.compiled import compiled
from training.windows.log import EventLog, hash_column

Int32s = NDArray[np.int32]
NEIGHBOURS = 4
NOBODY = -1


def link_columns(
    log: EventLog,
    fields: Mapping[str, Coded],
    plan: FeaturePlan,
    rows: NDArray[np.int64],
    done: Callable[[int], None],
) -> Iterator[tuple[str, Floats]]:
    """Yield (name, value of each row) of every link.

    Parameters
    ----------
    rows
        Events whose links are wanted, ascending; those that read in the log.
    done
        Called with the number of links that are done, before each one.
    """
    if not plan.links:
        return
    reading = link_reading(log, plan)
    for number, link in enumerate(plan.links):
        done(number)
        own, other = fields[link.key], fields[link.over]
        found = neighbours(own.codes, own.codes, other.codes, len(own.levels), NEIGHBOURS)[rows]
        hashes = np.append(hash_column(other.levels), 0)[found]
        name = f"{link.key}.{link.over}"
        yield from fare_of(hashes, link.over, name, reading)
        for role in plan.roles:
            if role.field == link.over:
                yield from fare_of(hashes, role.key.field, f"{name}.as_{role.key.field}", reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReading:
    """What linked keys are read from: the log, its windows of links, and when."""

    log: EventLog
    windows: WindowSet
    at_us: NDArray[np.int64]
    prior: float


def fare_of(
    hashes: NDArray[np.int64], over: str, name: str, reading: LinkReading
) -> Iterator[tuple[str, Floats]]:
    """Yield how the keys that each row is linked to fare, as of the row's time.

    Parameters
    ----------
    hashes
        Of keys of the field ``over``, 0 where there is none; shape (rows, links).
    """
    rows, most = hashes.shape
    group = [one.keys for one in reading.windows.groups].index((over,))
    times = np.repeat(reading.at_us, most)
    read = read_at(reading.log, reading.windows, group, hashes.ravel(), times)
    values = read.reshape(rows, most, -1)
    place = {one.name: at for at, one in enumerate(reading.windows.groups[group].features)}
    prior = reading.prior

    def of(events: str, window: str) -> NDArray[np.float64]:
        name = d.feature_name((over,), events, "count", window, "")
        return np.asarray(values[:, :, place[name]])

    name = f"{name}__linked"
    for window in (d.LINK_WINDOW, EVER.name):
        rate = shrunk(of(d.POSITIVE, window), of(d.KNOWN, window), prior)
        yield f"{name}_rate_mean_{window}", _mean(rate)
        yield f"{name}_rate_max_{window}", _max(rate)
    yield f"{name}_positive_max", _max(of(d.POSITIVE, EVER.name))
    yield f"{name}_events_mean", _mean(of(d.EVENTS, d.LINK_COUNT_WINDOW))
    yield f"{name}_events_max", _max(of(d.EVENTS, d.LINK_COUNT_WINDOW))


def _mean(values: NDArray[np.float64]) -> Floats:
    """Return the mean of each row over those there are; NaN where there is none."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    found = np.full(len(values), np.nan)
    np.divide(total, count, out=found, where=count > 0)
    return found


def _max(values: NDArray[np.float64]) -> Floats:
    highest = np.where(np.isfinite(values), values, -np.inf).max(axis=1)
    return np.where(np.isfinite(highest), highest, np.nan)


def link_reading(log: EventLog, plan: FeaturePlan) -> LinkReading:
    """Return what the rows that read in the log see of linked keys."""
    return LinkReading(
        log=log,
        windows=d.declare_links(plan),
        at_us=log.r_us[log.reads],
        prior=plan.prior,
    )


@compiled
def neighbours(asked: Int32s, own: Int32s, other: Int32s, keys: int, most: int) -> Int32s:
    """Return, per event, the last ``most`` other values seen with a key before it.

    Shape (events, most), newest first, -1 where there are fewer; the event's own value is
    left out, since it has features of its own.

    Parameters
    ----------
    asked, own
        The key whose values each event asks for, and the one that its own value is seen with.
    """
    # One place more than is asked for, since one of them may be the event's own.
    lately = np.full((keys, most + 1), NOBODY, np.int32)
    found = np.full((own.size, most), NOBODY, np.int32)
    for event in range(own.size):
        value = other[event]
        at = 0
        for place in range(most + 1 if asked[event] >= 0 else 0):
            seen = lately[asked[event], place]
            if seen >= 0 and seen != value and at < most:
                found[event, at] = seen
                at += 1
        key = own[event]
        if key < 0 or value < 0:
            continue
        moved = value
        for place in range(most + 1):
            moved, lately[key, place] = lately[key, place], moved
            if moved == value:
                break
    return found
