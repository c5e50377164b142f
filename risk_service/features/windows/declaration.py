"""The declaration of windows: read from ``windows.toml``, or made from code.

``windows.toml`` beside this module declares the windows of the promotion service; own data
declares its own by ``make_windows``. Nothing here knows of orders.
"""

from functools import cache
from importlib.resources import files

from risk_service.domain.errors import ConfigFault
from risk_service.features.entries import checked_entries, read_declaration
from risk_service.features.windows.checks import make_windows
from risk_service.features.windows.terms import (
    PAIR,
    Condition,
    EventFilter,
    KeyGroup,
    WindowFeature,
    WindowSet,
)
from risk_service.features.windows.tiles import BY_NAME, EVER

__all__ = [
    "DEFAULT_CAP",
    "Condition",
    "EventFilter",
    "KeyGroup",
    "WindowFeature",
    "WindowSet",
    "load_windows",
    "make_windows",
    "parse_windows",
]

DEFAULT_CAP = 64
FORMAT = 1
WINDOWS_KEYS = {
    "format": int, "kinds": dict, "fields": dict, "columns": dict, "events": dict, "features": dict
}  # fmt: skip
FILTER_KEYS = {"kinds": list, "where?": list}
FEATURE_KEYS = {
    "events": str, "measure": str, "of?": str, "windows": list, "cap?": int, "unit": str,
    "default?": float, "model_input?": bool, "en": str, "zh": str,
}  # fmt: skip


@cache
def load_windows() -> WindowSet:
    """Return the windows of the promotion service."""
    return parse_windows(files(__package__).joinpath("windows.toml").read_text("utf-8"))


def parse_windows(text: str) -> WindowSet:
    """Read and check a declaration; the rules stand at the head of ``windows.toml``.

    Raises
    ------
    ConfigFault
        Names the entry at fault and what would be right.
    """
    raw = read_declaration("windows", text, FORMAT)
    checked_entries("windows", raw, WINDOWS_KEYS)
    return make_windows(
        kinds=tuple(raw["kinds"]),
        fields=tuple(raw["fields"]),
        columns=tuple(raw["columns"]),
        filters=[_filter(name, spec) for name, spec in raw["events"].items()],
        features=[
            feature
            for key, entries in raw["features"].items()
            for name, spec in entries.items()
            for feature in _features(key, name, spec)
        ],
    )


def _filter(name: str, spec: object) -> EventFilter:
    where = f"filter {name}"
    entries = checked_entries(where, spec, FILTER_KEYS)
    conditions = tuple(_condition(where, text) for text in entries.get("where", ()))
    return EventFilter(name=name, kinds=tuple(entries["kinds"]), where=conditions)


def _condition(where: str, text: object) -> Condition:
    parts = str(text).split()
    if len(parts) != 3 or not parts[2].lstrip("-").isdigit():
        raise ConfigFault(f"{where}: {text!r} is not a condition; write for example 'units >= 2'")
    return Condition(column=parts[0], op=parts[1], value=int(parts[2]))


def _features(key: str, name: str, spec: object) -> list[WindowFeature]:
    where = f"feature {key}__{name}"
    entries = checked_entries(where, spec, FEATURE_KEYS)
    distinct = entries["measure"] == "distinct"
    windows = [_window(where, window) for window in entries["windows"]]
    return [
        WindowFeature(
            name=f"{key}__{name}_{window}",
            keys=tuple(key.split(PAIR)),
            events=entries["events"],
            measure=entries["measure"],
            of=entries.get("of", ""),
            window=window,
            cap=entries.get("cap", DEFAULT_CAP if distinct else 0),
            unit=entries["unit"],
            default=float(entries.get("default", 0.0)),
            model_input=entries.get("model_input", True),
            description_en=f"{entries['en']}, {_last(window)}",
            description_zh=f"{_recent(window)}{entries['zh']}",
        )
        for window in windows
    ]


def _window(where: str, name: object) -> str:
    if name not in BY_NAME:
        raise ConfigFault(f"{where}: unknown window {name!r}; known are {', '.join(BY_NAME)}")
    return str(name)


def _last(window: str) -> str:
    text = BY_NAME[window].text_en
    return text if window == EVER.name else f"last {text}"


def _recent(window: str) -> str:
    text = BY_NAME[window].text_zh
    return text if window == EVER.name else f"近 {text}"
