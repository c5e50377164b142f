"""The variables of a rule over own events: the event's own columns, and history of its keys.

They follow from the data set. Never among them: a label of the event itself, or anything
later than the event.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from risk_service.rules.expression import Kind
from risk_service.rules.language import is_variable_name
from training.backtest import lengths, texts
from training.backtest.columns import (
    Column,
    EventColumns,
    category_columns,
    entity_columns,
    number_columns,
)
from training.backtest.moments import PARTS, part_of_time
from training.backtest.names import (
    ALL_EVENTS,
    OF_NUMBERS,
    SINCE,
    HistoryName,
    Measure,
    Vocabulary,
)
from training.datasets.own_events import AMOUNT_COLUMN

AMOUNT = "amount"
MOST_SUGGESTIONS = 3
NEAR_ENOUGH = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable: its name, its kind, and what it is for an analyst."""

    name: str
    kind: Kind
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVariable:
    """A variable of the event itself, and where its values come from."""

    variable: Variable
    column: Callable[[EventColumns], Column]


class OwnVariables:
    """The variables of one data set.

    Parameters
    ----------
    definitions
        Names under which some of the events are counted apart; see ``define``.
    """

    def __init__(self, columns: EventColumns, definitions: Sequence[str]) -> None:
        self._columns = columns
        self.own = {one.variable.name: one for one in _own_variables(columns)}
        self.vocabulary = _vocabulary(columns, definitions)

    @property
    def directory(self) -> Path:
        """Return where the data set lies."""
        return self._columns.directory

    def find(self, name: str) -> Variable | None:
        """Return a variable by its name, or None."""
        if name in self.own:
            return self.own[name].variable
        history = self.vocabulary.parse(name)
        return None if history is None else self.described(history)

    def history(self, name: str) -> HistoryName | None:
        """Return what a history variable is made of; None for one of the event itself."""
        return None if name in self.own else self.vocabulary.parse(name)

    def of_event(self) -> dict[str, Variable]:
        """Return the variables of the event itself."""
        return {name: one.variable for name, one in self.own.items()}

    def near(self, name: str) -> list[str]:
        """Return variables whose names are most like one that there is not."""
        name = name.lower()
        key, _, _ = name.partition("__")
        likely = difflib.get_close_matches(key, self.key_names(), MOST_SUGGESTIONS, NEAR_ENOUGH)
        found = list(self.own)
        if name != key:
            found += [one.text for near in likely for one in self.of_key(near)]
        return difflib.get_close_matches(name, found, MOST_SUGGESTIONS, NEAR_ENOUGH)

    def key_names(self) -> list[str]:
        """Return every field as a key, every pair of entities, and ``all``."""
        entities = [name for name in self._columns.description.entities if name in self._plain]
        pairs = ["_x_".join(pair) for pair in combinations(entities, 2)]
        return list(dict.fromkeys((*self._plain, *pairs, ALL_EVENTS)))

    def described(self, history: HistoryName) -> Variable:
        """Return a history variable."""
        text = history.measure is Measure.LAST and history.of in self.vocabulary.fields
        return Variable(
            name=history.text,
            kind=Kind.TEXT if text else Kind.NUMBER,
            text_en=texts.english(history),
            text_zh=texts.chinese(history),
        )

    def of_key(self, key: str) -> Iterator[HistoryName]:
        """Yield the history variables of a key, over the windows of the live service."""
        keys = self.vocabulary.keys(key)
        if keys is None:
            return
        for events in ("", *self.vocabulary.definitions):
            yield from self._of_events(keys, events)
        for label in self.vocabulary.labels:
            for window in lengths.NAMES:
                for measure in (Measure.KNOWN, Measure.POSITIVE, Measure.RATE):
                    yield HistoryName(keys=keys, events=label, measure=measure, window=window)
            yield HistoryName(keys=keys, events=label, measure=Measure.SINCE_POSITIVE)

    @property
    def _plain(self) -> list[str]:
        """Fields by the shorter of their names."""
        seen: dict[str, str] = {}
        for name, column in self.vocabulary.fields.items():
            seen.setdefault(column, name)
        return list(seen.values())

    def _of_events(self, keys: tuple[str, ...], events: str) -> Iterator[HistoryName]:
        numbers = dict.fromkeys(self.vocabulary.numbers.values())
        shorter = {column: name for name, column in reversed(list(self.vocabulary.numbers.items()))}
        others = [name for name in self._plain if name not in keys]
        for with_now in (False, True):
            for window in lengths.NAMES:
                given = {"keys": keys, "events": events, "window": window, "with_now": with_now}
                yield _named(Measure.COUNT, given)
                for measure in OF_NUMBERS:
                    for column in numbers:
                        yield _named(measure, given, shorter[column])
                for other in others:
                    yield _named(Measure.DISTINCT, given, other)
        for since in SINCE:
            yield HistoryName(keys=keys, events=events, measure=since)
        for of in (*(shorter[column] for column in numbers), *others):
            yield HistoryName(keys=keys, events=events, measure=Measure.LAST, of=of)


