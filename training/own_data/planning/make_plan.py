"""Decides the plan of a data set by its events before the end of training."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice, permutations, product

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.tiles import BY_NAME, EVER
from training.labels import AbuseLabels
from training.own_data.events import MISSING, Coded, OwnEvents, first_events
from training.own_data.fields.ages import ages
from training.own_data.fields.columns import measures, missing_values
from training.own_data.fields.derive import text_kind
from training.own_data.fields.differences import differences
from training.own_data.fields.keys import category_field, fields_of
from training.own_data.fields.roles import roles
from training.own_data.fields.sums import sums
from training.own_data.plan import (
    AgePlan,
    FeaturePlan,
    KeyPlan,
    LinkPlan,
    PairPlan,
    RolePlan,
    StepPlan,
)
from training.own_data.planning.attributes import category_plan, number_plan
from training.own_data.planning.belonging import belonging
from training.own_data.planning.density import (
    different,
    least_events,
    most_exceptions,
    repeats,
    windows_of,
    windows_within,
)
from training.own_data.planning.field_pairs import determined, one_to_one, together

# A category of fewer levels is told apart by its code alone; it needs no history.
LEAST_HISTORY_LEVELS = 6
MOST_PAIRS, MOST_CATEGORY_PAIRS, MOST_LINKS = 10, 6, 6
MOST_HISTORY_NUMBERS = 4
MOST_DISTINCT, MOST_ROLES, MOST_STEPS = 6, 4, 4
MOST_STEP_LEVELS = 8
LIGHT_WINDOWS = ("24h", "30d")
LARGE_ROWS = 1_000_000
# Millions of events of many entities get fewer windows each, or the inputs outgrow memory.
MANY_ENTITIES, FEW_WINDOWS, FEW_DISTINCT = 3, 4, 2
# What counts as linked.
LINKED_SHARE = 0.1
HOUR_US = 3_600_000_000
SHORTEST_LABEL_WINDOW_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Events before the end of training: how many, and from when to when.

    ``least`` is how many events something must happen to before it is worth an input;
    ``exceptions`` how many may differ between two fields that still count as one.
    """

    events: OwnEvents
    fields: Mapping[str, Coded]
    ages: tuple[AgePlan, ...]
    span_us: int
    least: int
    exceptions: float

    @property
    def entities(self) -> tuple[str, ...]:
        """Whoever and whatever has a full history: what is declared, and what ages part."""
        return (*self.events.entities, *(age.field for age in self.ages))

    @property
    def rows(self) -> int:
        return len(self.events)

    def codes(self, field: str) -> NDArray[np.int32]:
        return self.fields[field].codes

    @property
    def at_us(self) -> NDArray[np.int64]:
        return self.events.at_us


def make_plan(events: OwnEvents, labels: AbuseLabels, until_us: int, cutoff_us: int) -> FeaturePlan:
    """Return the plan.

    Parameters
    ----------
    until_us
        End of training: later events decide nothing.
    cutoff_us
        Labels known after this decide nothing.
    """
    events = first_events(events, int(np.searchsorted(events.at_us, until_us)))
    rows = len(events)
    texts = {name: text_kind(coded) for name, coded in events.entities.items()}
    texts |= {category_field(name): text_kind(of) for name, of in events.categories.items()}
    prior = _prior(labels, cutoff_us)
    least = least_events(rows, prior)
    keys_of = {name: coded.codes for name, coded in events.entities.items()}
    parting = ages(events.numbers, keys_of, events.at_us)
    past = _Past(
        events=events,
        fields=fields_of(events, texts, parting),
        ages=parting,
        span_us=int(events.at_us[-1] - events.at_us[0]) if rows else 0,
        least=least,
        exceptions=most_exceptions(rows, prior),
    )
    keys = _keys(past)
    full = [key.field for key in keys if key.full]
    return FeaturePlan(
        has_amount=events.amount is not None,
        texts=texts,
        keys=keys,
        pairs=_pairs(past, full),
        links=_links(past, full),
        categories=tuple(category_plan(name, of) for name, of in events.categories.items()),
        numbers=tuple(number_plan(name, of) for name, of in events.numbers.items()),
        history_numbers=belonging(
            events.numbers,
            map(past.codes, full),
            MOST_HISTORY_NUMBERS,
        ),
        prior=prior,
        differences=differences(measures(events)),
        sums=sums(measures(events)),
        ages=parting,
        roles=_roles(past),
        habits=True,
        steps=_steps(past, full),
        missing=bool(missing_values(events, np.arange(rows)).any()),
    )


def _prior(labels: AbuseLabels, cutoff_us: int) -> float:
    known = labels.known_at_us <= cutoff_us
    positives, count = int((labels.value[known] == 1).sum()), int(known.sum())
    return (positives + 1) / (count + 2)


def _keys(past: _Past) -> tuple[KeyPlan, ...]:
    found: list[KeyPlan] = []
    entities = _distinguished(
        past,
        [name for name in past.entities if repeats(past.codes(name)) >= past.least],
    )
    for field in past.fields:
        full = field in entities
        if not full and not _worth_history(past, field, [key.field for key in found]):
            continue
        windows = windows_of(past.codes(field), past.at_us, past.span_us, past.least)
        if past.rows >= LARGE_ROWS and len(entities) > MANY_ENTITIES:
            windows = _spread(windows, FEW_WINDOWS)
        found.append(
            KeyPlan(
                field=field,
                full=full,
                windows=windows if full else _two_of(windows),
                label_windows=_label_windows(windows if full else _two_of(windows)[-1:]),
                distinct=_distinct(past, field, entities),
            )
        )
    return tuple(found)


