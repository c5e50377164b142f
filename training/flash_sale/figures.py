"""Who got the units, held against the truth of the crowd.

*Person*: an honest customer, or a whole ring. *Refused while there was stock*: an honest order
that got less than it asked for because of a limit per person, when the drop had units left.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from risk_service.domain.decision import Decision
from risk_service.domain.vocabulary import Outcome
from training.flash_sale.crowd import Press

SOLD = frozenset({Outcome.ALLOW, Outcome.LIMIT_QUANTITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFigures:
    """What one variant of the limits led to."""

    variant: str
    orders: int
    honest_orders: int
    units_sold: int
    units_to_rings: int
    persons_served: int
    honest_served: int
    most_units_of_one_person: int
    honest_refused_with_stock: int
    oversold: int

    @property
    def ring_share(self) -> float:
        """Return the share of the units that rings took."""
        return self.units_to_rings / self.units_sold if self.units_sold else 0.0

    @property
    def honest_hurt(self) -> float:
        """Return the share of honest orders that were refused although there was stock."""
        return self.honest_refused_with_stock / self.honest_orders if self.honest_orders else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"ring_share": self.ring_share, "honest_hurt": self.honest_hurt}


class Tally:
    """Adds the answers of one sale up.

    Parameters
    ----------
    stock
        Units that there are.
    """

    def __init__(self, stock: int) -> None:
        self._stock = stock
        self._units: Counter[int] = Counter()
        self._to_rings = self._sold = 0
        self._honest: set[int] = set()
        self._orders = self._honest_orders = self._refused = 0

    def add(self, press: Press, decision: Decision) -> None:
        """Add one answer."""
        buyer = press.buyer
        is_honest = buyer.ring < 0
        got = sum(line.granted for line in decision.granted) if decision.outcome in SOLD else 0
        left = self._stock - self._sold
        self._orders += 1
        self._honest_orders += is_honest
        self._refused += is_honest and got < min(press.quantity, left)
        self._sold += got
        self._units[buyer.person] += got
        if got and is_honest:
            self._honest.add(buyer.person)
        self._to_rings += 0 if is_honest else got

    def figures(self, variant: str) -> SaleFigures:
        """Return the sums."""
        sold = self._sold
        return SaleFigures(
            variant=variant,
            orders=self._orders,
            honest_orders=self._honest_orders,
            units_sold=sold,
            units_to_rings=self._to_rings,
            persons_served=sum(units > 0 for units in self._units.values()),
            honest_served=len(self._honest),
            most_units_of_one_person=max(self._units.values(), default=0),
            honest_refused_with_stock=self._refused,
            oversold=max(0, sold - self._stock),
        )
