"""Medians, ranges and the table. A ratio is formed within one round, then its median taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Round = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table.

    Parameters
    ----------
    value
        Figure of one round.
    at_least, at_most
        The bar on the median, when there is one.
    """

    title: str
    value: Callable[[Round], float]
    digits: int = 0
    at_least: float | None = None
    at_most: float | None = None

    def summary(self, rounds: Sequence[Round]) -> dict[str, object]:
        """Return median, range and whether the bar is met."""
        values = [self.value(one) for one in rounds]
        middle = median(values)
        return {
            "title": self.title,
            "median": middle,
            "low": min(values),
            "high": max(values),
            "bar": self.bar,
            "met": self._is_met(middle),
        }

    @property
    def bar(self) -> str:
        """Return the bar as text; empty when there is none."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"

    def cells(self, rounds: Sequence[Round]) -> str:
        """Return the row in Markdown."""
        one = self.summary(rounds)
        number = "{:,." + str(self.digits) + "f}"
        low, high = number.format(one["low"]), number.format(one["high"])
        verdict = "" if not self.bar else ("met" if one["met"] else "missed")
        middle = number.format(one["median"])
        return f"| {self.title} | {middle} | {low} to {high} | {self.bar} | {verdict} |"

    def _is_met(self, middle: float) -> bool | None:
        if self.at_least is not None:
            return middle >= self.at_least
        return None if self.at_most is None else middle <= self.at_most


def number(name: str) -> Callable[[Round], float]:
    """Return a reader of one figure."""
    return lambda one: one[name]


def ratio(above: str, below: str) -> Callable[[Round], float]:
    """Return a reader of the ratio of two figures of the same round."""
    return lambda one: one[above] / one[below]


def table(rows: Sequence[Row], rounds: Sequence[Round]) -> str:
    """Return the table in Markdown."""
    head = "| measure | median | range | bar | |\n|---|---:|---:|---:|---|"
    return "\n".join([head, *(row.cells(rounds) for row in rows)])
