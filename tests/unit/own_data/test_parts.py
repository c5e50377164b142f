"""Derived keys, links, stamps, folds: each against its plain meaning."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.own_events import DAY_US, START_US
from training.labels import NEVER_US, AbuseLabels
from training.own_data.events import Coded
from training.own_data.fields.derive import derived_keys, text_kind, traits
from training.own_data.inputs.formulas import deviation, shrunk
from training.own_data.inputs.history import rising
from training.own_data.inputs.links import NOBODY, neighbours
from training.own_data.learning.slices import folds
from training.own_data.plan import TextKind
from training.own_data.planning.density import windows_of


def coded(*texts: str | None) -> Coded:
    """Return texts as the reader would have them."""
    levels = list(dict.fromkeys(text for text in texts if text is not None))
    codes = [-1 if text is None else levels.index(text) for text in texts]
    return Coded(codes=np.array(codes, np.int32), levels=pa.array(levels, pa.string()))


def texts(key: Coded) -> list[str | None]:
    """Return the texts of all events."""
    return [None if code < 0 else key.levels[int(code)].as_py() for code in key.codes]


def test_e_mail_gives_domain_and_name_without_numbers() -> None:
    """Farmed addresses differ in their digits alone; the stem is what they share."""
    field = coded("Ann.Lee91@Mail.example", "ann.lee7@mail.example", None, "bob@x.org")
    assert text_kind(field) is TextKind.E_MAIL
    found = dict(derived_keys(field, TextKind.E_MAIL))
    assert texts(found["domain"]) == ["mail.example", "mail.example", None, "x.org"]
    assert texts(found["stem"]) == ["ann.lee", "ann.lee", None, "bob"]
    shapes = dict(traits(field, TextKind.E_MAIL))
    np.testing.assert_array_equal(shapes["digits"], np.array([2, 1, np.nan, 0], np.float32))


def test_one_mailbox_has_many_addresses() -> None:
    """Dots and what follows a plus lead to the same mailbox; a domain of its own does not."""
    field = coded("Ann.Lee+x9@Mail.example", "annlee@mail.example", None, "annlee@x.org", "no one")
    found = dict(derived_keys(field, TextKind.E_MAIL))
    there = ["annlee@mail.example", "annlee@mail.example", None, "annlee@x.org", None]
    assert texts(found["mailbox"]) == there


def test_long_numbers_give_their_block() -> None:
    """Numbers that were given out together share all but their last three digits."""
    field = coded("491711234567", "491711234999", "+491711235000", None)
    assert text_kind(field) is TextKind.DIGITS
    found = dict(derived_keys(field, TextKind.DIGITS))
    assert texts(found["block"]) == ["491711234", "491711234", "491711235", None]
    assert texts(found["head"]) == ["49171123", "49171123", "49171123", None]


def test_ip_gives_its_networks() -> None:
    """Two addresses of one /24 share it; IPv6 has its first groups."""
    field = coded("10.1.2.3", "10.1.2.9", "10.1.9.9", "2001:db8:1:2::5")
    assert text_kind(field) is TextKind.IP
    found = dict(derived_keys(field, TextKind.IP))
    assert texts(found["net24"]) == ["10.1.2", "10.1.2", "10.1.9", "2001:db8:1:2"]
    assert texts(found["net16"]) == ["10.1", "10.1", "10.1", "2001:db8"]


def test_opaque_ids_tell_nothing_more() -> None:
    """A plain id is compared and never read."""
    assert text_kind(coded("c1", "c2", "4711")) is TextKind.OPAQUE
    assert text_kind(coded(None)) is TextKind.OPAQUE


pairs = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 6)), max_size=60)


@given(pairs)
def test_neighbours_equal_brute_force(events: list[tuple[int, int]]) -> None:
    """The four other values seen last with the key, newest first."""
    own = np.array([one for one, _ in events], np.int32)
    other = np.array([one for _, one in events], np.int32)
    found = neighbours(own, own, other, 4, 4)
    for at, (key, value) in enumerate(events):
        before = [b for a, b in reversed(events[:at]) if a == key and b >= 0]
        # The state holds five values, the event's own among them.
        latest = list(dict.fromkeys(before))[:5]
        expected = [one for one in latest if one != value][:4] if key >= 0 else []
        assert found[at].tolist() == expected + [NOBODY] * (4 - len(expected))


@given(st.lists(st.integers(0, 50), min_size=1).map(sorted))
def test_stamps_rise_as_little_as_they_can(times: list[int]) -> None:
    """Every stamp is its time, or the one after the stamp before."""
    previous = -1
    for time, stamp in zip(times, rising(np.array(times)).tolist(), strict=True):
        assert stamp == max(previous + 1, time)
        previous = stamp


def test_rate_of_few_labels_stays_near_the_prior() -> None:
    """No label gives the prior, one positive moves it little, a thousand overrule it."""
    rates = shrunk(np.array([0.0, 1.0, 900.0]), np.array([0.0, 1.0, 1000.0]), 0.01)
    assert rates[0] == pytest.approx(0.01)
    assert 0.05 < rates[1] < 0.15
    assert rates[2] == pytest.approx(0.89, abs=0.01)


def test_deviation_counts_spreads_above_the_usual() -> None:
    """Ten equal amounts make a doubled one stand out; without history it is unknown."""
    count = np.array([10.0, 0.0])
    values = deviation(np.array([3.0, 3.0]), count, count * 2.0, count * 4.0)
    assert values[0] > 2
    assert np.isnan(values[1])


def test_short_windows_need_events_that_come_so_soon() -> None:
    """A key with one event a day has no 1 h window, and long ones only within the data."""
    at_us = START_US + np.arange(60) * DAY_US
    assert windows_of(np.zeros(60, np.int32), at_us, 59 * DAY_US, 20) == ("24h", "7d", "30d")
    assert windows_of(np.arange(60, dtype=np.int32), at_us, 59 * DAY_US, 20) == ()


def labels_of(value: np.ndarray, at_us: np.ndarray, delay_days: float) -> AbuseLabels:
    """Return labels known after a delay."""
    known = np.where(value < 0, NEVER_US, at_us + round(delay_days * DAY_US))
    return AbuseLabels(abuse="fraud", maturity_days=delay_days, value=value, known_at_us=known)


def test_folds_fit_before_they_predict_with_an_embargo() -> None:
    """What is fitted lies before what is held, and its labels were known when that began."""
    at_us = START_US + np.arange(1_000) * DAY_US // 10
    value = (np.arange(1_000) % 10 == 0).astype(np.int8)
    labels = labels_of(value, at_us, 2)
    found = folds(labels, at_us, np.arange(1_000))
    assert len(found) == 4
    for fold in found:
        assert fold.embargoed
        assert labels.known_at_us[fold.fit].max() <= at_us[fold.held[0]]
    assert found[-1].held[-1] == 999


def test_embargo_gives_way_when_it_would_leave_too_little() -> None:
    """With labels as late as the window is long the folds still keep their order in time."""
    at_us = START_US + np.arange(1_000) * DAY_US // 100
    value = (np.arange(1_000) % 10 == 0).astype(np.int8)
    found = folds(labels_of(value, at_us, 9), at_us, np.arange(1_000))
    assert found
    for fold in found:
        assert not fold.embargoed
        assert fold.fit[-1] < fold.held[0]