def _worth_history(past: _Past, field: str, before: list[str]) -> bool:
    if field in past.entities:
        return False
    codes = past.codes(field)
    levels = different(codes[codes != MISSING])
    if levels < LEAST_HISTORY_LEVELS or repeats(codes) < past.least:
        return False
    return not any(
        one_to_one(past.fields[field], past.fields[other], past.exceptions) for other in before
    )


def _spread(windows: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return so many windows, from the shortest to the longest."""
    if len(windows) <= most:
        return windows
    at = np.linspace(0, len(windows) - 1, most).round().astype(int)
    return tuple(windows[place] for place in at)


def _two_of(windows: tuple[str, ...]) -> tuple[str, ...]:
    """Return a short and a long window, for keys that need no more."""
    wanted = tuple(name for name in LIGHT_WINDOWS if name in windows)
    return wanted or windows[-1:]


def _label_windows(windows: tuple[str, ...]) -> tuple[str, ...]:
    long = [one for one in windows if BY_NAME[one].length_us >= SHORTEST_LABEL_WINDOW_US]
    return (*long, EVER.name)


def _distinct(past: _Past, field: str, entities: list[str]) -> tuple[str, ...]:
    """Return the fields counted distinct; a derived key counts only what it was derived from."""
    if field not in past.entities:
        source = field.rpartition(".")[0]
        return (source,) if source in entities else ()
    others = [name for name in entities if name != field and not field.startswith(f"{name}.")]
    others += [
        category_field(name)
        for name, coded in past.events.categories.items()
        if len(coded.levels) >= LEAST_HISTORY_LEVELS
    ]
    many = past.rows >= LARGE_ROWS and len(entities) > MANY_ENTITIES
    return tuple(others[: FEW_DISTINCT if many else MOST_DISTINCT])


def _pairs(past: _Past, full: list[str]) -> tuple[PairPlan, ...]:
    found = []
    for first, second in combinations(full, 2):
        both = together(past.codes(first), past.codes(second))
        again = repeats(both.codes)
        if again >= past.least and not determined(both, past.exceptions):
            windows = _two_of(windows_of(both.codes, past.at_us, past.span_us, past.least))
            pair = PairPlan(first=first, second=second, windows=windows, labels=True)
            found.append((again, pair))
    ranked = [pair for _, pair in sorted(found, key=lambda one: -one[0])][:MOST_PAIRS]
    with_category = islice(_with_category(past, full), MOST_CATEGORY_PAIRS)
    return (*ranked, *with_category)


def _with_category(past: _Past, full: list[str]) -> Iterator[PairPlan]:
    """Yield pairs of a key and a category; no further one is looked at than is asked for."""
    for key, (name, coded) in product(full, past.events.categories.items()):
        second = category_field(name)
        if 2 <= len(coded.levels) <= len(past.fields[key].levels):
            both = together(past.codes(key), past.codes(second))
            if not determined(both, past.exceptions):
                yield PairPlan(first=key, second=second, windows=(), labels=False)


def _steps(past: _Past, full: list[str]) -> tuple[StepPlan, ...]:
    """Return keys and categories of few levels that change within a key."""
    found = []
    for key, (name, coded) in product(full, past.events.categories.items()):
        if 2 <= len(category_plan(name, coded).levels) <= MOST_STEP_LEVELS:
            both = together(past.codes(key), past.codes(category_field(name)))
            if not determined(both, past.exceptions):
                found.append(StepPlan(key=key, category=name))
    return tuple(found[: MOST_STEPS if past.rows < LARGE_ROWS else MOST_STEPS // 2])


def _distinguished(past: _Past, names: list[str]) -> list[str]:
    """Leave out entities that run one to one with an earlier one: their history is the same."""
    kept: list[str] = []
    for name in names:
        known = (past.fields[other] for other in kept)
        if not any(one_to_one(past.fields[name], one, past.exceptions) for one in known):
            kept.append(name)
    return kept


def _roles(past: _Past) -> tuple[RolePlan, ...]:
    large = past.rows >= LARGE_ROWS
    found = []
    most = MOST_ROLES // 2 if large else MOST_ROLES
    for field, role, since in roles(
        past.fields, past.events.entities, past.at_us, past.least, most
    ):
        windows = windows_within(since, past.span_us, past.least)
        if large:
            windows = _spread(windows, FEW_WINDOWS)
        key = KeyPlan(
            field=role,
            full=True,
            windows=windows,
            label_windows=_label_windows(windows),
            distinct=(field,),
        )
        found.append(RolePlan(field=field, key=key))
    return tuple(found)


def _links(past: _Past, full: list[str]) -> tuple[LinkPlan, ...]:
    found = []
    pairs_of = {
        frozenset(two): together(*map(past.codes, two)).pairs for two in combinations(full, 2)
    }
    keys_of = {key: max(len(np.unique(past.codes(key))), 1) for key in full}
    for key, over in permutations(full, 2):
        pairs, keys = pairs_of[frozenset((key, over))], keys_of[key]
        if pairs - keys >= min(LINKED_SHARE * keys, past.least):
            found.append((pairs / keys, LinkPlan(key=key, over=over)))
    most = MOST_LINKS if past.rows < LARGE_ROWS else MOST_LINKS // 2
    # A key that is seen with few others tells more of them than a hub does.
    return tuple(link for _, link in sorted(found, key=lambda one: one[0])[:most])
