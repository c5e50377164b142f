"""What a run is measured on beside its own test window: later events, its own or of other data.

A run has learned from what was known when its test window begins, whatever data it is measured
on: only events from then on say how good it is. They may have no label yet; then there are
predictions, and no figures.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from risk_service.domain.errors import ConfigFault
from training.labels import NEVER_US, UNLABELLED, AbuseLabels
from training.own_data.events import OwnEvents, read_events, read_label
from training.own_data.fields.keys import category_field
from training.own_data.manifest import Manifest
from training.own_data.periods import Periods, when
from training.own_data.plan import FeaturePlan
from training.own_data.prepared import OwnData
from training.words import fault


def read_later_data(
    directory: Path, manifest: Manifest, window: tuple[int | None, int | None]
) -> OwnData:
    """Read events that a run is to score, with the columns that it knows.

    A data set that has not the label at all is read as one in which nothing is known.

    Parameters
    ----------
    window
        From when to when, in microseconds; None: see ``later_periods``.

    Raises
    ------
    ConfigFault
        A column is missing, or the window begins before the run's own.
    DataFault
        The directory holds no own events.
    """
    events = read_events(directory)
    periods = later_periods(manifest.window.periods(), events, *window)
    if manifest.label in events.description.labels:
        labels = read_label(directory, events, manifest.label, manifest.label_delay_s)
    else:
        labels = _nothing_known(len(events), manifest.label)
    events = with_columns_of(manifest.plan, events, directory)
    return OwnData(events=events, labels=labels, periods=periods)


def _nothing_known(count: int, label: str) -> AbuseLabels:
    return AbuseLabels(
        abuse=label,
        maturity_days=0.0,
        value=np.full(count, UNLABELLED, np.int8),
        known_at_us=np.full(count, NEVER_US, np.int64),
    )


def later_periods(
    learned: Periods, events: OwnEvents, from_us: int | None, to_us: int | None
) -> Periods:
    """Return the periods of a run with another test window.

    Parameters
    ----------
    learned
        The run's own.
    from_us, to_us
        The window; None: from the begin of the run's own, to the last event.

    Raises
    ------
    ConfigFault
        The window begins before the run's own, or holds no time at all.
    """
    start_us = learned.test_from_us if from_us is None else from_us
    end_us = int(events.at_us[-1]) + 1 if to_us is None else to_us
    if start_us < learned.test_from_us:
        told = {"given": when(start_us), "cutoff": when(learned.test_from_us)}
        raise ConfigFault(fault("test_before_run", **told))
    if end_us <= start_us and to_us is not None:
        told = {"name": "test", "start": when(start_us), "end": when(end_us)}
        raise ConfigFault(fault("window_reversed", **told))
    if end_us <= start_us:
        last = when(int(events.at_us[-1]))
        raise ConfigFault(fault("nothing_later_own", last=last, cutoff=when(start_us)))
    return replace(learned, test_from_us=start_us, test_to_us=end_us)


def with_columns_of(plan: FeaturePlan, events: OwnEvents, data: Path) -> OwnEvents:
    """Return the events with the columns that the run was trained on, in its order, and no others.

    Raises
    ------
    ConfigFault
        Some are missing; names them all.
    """
    entities = [name for name in plan.texts if not _is_category(plan, name)]
    categories = [one.name for one in plan.categories]
    numbers = [one.name for one in plan.numbers]
    lacking = [f"[entities] {name}" for name in entities if name not in events.entities]
    lacking += [f"[categorical] {name}" for name in categories if name not in events.categories]
    lacking += [f"[numeric] {name}" for name in numbers if name not in events.numbers]
    if plan.has_amount and events.amount is None:
        lacking.append("[amount]")
    if lacking:
        raise ConfigFault(fault("lacks_columns", path=data, columns=", ".join(lacking)))
    return replace(
        events,
        entities={name: events.entities[name] for name in entities},
        categories={name: events.categories[name] for name in categories},
        numbers={name: events.numbers[name] for name in numbers},
        amount=events.amount if plan.has_amount else None,
    )


def _is_category(plan: FeaturePlan, field: str) -> bool:
    return any(field == category_field(one.name) for one in plan.categories)
