"""Works out of a policy, once, what weighing an order by it needs again and again."""

from collections.abc import Iterable

from risk_service.domain.grant import Measure
from risk_service.domain.vocabulary import PromotionType, VerificationLevel
from risk_service.limits.claims import SEPARATOR, Plan, Timed
from risk_service.limits.count_per import CountPer
from risk_service.limits.policy import GLOBAL, OF_BENEFITS, OF_GOODS, Policy, State
from risk_service.limits.reservation import mask_of

# What a measure reads: goods, what an order redeems, what has a discount, what is handed out.
GOODS, REDEMPTIONS, DISCOUNTS, BENEFITS = range(4)


def plan_of(policy: Policy, others: Iterable[Policy]) -> Plan:
    """Return the plan of a policy among others."""
    window = policy.window
    everything = policy.count_per is CountPer.EVERYTHING
    tail = f"{SEPARATOR}{policy.shape}{SEPARATOR}"
    any_line = not policy.include.is_narrow and policy.exclude.is_empty()
    as_one = everything and not window.of_line
    asks = bool(policy.level > VerificationLevel.L0 or policy.currency or policy.tiers)
    dimension = _dimension(policy)
    return Plan(
        policy=policy,
        policy_id=policy.id,
        version=policy.version,
        window=window.text,
        unit=policy.measure,
        ref=policy.ref,
        releases=mask_of(policy.release_on),
        shadow=policy.state is State.SHADOW,
        counts=window.counts,
        kinds=frozenset(kind for kind in PromotionType if policy.is_about(kind)),
        measure=int(policy.measure),
        reads=_reads(policy.measure),
        any_line=any_line,
        line_fields=policy.line_fields,
        as_one=as_one,
        asks=asks,
        simple=any_line and as_one and bool(dimension) and not asks,
        scope_of=policy.scope_reader,
        scope_label="" if everything else f"{policy.count_per.value}:",
        owners=tuple([("+".join(key_set), key_set) for key_set in policy.key_sets]),
        dimension=dimension,
        tail=tail,
        bounds=policy.bounds,
        elsewhere=_elsewhere(policy, others) if policy.currency else frozenset(),
    )


def timed(plan: Plan, now_us: int) -> Timed | None:
    """Return a plan at a time; None while its policy does not hold."""
    if not plan.policy.is_valid_at(now_us):
        return None
    place = plan.policy.window.at(now_us)
    return Timed(plan, place, plan.tail + SEPARATOR + (place.bucket if place else ""))


def _elsewhere(policy: Policy, others: Iterable[Policy]) -> frozenset[str]:
    """Return the currencies that others count, for the same orders and all of its time."""
    return frozenset(
        other.currency
        for other in others
        if other.state is State.ACTIVE
        and other.valid_from_us <= policy.valid_from_us
        and other.valid_to_us >= policy.valid_to_us
        and _but_for_currency(other) == _but_for_currency(policy)
    ) - {"", policy.currency}


def _but_for_currency(policy: Policy) -> tuple[object, ...]:
    """Return whom and what a policy counts, and over which time."""
    return (
        policy.key_sets, policy.needed, policy.include, policy.exclude,
        policy.measure, policy.window.text, policy.count_per,
    )  # fmt: skip


def _reads(measure: Measure) -> int:
    if measure is Measure.DISCOUNT:
        return DISCOUNTS
    if measure in OF_BENEFITS:
        return BENEFITS
    return GOODS if measure in OF_GOODS else REDEMPTIONS


def _dimension(policy: Policy) -> str:
    """Return the one subject that is counted on, empty where it is not that simple."""
    if not policy.window.counts or len(policy.key_sets) > 1:
        return ""
    (key_set,) = policy.key_sets
    return key_set[0] if len(key_set) == 1 and key_set != (GLOBAL,) else ""
