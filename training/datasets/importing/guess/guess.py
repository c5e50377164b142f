"""Guesses a mapping from a file, as a text to be corrected: a start, not an answer.

The guess goes by names (card, customer, e-mail, amount, fraud, ...) and by what the first
rows hold. It says of each column why it stands where it stands. Limits: it knows English
and Chinese names, and few others; of joined columns it makes times only.
"""

from dataclasses import dataclass, field
from pathlib import Path

from risk_service.domain.text import LocalizedText
from training.datasets.importing.guess.columns import (
    MOST_CATEGORIES,
    comes_again,
    currency_like,
    entity_told,
    is_counter,
    is_entity,
    is_kind,
    is_length,
    number_told,
    only_rises,
)
from training.datasets.importing.guess.event_time import TimeGuess, guess_time, no_time, time_of
from training.datasets.importing.guess.json_columns import Part, parts_of
from training.datasets.importing.guess.label import (
    LabelGuess,
    comes_with,
    guess_label,
    label_lines,
)
from training.datasets.importing.guess.lines import Line, in_both, no_use, noted
from training.datasets.importing.guess.look import Look, look_at
from training.datasets.importing.guess.references import referring
from training.datasets.importing.guess.rows import (
    comes_twice,
    group_lines,
    has_lines,
    line_heads,
    rows_lines,
)
from training.datasets.importing.guess.words import (
    AMOUNTS,
    BEFORE,
    CURRENCIES,
    ENTITIES,
    EVENTS,
    IDS,
    MINOR,
    MONEY,
    OF_ONE,
    OUTCOMES,
    PARTS_OF_IT,
    QUANTITIES,
)
from training.datasets.importing.mapping import MOST_ENTITIES
from training.datasets.importing.mapping_faults import name_like
from training.datasets.importing.specs import DEFAULT_MISSING, SourceSpec
from training.datasets.toml_text import quoted
from training.words import fault

_MOST_BY_REPEATS = 4


def guess_mapping(path: Path) -> LocalizedText:
    """Return the text of a mapping that is likely right in parts.

    Raises
    ------
    DataFault
        The file cannot be read, or has no rows.
    """
    seen = look_at(path)
    return _Guess(
        path=path,
        spec=seen.spec,
        left=seen.columns,
        left_out=seen.left_out,
        is_renamed=seen.is_renamed,
        last_lines=seen.last_lines,
    ).text()


