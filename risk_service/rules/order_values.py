"""An order's values as rules read them: its features, and what is known of it beside them.

Built for a group from the matrix of model inputs. A model needs a number everywhere, so the
matrix holds defaults; a rule must see what is missing. It is made missing again from what is
stored with the decision, so that a replay sees the same:

- a default below 0 stands for "unknown" and for nothing else;
- without history (``Mode.NO_FEATURES``) only the order's own columns are known;
- features of an entity that the order does not name are missing.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Abuse, Mode, VerificationLevel
from risk_service.features.schema import FeatureSchema
from risk_service.rules.language import Value
from risk_service.rules.rule_set import RuleSet
from risk_service.rules.values import MISSING, Values
from risk_service.rules.variables import Subject

Floats = NDArray[np.float64]
WITHOUT_HISTORY = (Mode.NO_FEATURES, Mode.STATIC)
# Facts that the models give, in the order of ``Abuse``.
SCORES = ("scalping_score", "brushing_score", "refund_score")
# Entities that an order may lack, with the place of each in ``_named``.
_MAY_LACK = (
    "device",
    "payment",
    "ip",
    "ip_block",
    "address",
    "building",
    "phone",
    "real_name",
    "campaign",
)
# Distinct sets of lacking entities; a shop's orders show few of the 512.
MASKS_MAX = 512


class OrderFacts(Struct, frozen=True, kw_only=True, gc=False):
    """What the decision knows beside the order and its features.

    Parameters
    ----------
    scores
        0 to 1000, in the order of ``Abuse``; empty when the models did not run.
    attempt_number
        Which decision on the order it is, from 1.
    """

    grey_lists: tuple[str, ...] = ()
    scores: tuple[int, ...] = ()
    attempt_number: int = 1
    challenge_passed: bool = False


class OrderValues(Values):
    """The values of one order: features at once, other facts when a rule asks for them."""

    def __init__(self, known: Iterable[tuple[str, Value]], order: Order, facts: OrderFacts) -> None:
        # Straight into the dictionary: there is no None and no whole number among features.
        dict.__init__(self, known)
        self.order = order
        self.facts = facts

    def __missing__(self, name: str) -> Value:
        """Return a fact, NaN when it is unknown."""
        tell = _FACTS.get(name)
        if tell is None:
            return MISSING
        value = tell(self.order, self.facts)
        self[name] = value = MISSING if value is None else value
        return value


class OrderReader:
    """Makes the values of groups of orders for one rule set.

    Parameters
    ----------
    rules
        Only features that its rules read are taken out of the matrix.
    subject
        Whose rules: a claim reads the features of its order.
    """

    def __init__(
        self, schema: FeatureSchema, rules: RuleSet, subject: Subject = Subject.ORDER
    ) -> None:
        wanted = rules.reads[subject]
        features = [
            (slot, feature)
            for slot, feature in enumerate(schema.features)
            if feature.name in wanted
        ]
        self.names = tuple(feature.name for _, feature in features)
        self._slots = np.array([slot for slot, _ in features], np.intp)
        self._unknown = np.array([f.default if f.default < 0 else math.nan for _, f in features])
        self._needs = [_lackable(feature.entity) for _, feature in features]
        self._of_order = np.array([feature.entity == "order" for _, feature in features], bool)
        self._masks: dict[tuple[bool, ...], NDArray[np.bool_]] = {}
        # Only entities without which something is missing are looked at.
        self._lackable = _Lackable(frozenset().union(*self._needs))

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Return what ``loops.screen.Columns`` holds of each feature of ``names``."""
        return (
            self._slots.astype(np.int64),
            self._unknown,
            np.array([self._lackable.bits(needs) for needs in self._needs], np.int64),
            self._of_order.astype(np.uint8),
        )

    def lacking(self, orders: Sequence[Order]) -> list[int]:
        """Return the bits of the entities that each order lacks and some feature needs."""
        return self._lackable.lacking(orders)

    def group(
        self, orders: Sequence[Order], matrix: Floats, mode: Mode, facts: Sequence[OrderFacts]
    ) -> list[OrderValues]:
        """Return the values of each order of a group.

        Parameters
        ----------
        matrix
            Model inputs, shape (orders, features of the schema).
        """
        taken = matrix[:, self._slots]
        taken[taken == self._unknown] = MISSING
        if mode in WITHOUT_HISTORY:
            taken[:, ~self._of_order] = MISSING
        taken[np.array([self._mask(_named(order)) for order in orders])] = MISSING
        names = self.names
        return [
            OrderValues(zip(names, row, strict=True), order, known)
            for order, row, known in zip(orders, taken.tolist(), facts, strict=True)
        ]

    def _mask(self, named: tuple[bool, ...]) -> NDArray[np.bool_]:
        mask = self._masks.get(named)
        if mask is None:
            if len(self._masks) >= MASKS_MAX:
                self._masks.clear()
            lacking = frozenset(
                entity for entity, there in zip(_MAY_LACK, named, strict=True) if not there
            )
            mask = np.array([not lacking.isdisjoint(needs) for needs in self._needs], bool)
            self._masks[named] = mask
        return mask


