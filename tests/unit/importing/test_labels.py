"""Labels: who is positive, who has none, when it was known, and one class only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Mapped = Callable[..., str]


def _source(*rows: tuple[str, str]) -> str:
    lines = [
        f"e{row},2024-05-{row + 1:02d}T00:00:00Z,c,s,1,{label},{known}\n"
        for row, (label, known) in enumerate(rows)
    ]
    return "id,time,card,shop,price,fraud,known\n" + "".join(lines)


def test_values_may_be_listed_on_both_sides(bench: Any, mapped: Mapped) -> None:
    """What is in neither list nor unlabelled is refused by row and value."""
    keys = 'positive = ["fraud"]\nnegative = ["legit"]\nunlabelled = ["open"]'
    mapping = mapped(('positive = ["1"]', keys))
    source = _source(("fraud", ""), ("legit", ""), ("open", ""), ("", ""))
    label = bench.run(source, mapping).labels["fraud"]
    assert (label.positives, label.negatives, label.unlabelled) == (1, 1, 2)
    fault = bench.fault(source.replace("open", "Fraud"), mapping)
    assert "row 4: column fraud: 'Fraud' is neither positive, negative nor unlabelled" in fault


@pytest.mark.parametrize(
    ("cell", "positive"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1", "[1]"),
        ("True", "[true]"),
        ("TRUE", "[true]"),
        ("yes", '"yes"'),
    ],
)
def test_positive_values_may_be_numbers_and_truths(
    bench: Any, mapped: Mapped, cell: str, positive: str
) -> None:
    """What TOML writes as a number or truth value means the text of the cell."""
    mapping = mapped(('["1"]', positive))
    bench.run(_source((cell, ""), ("0", "")), mapping)
    assert [row["value"] for row in bench.labels()] == [1, 0]


def test_a_column_may_tell_when_a_label_was_known(bench: Any, mapped: Mapped) -> None:
    """The delay of the description is then the longest one seen."""
    mapping = mapped(('delay = "7d"', 'known_at = "known"'))
    source = _source(("1", "2024-05-03T00:00:00Z"), ("0", "2024-05-02T00:00:00Z"), ("", ""))
    label = bench.run(source, mapping).labels["fraud"]
    assert [row["known_at"].day for row in bench.labels()] == [3, 2]
    assert (label.known_from, label.delay_s, label.longest_delay_s) == ("column", 172_800, 172_800)


def test_a_label_from_before_its_event_is_refused(bench: Any, mapped: Mapped) -> None:
    """It would tell the model what nobody could know: both times are in the message."""
    mapping = mapped(('delay = "7d"', 'known_at = "known"'))
    fault = bench.fault(
        _source(("1", "2024-05-03T00:00:00Z"), ("0", "2024-05-01T23:59:59Z")), mapping
    )
    assert "row 3: column known: '2024-05-01T23:59:59Z' is before the event" in fault


def test_a_label_from_the_future_is_refused(bench: Any, mapped: Mapped) -> None:
    """Nobody knows today what will be known tomorrow, unless the event itself lies ahead."""
    mapping = mapped(('delay = "7d"', 'known_at = "known"'))
    source = _source(("1", "2024-05-03T00:00:00Z"), ("0", "2031-05-01T00:00:00Z"))
    fault = bench.fault(source, mapping)
    assert "row 3: column known: '2031-05-01T00:00:00Z' lies in the future" in fault
    ahead = source.replace("2031-", "2131-").replace("2024-05", "2131-04")
    assert bench.run(ahead, mapping).source.notes == ("2 events lie after the time of the import",)


def test_a_label_without_its_time_needs_a_delay(bench: Any, mapped: Mapped) -> None:
    """An empty time is refused, or settled by the delay when there is one."""
    source = _source(("1", "2024-05-03T00:00:00Z"), ("0", ""))
    fault = bench.fault(source, mapped(('delay = "7d"', 'known_at = "known"')))
    assert "row 3: column known: is empty" in fault
    assert 'delay = "7d" in [labels.fraud] would tell it of such rows' in fault
    bench.run(source, mapped(('delay = "7d"', 'known_at = "known"\ndelay = "3d"')))
    assert [row["known_at"].day for row in bench.labels()] == [3, 5]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("0", "0"), "one class only: every labelled event is negative"),
        (("1", "1"), "one class only: every labelled event is positive"),
        (("", ""), "no label at all"),
        (("yes", "no"), "column fraud says 'yes' (1), 'no' (1)"),
    ],
)
def test_one_class_only_is_refused(bench: Any, labels: tuple[str, ...], said: str) -> None:
    """The values that were seen stand in the message, because the mapping is likely wrong."""
    assert said in bench.fault(_source(*((label, "") for label in labels)))


def test_several_labels_of_one_file(bench: Any, mapped: Mapped) -> None:
    """Each has its own rows, an event's labels one after the other."""
    second = '[labels.early]\ncolumn = "known"\npositive = ["y"]\ndelay = "1h"\n'
    description = bench.run(_source(("1", "n"), ("0", "y"), ("", "n")), mapped() + second)
    assert [(row["event_id"], row["label"], row["value"]) for row in bench.labels()] == [
        ("e0", "fraud", 1), ("e0", "early", 0), ("e1", "fraud", 0), ("e1", "early", 1),
        ("e2", "early", 0),
    ]  # fmt: skip
    assert list(description.labels) == ["fraud", "early"]


