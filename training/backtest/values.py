"""Values of variables over own events, for the events of a period; only what a rule reads."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.backtest.columns import MISSING, Column, EventColumns, Numbers, Texts
from training.backtest.history import (
    Facts,
    Flags,
    Floats,
    Int32s,
    KeyHistory,
    Period,
    joined_keys,
    key_history,
)
from training.backtest.label_history import LabelHistory
from training.backtest.lengths import Edges
from training.backtest.names import OF_LABELS, HistoryName, Measure
from training.backtest.variables import AMOUNT, OwnVariables
from training.datasets.own_events import AMOUNT_COLUMN
from training.labels import AbuseLabels
from training.quotient import quotient

SECOND_US = 1e6
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What values are made from besides the columns: labels, and which events definitions take.

    Neither is a variable by itself.
    """

    labels: Callable[[str], AbuseLabels]
    definitions: Mapping[str, Flags]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """History variables of one key over the same facts."""

    keys: tuple[str, ...]
    label: str
    with_now: bool


class OwnValues:
    """The values of variables for the events of places ``start`` to ``stop``."""

    def __init__(
        self, variables: OwnVariables, columns: EventColumns, span: tuple[int, int], edges: Edges
    ) -> None:
        self._variables, self._columns = variables, columns
        self._start, self._stop = span
        self._edges = edges

    def of(self, names: Sequence[str], known: Known, tell: Step) -> dict[str, Column]:
        """Return the columns of some variables.

        Parameters
        ----------
        tell
            Called with a line of text before each key.
        """
        found: dict[str, Column] = {}
        shares: dict[_Share, dict[str, HistoryName]] = defaultdict(dict)
        for name in names:
            history = self._variables.history(name)
            if history is None:
                found[name] = self._own(name)
            else:
                label = history.events if history.measure in OF_LABELS else ""
                share = _Share(keys=history.keys, label=label, with_now=history.with_now)
                shares[share][name] = history
        for share, wanted in shares.items():
            tell(f"history of {'_x_'.join(share.keys) or 'all events'}")
            made = self._labels(share, wanted, known) if share.label else None
            found |= made if made is not None else self._events(share, wanted, known)
        return {name: found[name] for name in names}

    def _own(self, name: str) -> Column:
        column = self._variables.own[name].column(self._columns)
        here = slice(self._start, self._stop)
        if isinstance(column, Texts):
            return Texts(column.codes[here], column.levels)
        return Numbers(column.values[here])

    def _keys(self, keys: tuple[str, ...]) -> Int32s:
        """Return the key of each event up to the end of the period."""
        if not keys:
            return np.zeros(self._stop, np.int32)
        columns = [self._field(key).codes[: self._stop] for key in keys]
        return joined_keys(columns)

    def _field(self, name: str) -> Texts:
        return self._columns.texts(self._variables.vocabulary.fields[name])

    def _period(self, key: Int32s) -> Period:
        here = slice(self._start, self._stop)
        return Period(
            start=self._start, stop=self._stop, key=key[here], at_us=self._columns.at_us[here]
        )

    def _events(
        self, share: _Share, wanted: Mapping[str, HistoryName], known: Known
    ) -> dict[str, Column]:
        key = self._keys(share.keys)
        at_us = self._columns.at_us[: self._stop]
        facts = Facts(key=key, place=np.arange(self._stop), at_us=at_us)
        history = key_history(facts, self._period(key), self._edges, with_now=share.with_now)
        found: dict[str, Column] = {}
        for name, one in wanted.items():
            chosen = np.ones(self._stop, np.bool_)
            if one.events:
                chosen = known.definitions[one.events][: self._stop]
            found[name] = self._measured(one, history, chosen)
        return found

    def _measured(self, name: HistoryName, history: KeyHistory, chosen: Flags) -> Column:
        measure = name.measure
        if measure is Measure.COUNT:
            return Numbers(history.count(chosen, name.window))
        if measure is Measure.DISTINCT:
            codes = self._field(name.of).codes[: self._stop]
            return Numbers(history.distinct(chosen, codes, name.window))
        if measure is Measure.SINCE_LAST:
            return Numbers(self._seconds_since(history.newest(chosen)))
        if measure is Measure.SINCE_FIRST:
            return Numbers(self._seconds_since(history.first(chosen)))
        if measure is Measure.LAST:
            return self._last(name.of, history, chosen)
        return Numbers(self._of_numbers(name, history, chosen))

    def _of_numbers(self, name: HistoryName, history: KeyHistory, chosen: Flags) -> Floats:
        column = self._variables.vocabulary.numbers[name.of]
        values = self._columns.numbers(column).values[: self._stop]
        some = chosen & np.isfinite(values)
        if name.measure in (Measure.MIN, Measure.MAX):
            sign = 1.0 if name.measure is Measure.MAX else -1.0
            extreme = sign * history.greatest(some, sign * values, name.window)
            return extreme / self._unit(name.of)
        divisor = self._unit(name.of)
        whole = self._columns.whole(column)
        if whole is None:
            total = history.total_of_floats(some, values, name.window)
        else:
            total = history.total(some, whole.values[: self._stop], name.window)
            divisor *= whole.scale
        if name.measure is Measure.SUM:
            return total / divisor
        return quotient(total, history.count(some, name.window) * divisor)

    def _last(self, of: str, history: KeyHistory, chosen: Flags) -> Column:
        if of in self._variables.vocabulary.fields:
            texts = self._field(of)
            newest = history.newest(chosen & (texts.codes[: self._stop] != MISSING))
            return Texts(np.where(newest < 0, MISSING, texts.codes[newest]), texts.levels)
        values = self._columns.numbers(self._variables.vocabulary.numbers[of]).values
        newest = history.newest(chosen & np.isfinite(values[: self._stop]))
        return Numbers(np.where(newest < 0, np.nan, values[newest]) / self._unit(of))

    def _unit(self, of: str) -> float:
        """Return how many of what is kept make one of the variable."""
        money = of == AMOUNT and self._variables.vocabulary.numbers[of] == AMOUNT_COLUMN
        return 10.0**self._columns.exponent if money else 1.0

    def _seconds_since(self, events: Int32s) -> Floats:
        now = self._columns.at_us[self._start : self._stop]
        return np.where(events < 0, np.nan, (now - self._columns.at_us[events]) / SECOND_US)

    def _labels(
        self, share: _Share, wanted: Mapping[str, HistoryName], known: Known
    ) -> dict[str, Column]:
        history = LabelHistory(
            labels=known.labels(share.label),
            at_us=self._columns.at_us[: self._stop],
            start=self._start,
            edges=self._edges,
        )
        of_key = history.of_key(self._keys(share.keys))
        return {
            name: Numbers(history.measured(of_key, one.measure, one.window))
            for name, one in wanted.items()
        }
