"""The windows of a plan, declared as the promotion service's windows are."""

from collections.abc import Iterator

from risk_service.features.windows.declaration import (
    DEFAULT_CAP,
    Condition,
    EventFilter,
    WindowFeature,
    WindowSet,
    make_windows,
)
from risk_service.features.windows.tiles import BY_NAME, EVER
from training.own_data.plan import FeaturePlan, KeyPlan, PairPlan, RolePlan

EVENT, LABEL_POSITIVE, LABEL_NEGATIVE = "EVENT", "LABEL_POSITIVE", "LABEL_NEGATIVE"
# A label that was negative for a while: it counts as known from then on, and as positive now.
LABEL_TURNED = "LABEL_TURNED"
KINDS = (EVENT, LABEL_POSITIVE, LABEL_NEGATIVE, LABEL_TURNED)
EVENTS, KNOWN, POSITIVE, PRICED = "events", "known", "positive", "priced"
AMOUNT, LOG, LOG_SQUARED, HAS_AMOUNT = "amount_minor", "amount_log", "amount_log2", "has_amount"
# log1p of the amount in thousandths: whole numbers, whose squares still sum to an int64.
LOG_SCALE = 1_000
LAST_WINDOW = "90d"
# A last time is kept for ever: "never before" and "long ago" are different things.
SINCE_WINDOW = EVER.name
DISTINCT_WINDOWS = ("24h", "30d")
LINK_WINDOW, LINK_COUNT_WINDOW = "30d", "7d"


def own_columns(plan: FeaturePlan) -> tuple[str, ...]:
    """Return the columns that the log of this plan carries."""
    amount = (AMOUNT, LOG, LOG_SQUARED, HAS_AMOUNT) if plan.has_amount else ()
    return (*amount, *(c for name in plan.history_numbers for c in (f"n/{name}", f"has/{name}")))


def declare(plan: FeaturePlan) -> WindowSet:
    """Return the windows of all keys and pairs."""
    features = [one for key in plan.keys for one in _key_features(plan, key)]
    features += [one for pair in plan.pairs for one in _pair_features(pair)]
    return _windows(plan, features)


def declare_links(plan: FeaturePlan) -> WindowSet:
    """Return the few windows that are read of linked keys; one group per field linked over."""
    over = [link.over for link in plan.links]
    over += [field for role in plan.roles for field in (role.field, role.key.field)]
    features = [one for field in dict.fromkeys(over) for one in _link_features(field)]
    return _windows(plan, features)


def declare_roles(plan: FeaturePlan) -> WindowSet:
    """Return the windows that are read of an entity in its other role."""
    features = [one for role in plan.roles for one in _role_features(plan, role.key)]
    features += [one for role in plan.roles for one in _pair_features(back_pair(role))]
    # Two entities may both be read in the role of a third, over different windows.
    return _windows(plan, list({one.name: one for one in features}.values()))


def back_pair(role: RolePlan) -> PairPlan:
    """Return the two fields of a role as a pair, to be read the other way round."""
    first, second = sorted((role.field, role.key.field))
    return PairPlan(first=first, second=second, windows=(), labels=False)


def _windows(plan: FeaturePlan, features: list[WindowFeature]) -> WindowSet:
    filters = [
        EventFilter(name=EVENTS, kinds=(EVENT,)),
        EventFilter(name=KNOWN, kinds=(LABEL_POSITIVE, LABEL_NEGATIVE)),
        EventFilter(name=POSITIVE, kinds=(LABEL_POSITIVE, LABEL_TURNED)),
    ]
    if plan.has_amount:
        known = Condition(column=HAS_AMOUNT, op="=", value=1)
        filters.append(EventFilter(name=PRICED, kinds=(EVENT,), where=(known,)))
    return make_windows(
        kinds=KINDS,
        fields=plan.fields,
        columns=own_columns(plan),
        filters=filters,
        features=features,
    )


def _key_features(plan: FeaturePlan, key: KeyPlan) -> Iterator[WindowFeature]:
    own = (key.field,)
    yield from _role_features(plan, key)
    if key.full:
        for name in plan.history_numbers:
            yield _feature(own, EVENTS, "last", LAST_WINDOW, f"n/{name}")
            yield _feature(own, EVENTS, "sum", EVER.name, f"n/{name}")
            yield _feature(own, EVENTS, "sum", EVER.name, f"has/{name}")