def test_a_mapping_without_labels_imports_events_only(bench: Any, mapped: Mapped) -> None:
    """They cannot be trained on, and can be looked at."""
    bench.run(_source(("1", ""), ("0", "")), mapped().partition("[labels")[0])
    assert bench.labels() == []
    assert len(bench.events()) == 2


LATER = """
[labels.returned]
later = { where = ["price < 0"], same = ["card", "shop"], within = "10d" }
"""


def _later(mapped: Mapped) -> str:
    mapping = mapped().partition("[labels")[0] + LATER
    return mapping.replace('name = "payments"\n', '[rows]\nwhere = ["price > 0"]\n')


def test_a_later_row_makes_a_label(bench: Any, mapped: Mapped) -> None:
    """Positive from the later row on, negative when the time is over, else without a label.

    Where the file ends before the time is over a positive has none either: only positives would.
    """
    source = "id,time,card,shop,price\n" + "".join(
        f"{key},2024-05-{day:02d}T00:00:00Z,{card},s,{price}\n"
        for key, day, card, price in [
            ("back", 1, "a", 5), ("r1", 4, "a", -5), ("late", 1, "b", 5), ("r2", 12, "b", -5),
            ("kept", 2, "c", 5), ("open", 20, "c", 5), ("after", 5, "a", 5), ("end", 22, "d", 5),
            ("nobody", 1, "", 5), ("soon", 18, "e", 5), ("r3", 20, "e", -5),
        ]
    )  # fmt: skip
    description = bench.run(source, _later(mapped))
    found = {row["event_id"]: (row["value"], row["known_at"]) for row in bench.labels()}
    day = datetime(2024, 5, 1, tzinfo=UTC)
    assert found == {
        "back": (1, day + timedelta(days=3)),
        "late": (0, day + timedelta(days=10)),
        "kept": (0, day + timedelta(days=11)),
        "after": (0, day + timedelta(days=14)),
    }
    label = description.labels["returned"]
    assert (label.known_from, label.delay_s, label.unlabelled) == ("later", 864_000, 4)
    assert label.positive == ("price < 0",)
    assert description.source.filtered == 3


def test_a_row_is_not_later_than_itself(bench: Any, mapped: Mapped) -> None:
    """A label such as "came again within a day" looks at other rows only."""
    mapping = _later(mapped).replace("price < 0", "price > 0").replace('"10d"', '"1d"')
    rows = [("a", 1, "x"), ("b", 2, "x"), ("c", 4, "x"), ("d", 8, "y")]
    source = "id,time,card,shop,price\n" + "".join(
        f"{key},2024-05-{day:02d},{card},s,5\n" for key, day, card in rows
    )
    bench.run(source, mapping)
    found = {row["event_id"]: row["value"] for row in bench.labels()}
    assert found == {"a": 1, "b": 0, "c": 0}


def test_a_file_that_is_too_short_for_a_later_row_says_so(bench: Any, mapped: Mapped) -> None:
    """A week of orders settles nothing that may take ten days: not the rows are to blame."""
    source = (
        "id,time,card,shop,price\na,2024-05-01,c,s,5\nb,2024-05-02,d,s,5\nr,2024-05-06,c,s,-5\n"
    )
    told = bench.fault(source, _later(mapped))
    assert "label returned: no label at all: none is positive and none negative of 2 events" in told
    assert "of the rows for which labels.returned.later.within had gone by when the file" in told
    assert "a shorter within leaves more" in told


def test_a_later_row_with_a_bad_time_is_refused(bench: Any, mapped: Mapped) -> None:
    """It is no event, and still its time counts."""
    source = "id,time,card,shop,price\na,2024-05-01,c,s,5\nb,2024-05-01,d,s,5\nr,soon,c,s,-5\n"
    assert "row 4: column time: 'soon'" in bench.fault(source, _later(mapped))
