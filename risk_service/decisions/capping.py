"""Cuts a demand down to the units that may be sold anyway: no more than that is held."""

from collections.abc import Sequence

from msgspec.structs import replace

from risk_service.domain.decision import QuantityLimit
from risk_service.domain.grant import Demand, DemandLine


def capped(demand: Demand, limits: Sequence[QuantityLimit]) -> Demand:
    """Return the demand with at most what may be sold of each SKU, the first lines first."""
    if not limits:
        return demand
    left = {limit.sku: limit.allowed for limit in limits}
    lines = [_cut(line, left) for line in demand.lines if left.get(line.sku, 1) > 0]
    return replace(demand, lines=tuple(lines))


def _cut(line: DemandLine, left: dict[str, int]) -> DemandLine:
    allowed = left.get(line.sku)
    if allowed is None:
        return line
    quantity = min(line.quantity, allowed)
    left[line.sku] = allowed - quantity
    amount_minor = line.amount_minor * quantity // line.quantity
    return replace(line, quantity=quantity, amount_minor=amount_minor)