def _named(measure: Measure, given: Mapping[str, object], of: str = "") -> HistoryName:
    return HistoryName(measure=measure, of=of, **given)  # type: ignore[arg-type] # one per key


def _vocabulary(columns: EventColumns, definitions: Sequence[str]) -> Vocabulary:
    described = columns.description
    fields = _first_wins(entity_columns(described), category_columns(described))
    amount = {AMOUNT: AMOUNT_COLUMN} if described.amount is not None else {}
    return Vocabulary(
        fields=fields,
        numbers=_first_wins(amount, number_columns(described)),
        labels=tuple(described.labels),
        definitions=tuple(definitions),
    )


def _first_wins(*tables: Mapping[str, str]) -> dict[str, str]:
    """Return names and columns; each column under its own name too, which is always free."""
    found: dict[str, str] = {}
    for table in tables:
        for name, column in table.items():
            found.setdefault(name, column)
    for table in tables:
        for column in table.values():
            found.setdefault(column, column)
    return found


def _own_variables(columns: EventColumns) -> Iterator[OwnVariable]:
    """Yield the variables of the event; of two with one name the first has it."""
    taken: set[str] = set()
    for one in _named_twice(columns):
        if one.variable.name not in taken and is_variable_name(one.variable.name):
            taken.add(one.variable.name)
            yield one


def _named_twice(columns: EventColumns) -> Iterator[OwnVariable]:
    described = columns.description
    if described.amount is not None:
        yield from _amounts(described.amount.currency)
    tables = (
        (Kind.TEXT, described.entities, entity_columns(described)),
        (Kind.TEXT, described.categorical, category_columns(described)),
        (Kind.NUMBER, described.numeric, number_columns(described)),
    )
    for qualified in (False, True):
        for kind, words, names in tables:
            for name, column in names.items():
                yield _of_column(column if qualified else name, kind, column, words[name])
        if not qualified:
            for part in PARTS:
                yield OwnVariable(
                    variable=Variable(
                        name=part.name, kind=Kind.NUMBER, text_en=part.text_en, text_zh=part.text_zh
                    ),
                    column=part_of_time(part),
                )


def _amounts(currency: str) -> Iterator[OwnVariable]:
    unit = currency or "unit of the data set"
    yield OwnVariable(
        variable=Variable(
            name=AMOUNT,
            kind=Kind.NUMBER,
            text_en=f"amount in {unit}",
            text_zh=f"金额（主单位 {currency}）".replace(" ）", "）"),
        ),
        column=EventColumns.amount,
    )
    yield OwnVariable(
        variable=Variable(
            name=AMOUNT_COLUMN,
            kind=Kind.NUMBER,
            text_en="amount in the smallest unit, a whole number",
            text_zh="金额（最小单位，整数）",
        ),
        column=lambda columns: columns.numbers(AMOUNT_COLUMN),
    )


def _of_column(name: str, kind: Kind, column: str, words: str) -> OwnVariable:
    def read(columns: EventColumns) -> Column:
        return columns.texts(column) if kind is Kind.TEXT else columns.numbers(column)

    text = words or name
    variable = Variable(name=name, kind=kind, text_en=text, text_zh=text)
    return OwnVariable(variable=variable, column=read)
