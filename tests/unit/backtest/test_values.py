"""History variables against brute force, on small shops full of ties, gaps and late labels."""

import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.backtest_oracle import SECOND_US, Asked, Value, oracle
from tests.fixtures.own_shop import ShopEvent, write_shop
from training.backtest.columns import EventColumns, Numbers, Texts
from training.backtest.labels import LabelReader
from training.backtest.lengths import Edges
from training.backtest.names import Measure
from training.backtest.values import Known, OwnValues
from training.backtest.variables import OwnVariables
from training.backtest.zones import UTC_ZONE
from training.datasets.own_events import read_own_description

START_US = 1_704_067_200 * SECOND_US
HOUR_US = 3_600 * SECOND_US
# Steps that meet the edges of windows and tiles, and often none at all: a tie.
STEPS_US = [0, 0, 1, 10 * SECOND_US, 59 * SECOND_US, 60 * SECOND_US, 600 * SECOND_US,
            HOUR_US - 1, HOUR_US, HOUR_US + 1, 24 * HOUR_US, 24 * 7 * HOUR_US,
            24 * 30 * HOUR_US, 24 * 31 * HOUR_US]  # fmt: skip
WINDOWS = ["1m", "10m", "1h", "24h", "7d", "30d", "90d", "ever", "45m", "90s", "1d", "2w"]
KEYS = ["card", "shop", "country", "card_x_shop", "card_x_shop_x_country", "all"]
DELAYS_US = [0, 1, 60 * SECOND_US, 24 * HOUR_US, 24 * 30 * HOUR_US]


@st.composite
def shops(draw: st.DrawFn) -> list[ShopEvent]:
    """Draw up to 25 events of few keys, any value of which may be missing."""
    found: list[ShopEvent] = []
    at_us = START_US + draw(st.integers(0, 3)) * 1_234_567
    for _ in range(draw(st.integers(1, 25))):
        at_us += draw(st.sampled_from(STEPS_US))
        labels = {
            name: (draw(st.integers(0, 1)), at_us + draw(st.sampled_from(DELAYS_US)))
            for name in ("fraud", "refunded")
            if draw(st.booleans())
        }
        found.append(
            ShopEvent(
                at_us=at_us,
                card=draw(st.sampled_from([None, "a", "b"])),
                shop=draw(st.sampled_from([None, "s", "t", "u"])),
                amount_minor=draw(st.sampled_from([None, -500, 0, 1, 12_345])),
                weight=draw(st.sampled_from([None, 0.1, 0.7, -2.25, 1e6])),
                country=draw(st.sampled_from([None, "DE", "FR"])),
                labels=labels,
            )
        )
    return found


@st.composite
def names(draw: st.DrawFn) -> tuple[str, Asked]:
    """Draw a name, and what it asks for."""
    key = draw(st.sampled_from(KEYS))
    measure = draw(st.sampled_from(list(Measure)))
    window = draw(st.sampled_from(WINDOWS))
    now = draw(st.booleans())
    keys = () if key == "all" else tuple(key.split("_x_"))
    exact = draw(st.booleans())
    if measure in (Measure.KNOWN, Measure.POSITIVE, Measure.RATE):
        text, of, now = f"fraud__{measure}_{window}", "fraud", False
    elif measure is Measure.SINCE_POSITIVE:
        text, of, now = f"fraud__{measure}", "fraud", False
    elif measure in (Measure.SINCE_LAST, Measure.SINCE_FIRST):
        text, of, now = measure.value, "", False
    elif measure is Measure.LAST:
        of, now = draw(st.sampled_from(["amount", "weight", "country", "shop"])), False
        text = f"{of}_last"
    elif measure is Measure.COUNT:
        text, of = f"count_{window}", ""
    elif measure is Measure.DISTINCT:
        of = draw(st.sampled_from(["shop", "country", "card"]))
        text = f"distinct_{of}_{window}"
    else:
        of = draw(st.sampled_from(["amount", "weight", "amount_minor"]))
        text = f"{of}_{measure}_{window}"
    asked = Asked(keys=keys, measure=measure.value, of=of, window=window, with_now=now, exact=exact)
    if of != "fraud" and draw(st.booleans()):
        text = f"negative__{text}"
        asked = replace(asked, chosen=is_negative)
    return f"{key}__{text}{'_now' if now else ''}", asked


def is_negative(event: ShopEvent) -> bool:
    """Tell what the definition ``negative`` counts."""
    return (event.amount_minor or 0) < 0


def values_of(
    events: list[ShopEvent], name: str, edges: Edges, span: tuple[int, int]
) -> list[Value]:
    """Return a variable of the events of some places, as a backtest computes it."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        write_shop(directory, events, ("fraud", "refunded"))
        columns = EventColumns(
            directory=directory, description=read_own_description(directory), zone=UTC_ZONE
        )
        negative = np.array([is_negative(event) for event in events])
        values = OwnValues(OwnVariables(columns, ("negative",)), columns, span, edges)
        known = Known(labels=LabelReader(columns).read, definitions={"negative": negative})
        column = values.of([name], known, lambda _stage: None)[name]
        assert isinstance(column, Texts | Numbers)
        found = column.part(0, span[1] - span[0])
    return [None if isinstance(one, float) and math.isnan(one) else one for one in found]


@settings(max_examples=150, deadline=None)
@given(events=shops(), named=names(), start=st.integers(0, 24), end=st.integers(0, 24))
def test_every_variable_is_what_brute_force_says(
    events: list[ShopEvent], named: tuple[str, Asked], start: int, end: int
) -> None:
    """Ties, missing keys and values, tiles and exact edges, late labels, part of the events."""
    name, asked = named
    span = min(start, len(events) - 1), max(len(events) - end, start + 1)
    span = span[0], min(max(span[1], span[0] + 1), len(events))
    edges = Edges.EXACT if asked.exact else Edges.LIVE
    right_ones = oracle(events, asked)[slice(*span)]
    found = values_of(events, name, edges, span)
    for place, (ours, right) in enumerate(zip(found, right_ones, strict=True)):
        if isinstance(right, float) and ours is not None:
            assert ours == pytest.approx(right, rel=1e-12, abs=1e-12), (name, place)
        else:
            assert ours == right, (name, place)
