"""Guesses a mapping from a file, as a text to be corrected: a start, not an answer.

The guess goes by names (card, customer, e-mail, amount, fraud, ...) and by what the first
rows hold. It says of each column why it stands where it stands. Limits: it knows English
and Chinese names, makes no groups and no joined columns.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.datasets.importing.look import Look, look_at
from training.datasets.importing.mapping import MOST_ENTITIES
from training.datasets.importing.mapping_faults import name_like
from training.datasets.toml_text import quoted

_TIMES = "time|date|timestamp|created|at$|when|dt|datetime|datum|zeit|fecha|heure"
# Times of a row that are not when it happened: they lie before it, or after it.
_BEFORE = "sign.?up|signed|regist|birth|dob|open|join|since|first|member|issued|valid.?from"
_AFTER = "updat|modif|deliver|ship|refund|clos|resolv|settl|report|known|expir|valid|end"
# Numbers that count from a day which the file does not tell: name -> likely unit.
_COUNTED = {"step|hour": "h", "min": "min", "day": "d"}
_LABELS = (
    "fraud|is.?fraud|label|target|class|chargeback|abuse|spam|scam|bad|default|cancel|return|betrug"
)
# A second column of such a name is a label too, or a flag that was set because of one.
_SURELY_LABELS = "fraud|is.?fraud|label|chargeback|abuse|scam|betrug"
_AMOUNTS = "amount|amt|price|total|value|sum|cost|paid|payment|betrag|preis|montant|importe"
_MONEY = "amount|amt|betrag|montant|importe"
_IDS = r"id|key|number|num|nummer|no$|nr$|uuid|guid|ref\b|reference"
_EVENTS = (
    "event|transaction|trans|tx|order|payment|purchase|invoice|session|record|row|bestell|request"
)
_ENTITIES = (
    "card|cc|customer|user|account|acc|client|member|buyer|seller|merchant|shop|store|terminal|device"
    "|e?mail|ip|phone|tel|addr|iban|bank|payee|payer|sender|receiver|recipient|name|driver|agent"
    "|vendor|entity|domain|cookie|browser|id$|key$|orig|dest|kunde|karte|konto|h.ndler|ger.t"
)
# Whole numbers that name a kind or a place and measure nothing.
_KINDS = "zip|postal|postcode|mcc|code|type|category|bin|channel|kind"
_YES = ("1", "true", "True", "TRUE", "yes", "Yes", "Y", "y", "t", "fraud", "Fraud", "FRAUD")
_MOST_CATEGORIES = 100
_MOST_CLASSES = 5
# Of fewer values than this in many rows, each is a kind of event rather than somebody.
_LEAST_SOMEBODIES, _MANY_ROWS = 10, 1_000
_MOST_BY_REPEATS = 4


def guess_mapping(path: Path) -> str:
    """Return the text of a mapping that is likely right in parts.

    Raises
    ------
    DataFault
        The file cannot be read, or has no rows.
    """
    encoding, looks = look_at(path)
    return _Guess(path=path, encoding=encoding, left=looks).text()


@dataclass(slots=True)
class _Guess:
    """A mapping in the making: ``left`` holds the columns without a place yet."""

    path: Path
    encoding: str
    left: list[Look]
    names: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the mapping, table by table in the order in which they stand in it."""
        source = self._source()
        label = self._take(self._label())
        known = self._take(next((c for c in self.left if c.time and c.says("label")), None))
        time = self._take(self._time())
        self._leave_out(label)
        event_id = self._take(self._id())
        amount = self._take(self._amount_column())
        tables = [
            f"# Guessed from the first rows of {self.path.name}: correct what is wrong.",
            f"name = {quoted(name_like(self.path.name.partition('.')[0]))}",
            *source,
            *self._event(event_id, time),
            *self._entities(),
            *self._amount(amount),
            *self._attributes(),
            *_label_lines(label, known),
            *self._unused(),
        ]
        return "\n".join(tables) + "\n"

    def _unused(self) -> list[str]:
        lines = [f"{quoted(c.name)}, {_why_not(c)}" for c in self.left]
        lines = [f"# not used: {line}" for line in (*self.left_out, *lines)]
        return ["", *lines] if lines else []

    def _leave_out(self, label: Look | None) -> None:
        """Take out what tells the label, and what tells nothing but the time."""
        for look in list(self.left):
            if label is not None and (look.says(_SURELY_LABELS) or _tells(look, label)):
                why = "a label too, or tells it: was it known at the event?"
            elif look.rises and look.rows >= _MANY_ROWS and 1 < look.different < look.rows:
                why = "only rises with the rows, as time does"
            else:
                continue
            self._take(look)
            self.left_out.append(f"{quoted(look.name)}, {why}")

    def _take(self, look: Look | None) -> Look | None:
        if look is not None:
            self.left.remove(look)
        return look

    def _name(self, look: Look) -> str:
        plain = name = name_like(look.name)
        number = 1
        while name in self.names:
            number += 1
            name = f"{plain}_{number}"
        self.names.add(name)
        return name

    def _source(self) -> list[str]:
        # The widest way of writing reads the plain numbers as well.
        marks = max((look.marks for look in self.left), key=len, default="")
        if len(marks) < 2:
            marks = "," if any(look.marks == "," for look in self.left) else ""
        told = self.encoding not in ("utf-8", "utf-16")
        lines = ["", "[source]"] if marks or told else []
        lines += [f"encoding = {quoted(self.encoding)}"] if told else []
        lines += [f"decimal = {quoted(marks[0])}"] if marks else []
        return lines + ([f"thousands = {quoted(marks[1])}"] if len(marks) > 1 else [])

    def _label(self) -> Look | None:
        classes = [c for c in self.left if 2 <= c.different <= _MOST_CLASSES and not c.time]
        # What has more than two values tells kinds of fraud, if it is a label at all.
        named = sorted((c for c in classes if c.says(_LABELS)), key=lambda c: c.different > 2)
        return next(iter(named), None)

    def _time(self) -> Look | None:
        times = [c for c in self.left if c.time and c.share == 1]
        # A number that could be a Unix time may be anything; its name decides.
        sure = [c for c in times if "unix" not in c.time or c.says(_TIMES)]
        counted = [
            c for c in self.left if c.marks and c.share == 1 and c.says(f"{_TIMES}|step|hour|day")
        ]
        ranked = sorted(sure, key=_not_when_it_happened)
        return next(iter(ranked), next(iter(counted), None))

    def _amount_column(self) -> Look | None:
        found = [
            c
            for c in self.left
            if c.marks and c.says(_AMOUNTS) and not (c.is_whole and c.says(f"{_ENTITIES}|{_IDS}"))
        ]
        return min(found, key=lambda c: (not c.says(_MONEY), c.is_whole), default=None)

    def _id(self) -> Look | None:
        unique = [c for c in self.left if c.is_unique and (c.is_whole or not c.marks)]
        named = [c for c in unique if c.says(_IDS)]
        return next((c for c in named if c.says(_EVENTS)), next(iter(named), None))

    def _event(self, event_id: Look | None, time: Look | None) -> list[str]:
        lines = ["", "[event]"]
        if event_id is None:
            lines.append(
                "# id = ...      no column is called an id and differs in each row: row number"
            )
        else:
            lines.append(f"id = {quoted(event_id.name)}")
        if time is None:
            return [*lines, 'time = "?"      # no column looks like a time: which one is it?']
        if not time.time:
            unit = next((u for words, u in _COUNTED.items() if time.says(words)), "s")
            keys = f'format = "unix", unit = "{unit}", origin = "2000-01-01"'
            told = "      # numbers: of which unit, from which day on?"
            return [*lines, f"time = {{ column = {quoted(time.name)}, {keys} }}{told}"]
        return [*lines, f"time = {_time_of(time)}"]

    def _entities(self) -> list[str]:
        found = [c for c in self.left if _is_entity(c)][:MOST_ENTITIES]
        lines = ["", "[entities]"]
        if not found:
            found = [c for c in self.left if _comes_again(c)][:_MOST_BY_REPEATS]
            lines += ["# told by their values coming again: who or what are they?"] if found else []
        for look in found:
            self._take(look)
            column = quoted(look.name)
            value = f"{{ column = {column}, lower = true }}" if look.says("e?mail") else column
            lines.append(f"{self._name(look)} = {value}      # {look.different:,} different")
        if not found:
            lines.append(
                '# card = "..."      at least one: who or what repeats from event to event'
            )
        return lines

    def _amount(self, look: Look | None) -> list[str]:
        if look is None:
            return []
        currency = '# currency = "EUR"      tells the decimals of its minor unit; default 2'
        return ["", "[amount]", f"column = {quoted(look.name)}", currency]

    def _attributes(self) -> list[str]:
        numeric = [c for c in self.left if c.marks and c.different > 1 and not _is_counter(c)]
        numeric = [c for c in numeric if not (c.time or _is_kind(c))]
        texts = [c for c in self.left if _is_kind(c) and not c.time]
        ages = [c for c in self.left if c.time and c.says(_BEFORE)]
        numbers = {self._name(c): quoted(c.name) for c in numeric}
        numbers |= {self._name(c): f"{{ since = {_time_of(c)} }}" for c in ages}
        categories = {self._name(c): quoted(c.name) for c in texts}
        for look in (*numeric, *ages, *texts):
            self._take(look)
        lines: list[str] = []
        for table, named in (("numeric", numbers), ("categorical", categories)):
            if named:
                lines += ["", f"[{table}]", *(f"{name} = {value}" for name, value in named.items())]
        return lines


