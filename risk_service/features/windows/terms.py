"""The terms of a declaration: filters, features, groups of features, the whole set."""

from dataclasses import dataclass
from functools import cached_property

PAIR = "_x_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A comparison of one column with a number."""

    column: str
    op: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Events of some kinds that meet all conditions."""

    name: str
    kinds: tuple[str, ...]
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFeature:
    """One number per entity (or pair): a measure of some events over one window.

    ``of`` names a column (sum, last) or a field (distinct). ``cap`` bounds distinct: the
    value is min(cap, truth). ``default`` stands in where the key is missing and where
    last or since have no event. ``model_input`` False: only formulas read it.
    """

    name: str
    keys: tuple[str, ...]
    events: str
    measure: str
    of: str
    window: str
    cap: int
    unit: str
    default: float
    description_en: str
    description_zh: str
    model_input: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGroup:
    """The features of one record: those of one entity or of one pair."""

    keys: tuple[str, ...]
    features: tuple[WindowFeature, ...]

    @property
    def name(self) -> str:
        """Return the name of the entity, or of the pair: ``account_x_seller``."""
        return PAIR.join(self.keys)


@dataclass(frozen=True, kw_only=True)
class WindowSet:
    """Everything that is declared; ``version`` changes with any number it could change."""

    version: str
    kinds: tuple[str, ...]
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    filters: tuple[EventFilter, ...]
    features: tuple[WindowFeature, ...]

    @cached_property
    def groups(self) -> tuple[KeyGroup, ...]:
        """One group per key, in the order in which keys first appear."""
        keys = dict.fromkeys(feature.keys for feature in self.features)
        return tuple(
            KeyGroup(keys=key, features=tuple(f for f in self.features if f.keys == key))
            for key in keys
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all features, group by group: the order in which values are returned."""
        return tuple(feature.name for group in self.groups for feature in group.features)