class _Lackable:
    """Some of the entities that an order may lack, a bit for each."""

    def __init__(self, entities: frozenset[str]) -> None:
        self._bits = {entity: 1 << at for at, entity in enumerate(_MAY_LACK) if entity in entities}
        self._named = tuple((bit, _NAMED[entity]) for entity, bit in self._bits.items())

    def bits(self, entities: Iterable[str]) -> int:
        """Return the bits of entities, all of them among ours."""
        return sum(self._bits[entity] for entity in entities)

    def lacking(self, orders: Sequence[Order]) -> list[int]:
        """Return the bits of those that each order does not name."""
        lacks = [0] * len(orders)
        for bit, named in self._named:
            for place, name in enumerate(map(named, orders)):
                if not name:
                    lacks[place] |= bit
        return lacks


def _lackable(entity: str) -> frozenset[str]:
    """Return the entities without which a feature of this owner is missing."""
    return frozenset(entity.split("_x_")) & frozenset(_MAY_LACK)


def _named(order: Order) -> tuple[bool, ...]:
    """Tell which of ``_MAY_LACK`` the order names."""
    return tuple([bool(_NAMED[entity](order)) for entity in _MAY_LACK])


# What names each of ``_MAY_LACK``; empty when the order lacks it.
_NAMED: dict[str, Callable[[Order], str]] = {
    "device": attrgetter("tokens.device"),
    "payment": attrgetter("tokens.payment"),
    "ip": attrgetter("tokens.ip"),
    "ip_block": attrgetter("tokens.ip_block"),
    "address": lambda order: order.tokens.address_door or order.tokens.address_building,
    "building": attrgetter("tokens.address_building"),
    "phone": attrgetter("tokens.phone"),
    "real_name": attrgetter("tokens.real_name"),
    "campaign": attrgetter("lead_line.campaign_id"),
}

Tell = Callable[[Order, OrderFacts], Value | None]


def _promotion_types(order: Order, _: OrderFacts) -> list[str]:
    found = {line.promotion_type for line in order.lines}
    found.update([discount.promotion_type for discount in order.discounts])
    return [one.name for one in sorted(found)]


def _campaign_ids(order: Order, _: OrderFacts) -> list[str]:
    return sorted({line.campaign_id for line in order.lines if line.campaign_id})


def _skus(order: Order, _: OrderFacts) -> list[str]:
    return sorted({line.sku for line in order.lines})


def _seller_ids(order: Order, _: OrderFacts) -> list[str]:
    return sorted({line.seller_id for line in order.lines})


def _said_of_lines(field: str) -> Tell:
    """Return what tells the texts that lines say of themselves; unknown when none says one.

    What some lines say is told although others are silent: else one line of goods without a
    category would keep every rule about categories from the rest of the order.
    """
    read = attrgetter(field)

    def tell(order: Order, _: OrderFacts) -> list[str] | None:
        # Limits read them so too: blanks around a name are slips.
        return sorted({read(line).strip() for line in order.lines} - {""}) or None

    return tell


def _silent_lines(field: str) -> Tell:
    """Return what counts the lines that do not say it."""
    read = attrgetter(field)

    def tell(order: Order, _: OrderFacts) -> float:
        return float(sum(not read(line).strip() for line in order.lines))

    return tell


def _coupon_ids(order: Order, _: OrderFacts) -> list[str]:
    return sorted({discount.coupon_id for discount in order.discounts if discount.coupon_id})


def _verified_level(order: Order, _: OrderFacts) -> float | None:
    level = order.verification_level
    known = level is not VerificationLevel.UNSPECIFIED
    return float(level - VerificationLevel.L0) if known else None


def _score(abuse: Abuse) -> Tell:
    place = tuple(Abuse).index(abuse)

    def tell(_: Order, facts: OrderFacts) -> float | None:
        return float(facts.scores[place]) if facts.scores else None

    return tell


_FACTS: dict[str, Tell] = {
    "promotion_types": _promotion_types,
    "campaign_ids": _campaign_ids,
    "skus": _skus,
    "spus": _said_of_lines("spu"),
    "categories": _said_of_lines("category"),
    "lines_without_spu": _silent_lines("spu"),
    "lines_without_category": _silent_lines("category"),
    "seller_ids": _seller_ids,
    "coupon_ids": _coupon_ids,
    "entry_path": lambda order, _: order.entry_path.name,
    "drop_id": lambda order, _: order.drop_id or None,
    "currency": lambda order, _: order.currency_code or None,
    "address_region": lambda order, _: order.traits.address_region or None,
    "phone_region": lambda order, _: order.traits.phone_region or None,
    "verified_level": _verified_level,
    "grey_lists": lambda _, facts: list(facts.grey_lists),
    **{name: _score(abuse) for name, abuse in zip(SCORES, Abuse, strict=True)},
    "attempt_number": lambda _, facts: float(facts.attempt_number),
    "challenge_passed": lambda _, facts: facts.challenge_passed,
}


def order_fact(name: str, order: Order, facts: OrderFacts) -> Value | None:
    """Return one fact of an order, None when it is unknown; for claims on that order too."""
    return _FACTS[name](order, facts)
