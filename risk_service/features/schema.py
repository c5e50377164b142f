"""The feature schema, read from ``schema.toml`` beside this module.

Names carry their owner: ``order__units``, ``account__orders_30d``,
``derived__account_refund_rate``. The vector holds the model inputs in schema order:
the order's own columns, stored history, live features, derived ratios. Columns with
``model_input = False`` exist only to derive others from them. Live features are declared
in files of their own (see ``risk_service.features.live``).
"""

import hashlib
import json
import math
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.terms import SCOPES
from risk_service.features.entities import ENTITIES
from risk_service.features.formula import names_in
from risk_service.features.live import LiveColumn, load_live

DAY_S = 86_400
# Live features of these owners come from linked accounts, not from one record.
CLUSTER_OWNERS = SCOPES
AGGREGATIONS = ("count", "sum", "mean", "distinct", "max", "first_day", "last_day")
NEEDS_COLUMN = ("sum", "mean", "distinct", "max")
SINCE_EVER = ("max", "first_day", "last_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Rows of history that features are made of: a source and a SQL condition."""

    name: str
    source: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """How a stored feature is made of facts; ``window_d`` None means since ever."""

    fact: Fact
    kind: str
    column: str
    window_d: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column: a model input, or a part of derived ones.

    ``entity`` is "order" for what is known from the order alone, else the entity whose
    history it needs. ``derived`` is a formula, ``aggregate`` the making of a stored
    feature; the order's own columns have neither.
    """

    name: str
    entity: str
    dtype: str
    unit: str
    default: float
    description_en: str
    description_zh: str
    model_input: bool = True
    derived: str | None = None
    aggregate: Aggregate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSpec:
    """One Feast feature view: the stored features of an entity, or live ones by event id."""

    name: str
    entity: str
    join_key: str
    ttl_s: int
    features: tuple[str, ...]


EVENT_KEY = "event_id"


@dataclass(frozen=True, kw_only=True)
class FeatureSchema:
    """All features and views, with the version that ties data, models and service."""

    version: str
    order: tuple[Feature, ...]
    stored: tuple[Feature, ...]
    live: tuple[Feature, ...]
    derived: tuple[Feature, ...]
    views: dict[str, ViewSpec]

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Model inputs in vector order."""
        columns = (*self.order, *self.stored, *self.live, *self.derived)
        return tuple(feature for feature in columns if feature.model_input)

    @cached_property
    def event_views(self) -> tuple[ViewSpec, ...]:
        """Views of live features, offline only: each order has its own row, by event id."""
        parts = {
            "event_windows": [f.name for f in self.live if f.entity not in CLUSTER_OWNERS],
            "event_clusters": [f.name for f in self.live if f.entity in CLUSTER_OWNERS],
        }
        return tuple(
            ViewSpec(name=name, entity="event", join_key=EVENT_KEY, ttl_s=DAY_S, features=(*names,))
            for name, names in parts.items()
            if names
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the model inputs in vector order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def order_only(self) -> tuple[str, ...]:
        """Names of the model inputs that need no history."""
        return tuple(feature.name for feature in self.features if feature.entity == "order")


@cache
def load_schema() -> FeatureSchema:
    """Return the schema of this version of the service."""
    live = load_live()
    features = tuple(_live(column) for column in live.columns)
    text = files(__package__).joinpath("schema.toml").read_text("utf-8")
    return parse_schema(text, features, live.version)


def parse_schema(
    text: str, live: tuple[Feature, ...] = (), live_version: str = ""
) -> FeatureSchema:
    """Read and check a schema.

    Parameters
    ----------
    live
        Features of the live windows and clusters, which derived ones may use.
    live_version
        Version of what declares them; part of the schema's version.

    Raises
    ------
    ConfigFault
        The text contradicts the rules at the head of ``schema.toml``.
    """
    raw = tomllib.loads(text)
    facts = {name: _fact(name, spec) for name, spec in raw["facts"].items()}
    order = tuple(_feature("order", name, spec) for name, spec in raw["order"].items())
    stored = tuple(
        _stored(entity, name, spec, facts)
        for entity in ENTITIES
        for name, spec in raw[entity].items()
    )
    known = {feature.name: feature for feature in (*order, *stored, *live)}
    if len(known) < len(order) + len(stored) + len(live):
        raise ConfigFault(f"feature {_repeated((*order, *stored, *live))}: is declared twice")
    derived = tuple(_derived(name, spec, known) for name, spec in raw["derived"].items())
    for feature in (*order, *stored, *live, *derived):
        _check_default(feature)
    return FeatureSchema(
        version=_version(raw, live_version),
        order=order,
        stored=stored,
        live=live,
        derived=derived,
        views={entity: _view(entity, raw["views"][entity], stored) for entity in ENTITIES},
    )


def _repeated(features: tuple[Feature, ...]) -> str:
    counts = Counter(feature.name for feature in features)
    return next(name for name, count in counts.items() if count > 1)


def _live(column: LiveColumn) -> Feature:
    return Feature(
        name=column.name,
        entity=column.owner,
        dtype="float64",
        unit=column.unit,
        default=column.default,
        description_en=column.description_en,
        description_zh=column.description_zh,
        model_input=column.model_input,
    )


def _fact(name: str, spec: dict[str, Any]) -> Fact:
    if spec["source"] not in ("orders", "events", "labels"):
        raise ConfigFault(f"fact {name}: unknown source {spec['source']}")
    return Fact(name=name, source=spec["source"], where=spec.get("where", "true"))


def _feature(entity: str, name: str, spec: dict[str, Any], prefix: str = "") -> Feature:
    return Feature(
        name=f"{prefix or entity}__{name}",
        entity=entity,
        dtype="float64",
        unit=spec["unit"],
        default=float(spec.get("default", 0.0)),
        description_en=spec["en"],
        description_zh=spec["zh"],
        model_input=bool(spec.get("model_input", True)),
        derived=spec.get("formula"),
    )


def _stored(entity: str, name: str, spec: dict[str, Any], facts: dict[str, Fact]) -> Feature:
    where = f"feature {entity}__{name}"
    kind, window_d = spec["agg"], spec.get("window_d")
    if spec["fact"] not in facts:
        raise ConfigFault(f"{where}: unknown fact {spec['fact']}")
    if kind not in AGGREGATIONS:
        raise ConfigFault(f"{where}: unknown aggregation {kind}")
    if (kind in NEEDS_COLUMN) != ("of" in spec):
        raise ConfigFault(f"{where}: {kind} with{'' if 'of' in spec else 'out'} a column")
    if kind in SINCE_EVER and window_d is not None:
        raise ConfigFault(f"{where}: {kind} has no window")
    if window_d is not None and window_d < 1:
        raise ConfigFault(f"{where}: a window has at least one day")
    plain = _feature(entity, name, spec)
    aggregate = Aggregate(
        fact=facts[spec["fact"]], kind=kind, column=spec.get("of", ""), window_d=window_d
    )
    return Feature(
        **{key: getattr(plain, key) for key in plain.__slots__} | {"aggregate": aggregate}
    )


def _derived(name: str, spec: dict[str, Any], known: dict[str, Feature]) -> Feature:
    inputs = names_in(spec["formula"])
    unknown = [source for source in inputs if source not in known]
    if unknown:
        raise ConfigFault(f"feature derived__{name}: unknown feature {unknown[0]}")
    owners = [known[source].entity for source in inputs]
    entity = next((owner for owner in owners if owner != "order"), "order")
    return _feature(entity, name, spec, prefix="derived")


def _check_default(feature: Feature) -> None:
    if feature.model_input and math.isnan(feature.default):
        raise ConfigFault(f"feature {feature.name}: a model input needs a default")


def _view(entity: str, spec: dict[str, Any], stored: tuple[Feature, ...]) -> ViewSpec:
    return ViewSpec(
        name=spec["name"],
        entity=entity,
        join_key=entity,
        ttl_s=int(spec["ttl_days"]) * DAY_S,
        features=tuple(feature.name for feature in stored if feature.entity == entity),
    )


def _version(raw: dict[str, Any], live_version: str) -> str:
    # Texts may be reworded without making data and models incompatible.
    content = json.dumps(_without_texts(raw), separators=(",", ":"), ensure_ascii=True)
    content += live_version
    return "fs1-" + hashlib.sha256(content.encode()).hexdigest()[:12]


def _without_texts(node: object) -> object:
    if isinstance(node, dict):
        return {
            key: _without_texts(value) for key, value in node.items() if key not in ("en", "zh")
        }
    return node
