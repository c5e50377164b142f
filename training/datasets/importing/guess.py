"""Guesses a mapping from a file, as a text to be corrected: a start, not an answer.

The guess goes by names (card, customer, e-mail, amount, fraud, ...) and by what the first
rows hold. It says of each column why it stands where it stands. Limits: it knows English
and Chinese names, makes no groups and no joined columns.
"""

from dataclasses import dataclass, field
from pathlib import Path

from training.datasets.importing.look import Look, look_at
from training.datasets.importing.mapping import MOST_ENTITIES
from training.datasets.importing.mapping_faults import name_like
from training.datasets.toml_text import quoted

_TIMES = "time|date|timestamp|created|at$|when|dt|datetime"
_LABELS = "fraud|is.?fraud|label|target|class|chargeback|abuse|spam|scam|bad|default|cancel|return"
_AMOUNTS = "amount|amt|price|total|value|sum|cost|pay"
_IDS = r"id|key|number|num|no$|nr$|uuid|guid|ref\b|reference"
_EVENTS = "event|transaction|trans|tx|order|payment|invoice|session|record|row"
_ENTITIES = (
    "card|cc|customer|user|account|acc|client|member|buyer|seller|merchant|shop|store|terminal|device"
    "|e?mail|ip|phone|tel|address|iban|bank|payee|payer|sender|receiver|recipient|name|driver|agent"
    "|vendor|entity|domain|cookie|browser|id$|key$|orig|dest"
)
_YES = ("1", "true", "True", "TRUE", "yes", "Yes", "Y", "y", "t", "fraud", "Fraud", "FRAUD")
_MOST_CATEGORIES = 100
_MOST_CLASSES = 5


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

    def text(self) -> str:
        """Return the mapping, table by table in the order in which they stand in it."""
        source = self._source()
        label = self._take(self._label())
        known = self._take(next((c for c in self.left if c.time and c.says("label")), None))
        time = self._take(self._time())
        event_id = self._take(self._id())
        amount = self._take(next((c for c in self.left if c.marks and c.says(_AMOUNTS)), None))
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
        lines = [f"# not used: {quoted(c.name)}, {c.different:,} different" for c in self.left]
        return ["", *lines] if lines else []

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
        return next((c for c in classes if c.says(_LABELS)), None)

    def _time(self) -> Look | None:
        times = [c for c in self.left if c.time and c.share == 1]
        # A number that could be a Unix time may be anything; its name decides.
        sure = [c for c in times if "unix" not in c.time or c.says(_TIMES)]
        counted = [c for c in self.left if c.marks and c.share == 1 and c.says(f"{_TIMES}|step")]
        named = (c for c in sure if c.says(_TIMES))
        return next(named, next(iter(sure), next(iter(counted), None)))

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
            keys = 'format = "unix", unit = "s", origin = "1970-01-01"'
            told = "      # numbers: of which unit, from which day on?"
            return [*lines, f"time = {{ column = {quoted(time.name)}, {keys} }}{told}"]
        if time.time == "iso8601":
            return [*lines, f"time = {quoted(time.name)}"]
        return [*lines, f"time = {{ column = {quoted(time.name)}, {time.time} }}"]

    def _entities(self) -> list[str]:
        found = [c for c in self.left if _is_entity(c)][:MOST_ENTITIES]
        lines = ["", "[entities]"]
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
        few = [c for c in self.left if 1 < c.different <= _MOST_CATEGORIES]
        texts = [c for c in few if not c.marks and not c.time]
        lines: list[str] = []
        for table, looks in (("numeric", numeric), ("categorical", texts)):
            if looks:
                lines += ["", f"[{table}]"]
            for look in looks:
                self._take(look)
                lines.append(f"{self._name(look)} = {quoted(look.name)}")
        return lines


def _is_counter(look: Look) -> bool:
    return look.is_unique and look.is_whole


def _is_entity(look: Look) -> bool:
    # A measure has fractions, and a yes or no names nobody.
    names_somebody = look.says(_ENTITIES) and (look.is_whole or not look.marks)
    return (names_somebody or look.is_code) and look.different > 2 and not look.time


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
        keys = "" if known.time == "iso8601" else f", {known.time}"
        lines.append(f"known_at = {{ column = {quoted(known.name)}{keys} }}")
    lines.append('delay = "7d"      # how long until a label is known: say what is true')
    return lines
