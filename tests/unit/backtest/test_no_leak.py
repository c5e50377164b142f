"""A rule sees nothing of its own label, of later events, or of what became known later."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.errors import ConfigFault
from tests.fixtures.backtest_oracle import Asked
from tests.fixtures.backtest_values import START_US, names, shops, values_of
from tests.fixtures.own_shop import ShopEvent, write_shop
from training.backtest.lengths import Edges
from training.backtest.request import BacktestRequest
from training.backtest.run import backtest


def future_unlike(events: list[ShopEvent], place: int) -> list[ShopEvent]:
    """Return events that differ in all that the event at a place must not see."""
    now_us = events[place].at_us
    earlier = [
        replace(
            event,
            labels={
                name: (value, known_us) if known_us <= now_us else (1 - value, known_us)
                for name, (value, known_us) in event.labels.items()
            },
        )
        for event in events[:place]
    ]
    own = replace(events[place], labels={"fraud": (1, now_us), "refunded": (1, now_us)})
    later = [
        replace(event, card="a", shop="s", amount_minor=7, labels={"fraud": (1, event.at_us)})
        for event in events[place + 1 :]
    ]
    return [*earlier, own, *later]


@settings(max_examples=60, deadline=None)
@given(events=shops(), named=names(), place=st.integers(0, 24))
def test_nothing_but_the_past_changes_a_variable(
    events: list[ShopEvent], named: tuple[str, Asked], place: int
) -> None:
    """With another own label, other later events and labels the value stays as it was."""
    place = min(place, len(events) - 1)
    span = (place, place + 1)
    right = values_of(events, named[0], Edges.LIVE, span)
    assert values_of(future_unlike(events, place), named[0], Edges.LIVE, span) == right


def test_a_label_known_at_once_is_not_seen_by_its_own_event(tmp_path: Path) -> None:
    """Even with a delay of 0: the second event is the first that sees a fraud."""
    fraud = {"fraud": (1, START_US)}
    events = [ShopEvent(at_us=START_US, card="a", labels=fraud) for _ in range(3)]
    write_shop(tmp_path, events)
    request = BacktestRequest(rule="card__fraud__positive_ever >= 1", data=tmp_path)
    listed = backtest(request).figures["events"]["listed"]
    assert [one["event_id"] for one in listed] == ["e1", "e2"]


@pytest.mark.parametrize("name", ["fraud", "label__fraud", "known_at", "state", "value"])
def test_a_label_is_no_variable(name: str) -> None:
    """There is no name under which a rule could read it."""
    with tempfile.TemporaryDirectory() as folder:
        write_shop(Path(folder), [ShopEvent(at_us=START_US, labels={"fraud": (1, START_US)})])
        with pytest.raises(ConfigFault, match="there is no variable"):
            backtest(BacktestRequest(rule=f"{name} == 1", data=Path(folder)))


def test_a_definition_cannot_read_history_or_labels(tmp_path: Path) -> None:
    """It says which events count, by their own columns."""
    write_shop(tmp_path, [ShopEvent(at_us=START_US, card="a")])
    for condition, message in (
        ("card__count_1h > 1", "card__count_1h is history"),
        ("fraud == 1", "there is no variable fraud"),
    ):
        request = BacktestRequest(rule="true", data=tmp_path, definitions=(f"x={condition}",))
        with pytest.raises(ConfigFault, match=message):
            backtest(request)