def _not_when_it_happened(look: Look) -> tuple[bool, bool, bool]:
    """Return what sorts the time of the event before the other times of its row."""
    other = look.says(_BEFORE) or look.says(_AFTER)
    return other, not look.says(_TIMES), not look.says(_EVENTS)


def _why_not(look: Look) -> str:
    if look.time and look.different > 1:
        return "a time: [numeric] takes it as since, when it is known at the event"
    return f"{look.different:,} different"


def _time_of(look: Look) -> str:
    if look.time == "iso8601":
        return quoted(look.name)
    return f"{{ column = {quoted(look.name)}, {look.time} }}"


def _tells(look: Look, label: Look) -> bool:
    """Tell whether the values of a column part the rare class of a label from the other."""
    if look.different > _MOST_CATEGORIES:
        return False
    rare = label.codes == np.bincount(label.codes[label.codes >= 0]).argmin()
    known = label.codes >= 0
    at = look.codes[known] + 1
    count = np.bincount(at)
    positive = np.bincount(at, weights=rare[known])
    wrong = np.minimum(positive, count - positive).sum()
    return bool(rare.sum() >= _LEAST_SOMEBODIES and wrong <= rare.sum() / 10)


def _comes_again(look: Look) -> bool:
    names = look.is_whole or not look.marks
    return names and not look.time and look.different > _LEAST_SOMEBODIES and look.repeats


