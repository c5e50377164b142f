"""The terms of a declaration of clusters: link types, limits, features."""

from dataclasses import dataclass

# What a feature can be without any record: see ClusterView.
FACTS = ("size", "age_days", "merges", "hub_links", "new_accounts", "neighbours")
AGGREGATES = ("sum", "mean", "max", "count")
SCOPES = ("cluster", "neighbour")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkType:
    """An identifier that links the accounts using it.

    ``field`` is a field of events. ``unless_equal`` names another field: where both are
    equal the identifier is too coarse to link by. A value is a hub when more than
    ``hub_accounts`` accounts used it within ``Rules.hub_days``; a link ages out
    ``age_days`` after it was last seen.
    """

    field: str
    unless_equal: str
    hub_accounts: int
    age_days: int
    description_en: str
    description_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What makes a cluster; ``version`` changes with any rule.

    ``links`` are in order of strength, the strongest first. ``max_size`` is in accounts,
    ``members`` and ``neighbours`` are how many of them a view names at most. A night's
    clusters are in force from ``ready_after_s`` seconds after UTC midnight. ``kinds`` are
    the kinds of events that link; ``account`` is the field that is linked.
    """

    version: str
    account: str
    kinds: tuple[str, ...]
    links: tuple[LinkType, ...]
    max_size: int
    members: int
    neighbours: int
    hub_days: int
    ready_after_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFeature:
    """One number about an account's cluster or its direct neighbours.

    Either ``fact`` is one of ``FACTS``, or ``source`` is a window feature of a record that
    is keyed by the account, and ``aggregate`` one of ``AGGREGATES`` over the members'
    (``scope`` cluster) or neighbours' values.
    """

    name: str
    scope: str
    fact: str
    source: str
    aggregate: str
    unit: str
    default: float
    description_en: str
    description_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSet:
    """Rules and features; ``version`` changes with anything that changes a number."""

    version: str
    rules: Rules
    features: tuple[ClusterFeature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features in the order of their values."""
        return tuple(feature.name for feature in self.features)
