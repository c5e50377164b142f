"""A purchase limit as data: whom it counts, what, over which time, up to how much.

Holds the shape of a policy and the plain questions it can answer about itself; reading the
file is in ``parse``, weighing an order in ``weigh``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from risk_service.domain.grant import Demand, DemandLine, Measure
from risk_service.domain.reservation import ReleaseReason
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel
from risk_service.limits.count_per import (
    READERS,
    CountPer,
    campaign_of,
    category_of,
    seller_of,
    sku_of,
    spu_of,
)
from risk_service.limits.windows import Window

GLOBAL = "GLOBAL"
CLUSTER = "identity_cluster"
# In the order in which they stand in a key: the cluster first, so that all counters of a
# cluster lie side by side and can be moved when it merges.
DIMENSIONS = (
    CLUSTER,
    "account",
    "device",
    "payment",
    "phone",
    "real_name",
    "address_door",
    "address_building",
    "ip",
    "ip_block",
)
# What tiers may ask about besides the verification level.
TRAITS = (
    "is_new_account",
    "member_level",
    "address_region",
    "phone_region",
    "challenge_passed",
    "currency",
    "entry_path",
)
MONEY = frozenset({Measure.AMOUNT, Measure.DISCOUNT})
# What an order need not say of its lines, and a policy may be about.
LINE_FIELDS = ("spu", "category")
OF_GOODS = frozenset({Measure.UNITS, Measure.ORDERS, Measure.AMOUNT})
# What is handed out counts here, and not again where it is redeemed.
OF_BENEFITS = frozenset({Measure.DRAWS, Measure.REWARDS})


class State(StrEnum):
    """Where a policy stands; only active ones decide, shadow ones count for the record."""

    DRAFT = "draft"
    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"


class OnExceed(StrEnum):
    """What becomes of an order that asks for more than is left."""

    REJECT = "reject"
    CAP_QUANTITY = "cap_quantity"
    EXCESS_AT_FULL_PRICE = "excess_at_full_price"
    CHALLENGE = "challenge"
    REVIEW = "review"

    @property
    def outcome(self) -> Outcome:
        """Return what the order meets when nothing of it can be granted."""
        return _OUTCOMES.get(self, Outcome.DENY)

    @property
    def takes_a_part(self) -> bool:
        """Tell whether the order may go on with fewer units."""
        return self in (OnExceed.CAP_QUANTITY, OnExceed.EXCESS_AT_FULL_PRICE)


_OUTCOMES = {OnExceed.CHALLENGE: Outcome.CHALLENGE, OnExceed.REVIEW: Outcome.REVIEW}

KeySet = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines a policy is about; an empty set stands for every value."""

    promotion_types: frozenset[PromotionType] = frozenset()
    campaigns: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    sellers: frozenset[str] = frozenset()
    spus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def is_empty(self) -> bool:
        """Tell whether it says nothing at all."""
        return not (self.promotion_types or self.is_narrow)

    @property
    def is_narrow(self) -> bool:
        """Tell whether it asks for more than promotion types."""
        return bool(self.campaigns or self.skus or self.sellers or self.spus or self.categories)

    def has(self, line: DemandLine) -> bool:
        """Tell whether a line passes every set that is not empty."""
        return (
            self.may_have(line)
            and (not self.spus or spu_of(line) in self.spus)
            and (not self.categories or category_of(line) in self.categories)
        )

    def may_have(self, line: DemandLine) -> bool:
        """Tell whether a line passes the sets of what every line says."""
        return (
            (not self.promotion_types or line.promotion_type in self.promotion_types)
            and (not self.campaigns or campaign_of(line) in self.campaigns)
            and (not self.skus or sku_of(line) in self.skus)
            and (not self.sellers or seller_of(line) in self.sellers)
        )

    def names(self, line: DemandLine) -> bool:
        """Tell whether one of the sets names the line, as an exclusion reads it."""
        return (
            line.promotion_type in self.promotion_types
            or campaign_of(line) in self.campaigns
            or sku_of(line) in self.skus
            or seller_of(line) in self.sellers
            or spu_of(line) in self.spus
            or category_of(line) in self.categories
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may be had: up to ``cap``, at least ``minimum``, in whole ``step``."""

    cap: int
    minimum: int = 0
    step: int = 1

    @property
    def has_floor(self) -> bool:
        """Tell whether fewer units may be too few, or not whole steps."""
        return self.minimum > 0 or self.step > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Bounds for those who meet every condition; ``level`` is the least verification level."""

    bounds: Bounds
    level: VerificationLevel = VerificationLevel.UNSPECIFIED
    traits: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def is_met(self, demand: Demand) -> bool:
        """Tell whether the demand belongs to this tier."""
        return demand.verification_level >= self.level and all(
            demand.traits.get(name, "") in values for name, values in self.traits.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One limit.

    ``needed`` of the ``key_sets`` must be used up for the limit to be: 1 for any_of, all of
    them for all_of, k for k_of_n. ``missing`` says by dimension what its absence means:
    ``challenge``, ``reject``, or the dimension that is counted on in its place; the entry
    ``*`` holds for the others. ``release_on`` are the reasons that give quota back.
    ``line`` is where it begins in its file.
    """

    id: str
    version: str
    name_zh: str
    name_en: str
    description: str
    owner: str
    approver: str
    state: State
    priority: int
    valid_from_us: int
    valid_to_us: int
    key_sets: tuple[KeySet, ...]
    needed: int
    count_per: CountPer
    include: Filter
    exclude: Filter
    measure: Measure
    currency: str
    window: Window
    bounds: Bounds
    tiers: tuple[Tier, ...]
    on_exceed: OnExceed
    level: VerificationLevel
    missing: Mapping[str, str]
    release_on: frozenset[ReleaseReason]
    line: int

    @property
    def counts(self) -> bool:
        """Tell whether it is looked at at all."""
        return self.state in (State.ACTIVE, State.SHADOW)

    @property
    def ref(self) -> str:
        """Return what a reservation pins."""
        return f"{self.id}@{self.version}"

    @property
    def shape(self) -> str:
        """Return what a counter of this policy means; a new shape begins to count from 0."""
        return f"{self.id}/{self.measure.name}{self.currency}/{self.window.text}/{self.count_per}"

    def is_valid_at(self, at_us: int) -> bool:
        """Tell whether the policy holds at a time."""
        return self.valid_from_us <= at_us < self.valid_to_us

    def is_about(self, promotion: PromotionType) -> bool:
        """Tell whether lines of a type of promotion may count here."""
        included, excluded = self.include.promotion_types, self.exclude.promotion_types
        return (not included or promotion in included) and promotion not in excluded

    def covers(self, line: DemandLine) -> bool:
        """Tell whether a line counts here."""
        return self.include.has(line) and self.measures(line) and not self.exclude.names(line)

    @property
    def line_fields(self) -> tuple[str, ...]:
        """Return what lines must say to be counted, beyond what every line says."""
        include, per = self.include, self.count_per
        asked = {
            "spu": include.spus or per is CountPer.SPU,
            "category": include.categories or per is CountPer.CATEGORY,
        }
        return tuple([name for name in LINE_FIELDS if asked[name]])

    def lacks(self, line: DemandLine) -> tuple[str, ...]:
        """Return what a line does not say that may count here."""
        if not (self.include.may_have(line) and self.measures(line)) or self.exclude.names(line):
            return ()
        return tuple([name for name in self.line_fields if not getattr(line, name).strip()])

    def measures(self, line: DemandLine) -> bool:
        """Tell whether the measure reads such a line: goods, redemptions or benefits."""
        if self.measure is Measure.DISCOUNT:
            return line.discount_minor > 0
        if line.is_benefit or self.measure in OF_BENEFITS:
            return line.is_benefit and self.measure in OF_BENEFITS
        return bool(line.sku) == (self.measure in OF_GOODS)

    @property
    def scope_reader(self) -> Callable[[DemandLine], str]:
        """Return what reads the value that a line counts under."""
        return READERS[self.count_per]

    def bounds_for(self, demand: Demand) -> Bounds:
        """Return the bounds of the first tier that the demand meets, else the policy's own."""
        for tier in self.tiers:
            if tier.is_met(demand):
                return tier.bounds
        return self.bounds