def _is_kind(look: Look) -> bool:
    if look.different < 2 or (look.different > _MOST_CATEGORIES and not look.repeats):
        return False
    return not look.marks or (look.is_whole and look.says(_KINDS))


def _is_counter(look: Look) -> bool:
    return look.is_unique and look.is_whole


def _is_entity(look: Look) -> bool:
    # A measure has fractions, and a yes or no names nobody.
    named = look.says(_ENTITIES) and (look.is_whole or not look.marks or look.says(r"ip\b"))
    if look.rows >= _MANY_ROWS and look.different < _LEAST_SOMEBODIES:
        return False
    return (named or look.is_code) and look.different > 2 and not look.time


def _label_lines(look: Look | None, known: Look | None) -> list[str]:
    if look is None:
        return [
            "",
            "# [labels.fraud]",
            '# column = "..."      no column looks like a label',
            "# positive = [1]",
            '# delay = "7d"',
        ]
    values = [value for value, _ in look.common]
    positive = [value for value in values if value in _YES] or [values[-1]]
    counts = ", ".join(f"{value}: {count:,}" for value, count in look.common)
    lines = [
        "",
        f"[labels.{name_like(look.name)}]",
        f"column = {quoted(look.name)}      # {counts}",
        f"positive = [{', '.join(map(quoted, positive))}]",
    ]
    if known is not None:
        lines.append(f"known_at = {_time_of(known)}")
    lines.append('delay = "7d"      # how long until a label is known: say what is true')
    return lines
