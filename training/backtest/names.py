"""The names of history variables: ``card__count_1h``, ``card_x_shop__amount_sum_24h_now``.

``KEY__MEASURE`` or ``KEY__EVENTS__MEASURE``. KEY is a field, several joined by ``_x_``, or
``all``; EVENTS is a label, or a definition (``--define``) that says which events count.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from training.backtest.lengths import PATTERN, Edges, window_of

SEPARATOR, PAIR, ALL_EVENTS = "__", "_x_", "all"
MOST_KEYS = 4
NOW = "_now"


class Measure(StrEnum):
    """What is told of the earlier events of a key."""

    COUNT = "count"
    DISTINCT = "distinct"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    SINCE_LAST = "since_last_s"
    SINCE_FIRST = "since_first_s"
    KNOWN = "known"
    POSITIVE = "positive"
    RATE = "rate"
    SINCE_POSITIVE = "since_positive_s"


OF_NUMBERS = (Measure.SUM, Measure.MEAN, Measure.MIN, Measure.MAX)
OF_LABELS = (Measure.KNOWN, Measure.POSITIVE, Measure.RATE, Measure.SINCE_POSITIVE)
SINCE = (Measure.SINCE_LAST, Measure.SINCE_FIRST)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryName:
    """A name taken apart.

    ``events`` is a label, a definition, or empty for all events. ``of`` is the number that is
    summed or the field that is counted distinct. ``with_now``: the event itself counts too.
    """

    keys: tuple[str, ...]
    events: str
    measure: Measure
    of: str = ""
    window: str = ""
    with_now: bool = False

    @property
    def key(self) -> str:
        """Return the key as it is written."""
        return PAIR.join(self.keys) or ALL_EVENTS

    @property
    def text(self) -> str:
        """Return the whole name."""
        middle = f"{self.events}{SEPARATOR}" if self.events else ""
        return f"{self.key}{SEPARATOR}{middle}{self._measured()}{NOW if self.with_now else ''}"

    def _measured(self) -> str:
        if self.measure in OF_NUMBERS:
            return f"{self.of}_{self.measure}_{self.window}"
        if self.measure is Measure.LAST:
            return f"{self.of}_{self.measure}"
        if self.measure is Measure.DISTINCT:
            return f"{self.measure}_{self.of}_{self.window}"
        return f"{self.measure}_{self.window}" if self.window else self.measure.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What the names of one data set are made of.

    ``fields`` have text values and may be keys, ``numbers`` have numeric ones; ``labels`` and
    ``definitions`` choose events.
    """

    fields: Mapping[str, str]
    numbers: Mapping[str, str]
    labels: Sequence[str]
    definitions: Sequence[str]

    def parse(self, name: str) -> HistoryName | None:
        """Return the parts of a name, or None when it is no history variable."""
        for cut in re.finditer(f"(?={SEPARATOR})", name):
            keys = self.keys(name[: cut.start()])
            if keys is not None:
                found = self._measure(keys, name[cut.start() + len(SEPARATOR) :])
                if found is not None:
                    return found
        return None

    def keys(self, text: str) -> tuple[str, ...] | None:
        """Return the fields of a key, none of them for ``all``; None when it is no key."""
        if text == ALL_EVENTS and text not in self.fields:
            return ()
        found = next(self._split(text), None)
        fits = found is not None and len(found) <= MOST_KEYS and len(set(found)) == len(found)
        return found if fits else None

    def _split(self, text: str) -> Iterator[tuple[str, ...]]:
        """Yield the ways to read a text as fields joined by ``_x_``; a name may hold that too."""
        if text in self.fields:
            yield (text,)
        for cut in re.finditer(f"(?={PAIR})", text):
            if text[: cut.start()] in self.fields:
                for rest in self._split(text[cut.start() + len(PAIR) :]):
                    yield (text[: cut.start()], *rest)

    def _measure(self, keys: tuple[str, ...], text: str) -> HistoryName | None:
        events, _, measured = text.rpartition(SEPARATOR)
        if events in self.labels:
            return _of_label(keys, events, measured)
        # A qualified name such as num__size has a separator of its own.
        for chosen in ("", *self.definitions):
            start = f"{chosen}{SEPARATOR}" if chosen else ""
            if text.startswith(start):
                found = self._of_events(keys, chosen, text.removeprefix(start))
                if found is not None:
                    return found
        return None

    def _of_events(self, keys: tuple[str, ...], events: str, text: str) -> HistoryName | None:
        if text in SINCE:
            return HistoryName(keys=keys, events=events, measure=Measure(text))
        if text.endswith(f"_{Measure.LAST}"):
            of = text.removesuffix(f"_{Measure.LAST}")
            if of in self.fields or of in self.numbers:
                return HistoryName(keys=keys, events=events, measure=Measure.LAST, of=of)
            return None
        match = re.fullmatch(rf"(.+)_({PATTERN})({NOW})?", text)
        if match is None or window_of(match[2], Edges.LIVE) is None:
            return None
        measured = self._over_window(match[1])
        if measured is None:
            return None
        measure, of = measured
        return HistoryName(
            keys=keys,
            events=events,
            measure=measure,
            of=of,
            window=match[2],
            with_now=match[3] is not None,
        )

    def _over_window(self, text: str) -> tuple[Measure, str] | None:
        if text == Measure.COUNT:
            return Measure.COUNT, ""
        of = text.removeprefix(f"{Measure.DISTINCT}_")
        if of != text and of in self.fields:
            return Measure.DISTINCT, of
        of, _, measure = text.rpartition("_")
        if measure in OF_NUMBERS and of in self.numbers:
            return Measure(measure), of
        return None


def _of_label(keys: tuple[str, ...], label: str, text: str) -> HistoryName | None:
    if text == Measure.SINCE_POSITIVE:
        return HistoryName(keys=keys, events=label, measure=Measure.SINCE_POSITIVE)
    match = re.fullmatch(rf"(known|positive|rate)_({PATTERN})", text)
    if match is None or window_of(match[2], Edges.LIVE) is None:
        return None
    return HistoryName(keys=keys, events=label, measure=Measure(match[1]), window=match[2])