def _role_features(plan: FeaturePlan, key: KeyPlan) -> Iterator[WindowFeature]:
    """Yield what a key is told by whatever role it is in: all but its numbers."""
    own = (key.field,)
    for window in (*key.windows, EVER.name):
        yield _feature(own, EVENTS, "count", window)
    yield _feature(own, EVENTS, "since", SINCE_WINDOW)
    for other in key.distinct:
        for window in distinct_windows(key):
            yield _feature(own, EVENTS, "distinct", window, other)
    if plan.has_amount:
        yield from _amount_features(key)
    yield from _label_features(own, key.label_windows)


def _amount_features(key: KeyPlan) -> Iterator[WindowFeature]:
    own = (key.field,)
    spread, meant = spread_windows(key), mean_windows(key)
    # Events without an amount count as events and make no mean smaller.
    for window in dict.fromkeys((*meant, *spread)):
        yield _feature(own, PRICED, "count", window)
    for window in spread:
        yield _feature(own, PRICED, "sum", window, LOG)
        yield _feature(own, PRICED, "sum", window, LOG_SQUARED)
    if key.full:
        for window in meant:
            yield _feature(own, PRICED, "sum", window, AMOUNT)
        yield _feature(own, PRICED, "last", LAST_WINDOW, AMOUNT)


def _label_features(keys: tuple[str, ...], windows: tuple[str, ...]) -> Iterator[WindowFeature]:
    for window in windows:
        yield _feature(keys, KNOWN, "count", window)
        yield _feature(keys, POSITIVE, "count", window)
    yield _feature(keys, POSITIVE, "since", SINCE_WINDOW)


def _pair_features(pair: PairPlan) -> Iterator[WindowFeature]:
    keys = (pair.first, pair.second)
    for window in (*pair.windows, EVER.name):
        yield _feature(keys, EVENTS, "count", window)
    yield _feature(keys, EVENTS, "since", SINCE_WINDOW)
    if pair.labels:
        yield from _label_features(keys, (EVER.name,))


def _link_features(field: str) -> Iterator[WindowFeature]:
    for window in (LINK_WINDOW, EVER.name):
        yield _feature((field,), KNOWN, "count", window)
        yield _feature((field,), POSITIVE, "count", window)
    yield _feature((field,), EVENTS, "count", LINK_COUNT_WINDOW)


def distinct_windows(key: KeyPlan) -> tuple[str, ...]:
    """Return the windows that distinct values are counted over."""
    if not key.full:
        return (EVER.name,)
    short = [one for one in DISTINCT_WINDOWS if one in key.windows] or list(key.windows[-1:])
    return (*short, EVER.name)


def mean_windows(key: KeyPlan) -> tuple[str, ...]:
    """Return the windows over which amounts are summed and their mean is taken."""
    return (*key.windows, EVER.name) if key.full else ()


def spread_windows(key: KeyPlan) -> tuple[str, ...]:
    """Return the windows over which an amount is compared with the key's usual ones."""
    month = [one for one in key.windows if BY_NAME[one].length_us >= BY_NAME["7d"].length_us]
    return (*month[:1], EVER.name) if key.full else (EVER.name,)


def feature_name(keys: tuple[str, ...], events: str, measure: str, window: str, of: str) -> str:
    """Return the name of a window feature: ``card__events_24h``, ``card_x_shop__since_ever``."""
    what = events if measure == "count" else f"{events}_{measure}"
    return f"{'_x_'.join(keys)}__{what}{'_' + of if of else ''}_{window}"


def _feature(
    keys: tuple[str, ...], events: str, measure: str, window: str, of: str = ""
) -> WindowFeature:
    return WindowFeature(
        name=feature_name(keys, events, measure, window, of),
        keys=keys,
        events=events,
        measure=measure,
        of=of,
        window=window,
        cap=DEFAULT_CAP if measure == "distinct" else 0,
        unit="s" if measure == "since" else "1",
        default=0.0,
        description_en=f"{' and '.join(keys)}: {events} {measure} {of}".strip(),
        description_zh=f"{'、'.join(keys)}：{events} {measure} {of}".strip(),
    )
