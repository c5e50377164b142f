"""The events and what became known of them as one log, in the order in which it was known.

An event counts from its own time on. A label is an event of its own: it says of its event's
keys that they are known to be positive or negative, and it happens when it becomes known. So
a window over labels holds what was learned within it, and no event can see a label of its
own or one that was not yet known. A label that was negative for a while is two events: it was
learned to be negative, and turned later. Events of the same time stand in the order of the file;
a label that becomes known at the very time of an event comes after it.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.labels import UNLABELLED, AbuseLabels
from training.own_data.events import Coded, OwnEvents
from training.own_data.inputs.declare import (
    AMOUNT,
    EVENT,
    HAS_AMOUNT,
    KINDS,
    LABEL_NEGATIVE,
    LABEL_POSITIVE,
    LABEL_TURNED,
    LOG,
    LOG_SCALE,
    LOG_SQUARED,
)
from training.own_data.plan import FeaturePlan
from training.windows.log import EventLog, hash_column

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]
MINOR = 100


def event_log(
    events: OwnEvents,
    fields: Mapping[str, Coded],
    labels: AbuseLabels,
    plan: FeaturePlan,
    reads: NDArray[np.bool_],
) -> EventLog:
    """Return the log.

    Parameters
    ----------
    reads
        Events whose windows are wanted; the others only count.
    """
    learned, learned_us, learned_as = _learned(labels)
    subject = np.concatenate((np.arange(len(events)), learned))
    happened = np.concatenate((events.at_us, learned_us))
    kind = np.concatenate((np.full(len(events), KINDS.index(EVENT)), learned_as))
    # Stable: events stand before labels of the same microsecond.
    order = np.argsort(happened, kind="stable")
    stamps = rising(happened[order])
    read = np.zeros(len(order), np.int64)
    reading = order < len(events)
    reading[reading] = reads[order[reading]]
    read[reading] = stamps[reading]
    return EventLog(
        event_id=events.event_id.take(subject[order]),
        kind=kind[order].astype(np.int16),
        a_us=stamps,
        tau_us=stamps,
        r_us=read,
        fields={name: hash_column(fields[name].filled()) for name in plan.fields},
        columns=log_columns(events, plan),
        subject=subject[order].astype(np.int32),
    )


def _learned(labels: AbuseLabels) -> tuple[Int64s, Int64s, Int64s]:
    """Return of which event what was learned, when, and what kind of log event that is."""
    labelled = np.flatnonzero(labels.value != UNLABELLED)
    positive, negative = KINDS.index(LABEL_POSITIVE), KINDS.index(LABEL_NEGATIVE)
    kind = np.where(labels.value[labelled] == 1, positive, negative)
    known_us = labels.known_at_us[labelled]
    if labels.settled_us is None:
        return labelled, known_us, kind
    turns = labels.settled_us[labelled] < known_us
    kind[turns] = KINDS.index(LABEL_TURNED)
    before = labelled[turns]
    return (
        np.concatenate((before, labelled)),
        np.concatenate((labels.settled_us[before], known_us)),
        np.concatenate((np.full(len(before), negative), kind)),
    )


def rising(times: Int64s) -> Int64s:
    """Return strictly rising stamps, each as early as it can be."""
    places = np.arange(len(times))
    return np.asarray(np.maximum.accumulate(times - places) + places, dtype=np.int64)


def log_columns(events: OwnEvents, plan: FeaturePlan) -> dict[str, Int64s]:
    """Return the numbers that are summed, as whole ones; 0 where they are missing."""
    found: dict[str, Int64s] = {}
    if events.amount is not None and plan.has_amount:
        logs = whole(log_amount(events.amount), LOG_SCALE)
        found[AMOUNT] = whole(events.amount, MINOR)
        found[LOG], found[LOG_SQUARED] = logs, logs * logs
        found[HAS_AMOUNT] = np.isfinite(events.amount).astype(np.int64)
    scales = {number.name: number.scale for number in plan.numbers}
    for name in plan.history_numbers:
        found[f"n/{name}"] = whole(events.numbers[name], scales[name])
        found[f"has/{name}"] = np.isfinite(events.numbers[name]).astype(np.int64)
    return found


def log_amount(amount: Floats) -> Floats:
    """Return the signed logarithm of 1 + |amount|."""
    return np.asarray(np.sign(amount) * np.log1p(np.abs(amount)))


def whole(values: Floats, scale: float) -> Int64s:
    """Return values times scale, rounded; 0 where missing, held within 10^12."""
    scaled = np.nan_to_num(values * scale, nan=0.0, posinf=1e12, neginf=-1e12)
    return np.rint(np.clip(scaled, -1e12, 1e12)).astype(np.int64)
