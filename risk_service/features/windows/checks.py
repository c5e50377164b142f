"""Makes a set of windows from its parts: checks them and gives the set its version."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace

from risk_service.domain.errors import ConfigFault
from risk_service.features.windows.terms import EventFilter, WindowFeature, WindowSet
from risk_service.features.windows.tiles import BY_NAME, EVER

MEASURES = ("count", "sum", "distinct", "last", "since")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
MAX_CAP = 65_536
# Filters are bits of one int64, offline too.
MAX_FILTERS = 62


def make_windows(
    *,
    kinds: Sequence[str],
    fields: Sequence[str],
    columns: Sequence[str],
    filters: Iterable[EventFilter],
    features: Iterable[WindowFeature],
) -> WindowSet:
    """Check a declaration and give it its version.

    Raises
    ------
    ConfigFault
        Names the entry at fault and what would be right.
    """
    window_set = WindowSet(
        version="",
        kinds=tuple(kinds),
        fields=tuple(fields),
        columns=tuple(columns),
        filters=tuple(filters),
        features=tuple(features),
    )
    _check(window_set)
    return replace(window_set, version=_version(window_set))


def _version(window_set: WindowSet) -> str:
    content = asdict(window_set)
    for feature in content["features"]:
        # Texts and defaults change no window; defaults belong to the vector's version.
        for text in ("unit", "default", "description_en", "description_zh"):
            del feature[text]
        # As if it were not there where it says nothing: versions of older sets stay the same.
        if feature["model_input"]:
            del feature["model_input"]
    canonical = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return "ws1-" + hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _check(window_set: WindowSet) -> None:
    for what, names in (
        ("kinds", window_set.kinds),
        ("fields", window_set.fields),
        ("columns", window_set.columns),
        ("filters", tuple(item.name for item in window_set.filters)),
        ("features", tuple(item.name for item in window_set.features)),
    ):
        repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if repeated:
            raise ConfigFault(f"{what}: {repeated[0]} is declared twice")
    if len(window_set.filters) > MAX_FILTERS:
        raise ConfigFault(f"filters: {len(window_set.filters)}, at most {MAX_FILTERS}")
    for item in window_set.filters:
        _check_filter(window_set, item)
    for feature in window_set.features:
        _check_feature(window_set, feature)


def _one_of(where: str, what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ConfigFault(f"{where}: unknown {what} {name!r}; known are {', '.join(known)}")


def _check_filter(window_set: WindowSet, item: EventFilter) -> None:
    where = f"filter {item.name}"
    if not item.kinds:
        raise ConfigFault(f"{where}: names no kind; known are {', '.join(window_set.kinds)}")
    for kind in item.kinds:
        _one_of(where, "kind", kind, window_set.kinds)
    for condition in item.where:
        _one_of(where, "column", condition.column, window_set.columns)
        _one_of(where, "operator", condition.op, OPERATORS)


def _check_feature(window_set: WindowSet, feature: WindowFeature) -> None:
    where = f"feature {feature.name}"
    if len(feature.keys) not in (1, 2) or len(set(feature.keys)) != len(feature.keys):
        raise ConfigFault(f"{where}: keys are one field or two different ones")
    for key in feature.keys:
        _one_of(where, "field", key, window_set.fields)
    _one_of(where, "events", feature.events, [item.name for item in window_set.filters])
    _one_of(where, "measure", feature.measure, MEASURES)
    _one_of(where, "window", feature.window, tuple(BY_NAME))
    MEASURE_CHECKS[feature.measure](window_set, feature, where)
    if feature.measure != "distinct" and feature.cap != 0:
        raise ConfigFault(f"{where}: only distinct has a cap; leave it 0")


def _check_plain(_: WindowSet, feature: WindowFeature, where: str) -> None:
    if feature.of:
        raise ConfigFault(f"{where}: {feature.measure} counts events, of must be empty")


def _check_column(window_set: WindowSet, feature: WindowFeature, where: str) -> None:
    _one_of(where, "column", feature.of, window_set.columns)
    if feature.measure == "last" and feature.window == EVER.name:
        raise ConfigFault(f"{where}: last needs a window that ends, such as 90d")


def _check_distinct(window_set: WindowSet, feature: WindowFeature, where: str) -> None:
    _one_of(where, "field", feature.of, window_set.fields)
    if feature.of in feature.keys:
        raise ConfigFault(f"{where}: {feature.of} is its own key, there is never more than one")
    if not 1 <= feature.cap <= MAX_CAP:
        raise ConfigFault(f"{where}: cap is {feature.cap}, it must be 1 to {MAX_CAP}")


MEASURE_CHECKS: dict[str, Callable[[WindowSet, WindowFeature, str], None]] = {
    "count": _check_plain,
    "since": _check_plain,
    "sum": _check_column,
    "last": _check_column,
    "distinct": _check_distinct,
}