@dataclass(slots=True)
class _Guess:
    """A mapping in the making: ``left`` holds the columns without a place yet."""

    path: Path
    spec: SourceSpec
    left: list[Look]
    is_renamed: bool
    last_lines: int
    names: set[str] = field(default_factory=set)
    left_out: list[LocalizedText] = field(default_factory=list)

    def text(self) -> LocalizedText:
        """Return the mapping, table by table in the order in which they stand in it."""
        looks = list(self.left)
        label = guess_label(looks)
        for look in () if label is None else label.columns:
            self._take(look)
        time = guess_time(self.left)
        for look in () if time is None else time.columns:
            self._take(look)
        self._leave_out(label)
        event_id = self._take(self._id(time))
        is_twice = event_id is not None and comes_twice(event_id, looks)
        amount = self._take(self._amount_column())
        times = self._take(self._quantity(amount))
        source = self._source(amount, time)
        parts = self._parts()
        known = "" if label is None or label.known is None else time_of(label.known)
        tables: list[Line] = [
            noted("", "guess_head", file=self.path.name),
            f"name = {quoted(name_like(self.path.name.partition('.')[0]))}",
            *source,
            *rows_lines(self.last_lines, is_twice),
            *self._event(event_id, time),
            *self._entities(self._named_by(event_id) + self._somebodies(parts)),
            *self._amount(amount, times),
            *self._attributes([part for part in parts if not part.is_entity]),
            *label_lines(label, looks, known),
            *group_lines(event_id, is_twice),
            *self._unused(),
        ]
        return in_both(tables)

    def _unused(self) -> list[Line]:
        lines = [*self.left_out, *(no_use(c.name, _why_not(c)) for c in self.left)]
        return ["", *lines] if lines else []

    def _leave_out(self, label: LabelGuess | None) -> None:
        """Take out what tells the label, and what tells nothing but the time."""
        for look in list(self.left):
            if label is not None and label.is_told_by(look):
                why = fault("guess_label_too")
            elif only_rises(look) and not is_entity(look):
                why = fault("guess_rises")
            elif (outcome := comes_with(look, self.left)) is not None:
                why = fault("guess_comes_with", column=quoted(outcome.name))
            else:
                continue
            self._take(look)
            self.left_out.append(no_use(look.name, why))

    def _take(self, look: Look | None) -> Look | None:
        if look is not None:
            self.left.remove(look)
        return look

    def _name(self, look: Look) -> str:
        return self._name_of(look.name)

    def _name_of(self, told: str) -> str:
        plain = name = name_like(told)
        number = 1
        while name in self.names:
            number += 1
            name = f"{plain}_{number}"
        self.names.add(name)
        return name

    def _source(self, amount: Look | None, time: TimeGuess | None) -> list[Line]:
        looks = self.left if amount is None else [*self.left, amount]
        looks = looks if time is None else [*looks, *time.columns]
        # The widest way of writing reads the plain numbers as well.
        marks = max((look.marks for look in looks), key=len, default="")
        if len(marks) < 2:
            marks = "," if any(look.marks == "," for look in looks) else ""
        encoding, skip = self.spec.encoding, self.spec.skip_lines
        lines: list[Line] = [] if encoding in ("utf-8", "utf-16") else [_key("encoding", encoding)]
        lines += [f"skip_lines = {skip}"] if skip else []
        if self.spec.columns:
            names = ", ".join(map(quoted, self.spec.columns))
            why = "guess_renamed" if self.is_renamed else "guess_no_header"
            lines.append(noted(f"columns = [{names}]", why))
        lines += [_key("decimal", marks[0])] if marks else []
        lines += [_key("thousands", marks[1])] if len(marks) > 1 else []
        if amount is not None and amount.dash:
            values = ", ".join(map(quoted, (*DEFAULT_MISSING, amount.dash)))
            lines.append(f"missing = [{values}]")
        return ["", "[source]", *lines] if lines else []

    def _amount_column(self) -> Look | None:
        found = [
            c
            for c in self.left
            if c.marks and c.says(AMOUNTS) and not (c.is_whole and c.says(f"{ENTITIES}|{IDS}"))
        ]

        def behind(look: Look) -> tuple[bool, ...]:
            same, part = look.different < 2, look.says(PARTS_OF_IT)
            return same, part, not look.says(MONEY), look.is_whole

        return min(found, key=behind, default=None)

    def _quantity(self, amount: Look | None) -> Look | None:
        """Return what a price of one is multiplied by."""
        if amount is None or not amount.says(OF_ONE):
            return None
        return next((c for c in self.left if c.is_whole and c.says(QUANTITIES)), None)

    def _id(self, time: TimeGuess | None) -> Look | None:
        names = [c for c in self.left if c.is_whole or not c.marks]
        unique = [c for c in names if c.is_unique and c.says(IDS)]
        at = time.columns if time else ()
        lines = [c for c in names if c.says(EVENTS) and has_lines(c, at)]
        headed = line_heads([*self.left, *at])
        lines += [headed[0]] if headed is not None and headed[0] in self.left else []
        twice = [c for c in names if c.says(IDS) and c.says(EVENTS) and comes_twice(c, self.left)]
        found = [c for c in unique if c.says(EVENTS)] + twice + lines + unique
        found += [c for c in names if c.is_unique and not (c.marks or c.time) and c.says(EVENTS)]
        return next(iter(found), None)

    def _event(self, event_id: Look | None, time: TimeGuess | None) -> list[Line]:
        lines: list[Line] = ["", "[event]"]
        if event_id is None:
            lines.append(noted("# id = ...", "guess_no_id"))
        else:
            lines.append(f"id = {quoted(event_id.name)}")
        return [*lines, no_time(self.left) if time is None else time.line]

    def _named_by(self, event_id: Look | None) -> list[Line]:
        """Return the id as an entity where other rows refer to it."""
        other = None if event_id is None else referring(event_id, self.left)
        if event_id is None or other is None:
            return []
        line = f"{self._name(event_id)} = {entity_told(event_id)}"
        return [noted(line, "guess_referred", column=quoted(other.name))]

    def _parts(self) -> list[Part]:
        """Return what cells that are objects name, and take their columns."""
        found = [(look, parts_of(look)) for look in self.left if not look.marks]
        for look, parts in found:
            self._take(look if parts else None)
        return [part for _, parts in found for part in parts]

    def _somebodies(self, parts: list[Part]) -> list[Line]:
        named = [part for part in parts if part.is_entity]
        lines = ((f"{self._name_of(part.key)} = {part.told}", part.different) for part in named)
        return [noted(line, "guess_different", count=count) for line, count in lines]

    def _entities(self, others: list[Line]) -> list[Line]:
        found = [c for c in self.left if is_entity(c)][: max(MOST_ENTITIES - len(others), 0)]
        lines: list[Line] = ["", "[entities]", *others[:MOST_ENTITIES]]
        if not found:
            found = [c for c in self.left if comes_again(c)][:_MOST_BY_REPEATS]
            lines += [noted("", "guess_by_repeats")] if found else []
        for look in found:
            self._take(look)
            line = f"{self._name(look)} = {entity_told(look)}"
            lines.append(noted(line, "guess_different", count=look.different))
        if not (found or others):
            lines.append(noted('# card = "..."', "guess_no_entity"))
        return lines

    def _amount(self, look: Look | None, times: Look | None) -> list[Line]:
        if look is None:
            return []
        code = currency_like(look)
        line = _key("currency", code or "EUR")
        unsaid = noted(f"# {line}", "guess_currency")
        currency = noted(line, "guess_currency_by_sign") if code else unsaid
        product = [] if times is None else [_key("times", times.name)]
        product += ["minor = true"] if look.is_whole and look.says(MINOR) else []
        mixed = [c for c in self.left if c.says(CURRENCIES) and 1 < c.different <= MOST_CATEGORIES]
        told = [noted("", "guess_currencies", column=quoted(c.name)) for c in mixed if not c.marks]
        return ["", "[amount]", _key("column", look.name), *product, currency, *told]

    def _attributes(self, parts: list[Part]) -> list[str]:
        numeric = [c for c in self.left if c.marks and c.different > 1 and not is_counter(c)]
        numeric = [c for c in numeric if not (c.time or is_kind(c))]
        numeric += [c for c in self.left if is_length(c)]
        texts = [c for c in self.left if is_kind(c) and not (c.time or is_length(c))]
        ages = [c for c in self.left if c.time and c.says(BEFORE) and not c.says(OUTCOMES)]
        numbers = {self._name(c): number_told(c) for c in numeric}
        numbers |= {self._name(c): f"{{ since = {time_of(c)} }}" for c in ages}
        categories = {self._name(c): quoted(c.name) for c in texts}
        categories |= {self._name_of(part.key): part.told for part in parts}
        for look in (*numeric, *ages, *texts):
            self._take(look)
        lines: list[str] = []
        for table, named in (("numeric", numbers), ("categorical", categories)):
            if named:
                lines += ["", f"[{table}]", *(f"{name} = {value}" for name, value in named.items())]
        return lines


def _key(name: str, value: str) -> str:
    return f"{name} = {quoted(value)}"


def _why_not(look: Look) -> LocalizedText:
    if look.time and look.different > 1:
        return fault("guess_a_time")
    return fault("guess_different", count=look.different)
