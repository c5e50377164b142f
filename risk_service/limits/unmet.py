"""What no order can meet: tiers that fit nobody, money of no currency, bounds without a number.

Orders tell ``true`` and ``false``, the short names of regions, currencies by their codes and
paths by their words. A tier that asks for ``yes`` or ``上海市`` would be passed over without a
word, and where no whole number of steps lies between the minimum and the cap nobody could buy.
Such files are refused where they are published; those in force since before stay.
"""

from collections.abc import Callable, Iterator
from typing import Any

from risk_service.domain.currency import CURRENCIES, meant_currency
from risk_service.domain.grant import Measure
from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_faults import read_toml
from risk_service.domain.vocabulary import EntryPath
from risk_service.identity.region_words import REGIONS, meant_region
from risk_service.limits.entry import Entry, Fault
from risk_service.limits.fault_words import one_of, said
from risk_service.limits.lines import Lines

_FLAGS = ("true", "false")
_PATHS = tuple(EntryPath.__members__)
_RETIRED = "retired"

Advice = Callable[[str], LocalizedText | None]


def policies_unmet(text: str) -> Iterator[Fault]:
    """Yield a fault for each value that no order has, and for bounds that none can keep.

    Parameters
    ----------
    text
        A file whose policies can be read.
    """
    lines = Lines(text)
    for place, table in enumerate(read_toml(text).get("policy", ())):
        if table.get("state") != _RETIRED:
            entry = Entry(table, lines, place)
            yield from _of_policy(entry)
            yield from _of_bounds(entry)


def _of_policy(entry: Entry) -> Iterator[Fault]:
    code = entry.table.get("currency", "")
    advice = _currency(code) if code else None
    if advice is not None:
        yield entry.fault(
            "currency", "unknown_word", key="currency", value=said(code), advice=advice
        )
    for number, tier in enumerate(entry.table.get("tier", ())):
        fault = entry.tier_faults(number)
        for name, asked in tier["when"].items():
            for value in asked if isinstance(asked, list) else [asked]:
                advice = _advice(name, value)
                if advice is not None:
                    yield fault("when", "unknown_word", key=name, value=said(value), advice=advice)


def _of_bounds(entry: Entry) -> Iterator[Fault]:
    """Yield a fault where no number of units is right; a cap of 0 means what it says."""
    table = entry.table
    if table["measure"] != Measure.UNITS.name.lower():
        return
    base: dict[str, Any] = {"minimum": 0, "step": 1, **table}
    tiers = [(entry.tier_faults(n), base | tier) for n, tier in enumerate(table.get("tier", ()))]
    for fault, bounds in [(entry.fault, base), *tiers]:
        cap, step, low = bounds["cap"], bounds["step"], max(bounds["minimum"], 1)
        if cap > 0 and cap - cap % step < low:
            yield fault("step", "no_steps", step=step, low=low, cap=cap)


def _advice(name: str, value: Any) -> LocalizedText | None:
    """Return what would be right in place of a value; None when some order has it."""
    advice = _ADVICE.get(name)
    return None if advice is None else advice(value)


def _of_list(*known: str) -> Advice:
    return lambda value: None if value in known else one_of(value, known)


def _region(value: str) -> LocalizedText | None:
    return None if value in REGIONS else meant_region(value)


def _currency(value: str) -> LocalizedText | None:
    return None if value in CURRENCIES else meant_currency(value)


_ADVICE: dict[str, Advice] = {
    "is_new_account": _of_list(*_FLAGS),
    "challenge_passed": _of_list(*_FLAGS),
    "entry_path": _of_list(*_PATHS),
    "address_region": _region,
    "phone_region": _region,
    "currency": _currency,
}
