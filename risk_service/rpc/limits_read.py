"""From messages of the reservation service to calls of the ledger; raw identifiers end here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from msgspec.structs import replace

from risk_service.domain.currency import CURRENCIES
from risk_service.domain.errors import InvalidInput
from risk_service.domain.grant import Demand, DemandLine
from risk_service.domain.order import Discount, Order, OrderLine, RawOrder, Tokens
from risk_service.domain.refusals import refusal
from risk_service.domain.reservation import (
    Adjust,
    Cancel,
    Confirm,
    Extend,
    HoldRequest,
    Release,
    ReleasedLine,
    ReleaseReason,
    Reserve,
)
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from risk_service.identity.payload import Fingerprinter
from risk_service.limits.demand import demand_of_order
from risk_service.limits.policy import CLUSTER, DIMENSIONS, GLOBAL
from risk_service.pb.risk.v1 import limits_pb2
from risk_service.rpc.constraints import MONEY_MINOR_MAX
from risk_service.rpc.constraints_limits import (
    ADJUST,
    CANCEL,
    CHECK,
    CONFIRM,
    EXTEND,
    GET_USAGE,
    RELEASE,
    RESERVE,
    TTL_S_MAX,
)
from risk_service.rpc.desk import decoded
from risk_service.rpc.validate import TimeWindow, micros, require

SECOND_US = 1_000_000
LINES_MAX = 200
# A fingerprint of this service never equals one of another call.
_RESERVE = b"l"
Typed = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsReader:
    """Reads requests.

    Parameters
    ----------
    tokenise
        Turns a raw order into one without raw identifiers.
    verified
        Raises an order's level to what its account is verified to at a time, and names whose
        it is: a step by step shop meets the limits per person as well.
    cluster
        Returns the accounts of an account's identity cluster, by their tokens.
    window
        Returns which times are taken right now.
    now_us
        The clock.
    """

    tokenise: Callable[[RawOrder], Order]
    verified: Callable[[Order, int], Order]
    cluster: Callable[[str], Sequence[str]]
    fingerprinter: Fingerprinter
    window: Callable[[], TimeWindow]
    now_us: Callable[[], int]

    def check(self, payload: bytes) -> Demand:
        """Return the demand of a ``CheckRequest``."""
        return self._demand(self._message(limits_pb2.CheckRequest, payload, CHECK))

    def reserve(self, payload: bytes) -> Reserve:
        """Return the call of a ``ReserveRequest``."""
        request = self._message(limits_pb2.ReserveRequest, payload, RESERVE)
        hold = HoldRequest(
            demand=self._demand(request),
            ttl_us=request.ttl_s * SECOND_US,
            partial=request.partial,
        )
        return Reserve(hold=hold, take_over=request.take_over)

    def confirm(self, payload: bytes) -> Confirm:
        """Return the call of a ``ConfirmRequest``."""
        request = self._message(limits_pb2.ConfirmRequest, payload, CONFIRM)
        return Confirm(reservation_id=request.reservation_id)

    def cancel(self, payload: bytes) -> Cancel:
        """Return the call of a ``CancelRequest``; without a reason it was before shipping."""
        request = self._message(limits_pb2.CancelRequest, payload, CANCEL)
        reason = request.reason or ReleaseReason.CANCELLED_BEFORE_SHIP
        return Cancel(reservation_id=request.reservation_id, reason=ReleaseReason(reason))

    def extend(self, payload: bytes) -> Extend:
        """Return the call of an ``ExtendRequest``."""
        request = self._message(limits_pb2.ExtendRequest, payload, EXTEND)
        until_us = micros(request.expires_at)
        if until_us > self.now_us() + TTL_S_MAX * SECOND_US:
            raise InvalidInput.at(
                "expires_at", f"must lie at most {TTL_S_MAX} s ahead: a hold has an end"
            )
        return Extend(reservation_id=request.reservation_id, until_us=until_us)

    def release(self, payload: bytes) -> Release:
        """Return the call of a ``ReleaseRequest``."""
        request = self._message(limits_pb2.ReleaseRequest, payload, RELEASE)
        return Release(
            reservation_id=request.reservation_id,
            release_id=request.release_id,
            reason=ReleaseReason(request.reason),
            lines=tuple(
                ReleasedLine(sku=line.sku, quantity=line.quantity) for line in request.lines
            ),
        )

    def usage(self, payload: bytes) -> dict[str, str]:
        """Return the tokens by subject of a ``GetUsageRequest``: those named, and their pairs."""
        request = self._message(limits_pb2.GetUsageRequest, payload, GET_USAGE)
        named = self._named(request.subjects)
        if not named:
            raise InvalidInput.at("subjects", refusal("no_subject"))
        alone = [name for name in DIMENSIONS if name in named and name != CLUSTER]
        pairs = {
            f"{one}+{other}": f"{named[one]}+{named[other]}"
            for one, other in combinations(alone, 2)
        }
        return named | pairs

    def adjust(self, payload: bytes, actor_id: str) -> Adjust:
        """Return the call of an ``AdjustRequest``."""
        request = self._message(limits_pb2.AdjustRequest, payload, ADJUST)
        if request.delta == 0:
            raise InvalidInput.at("delta", refusal("delta_zero"))
        return Adjust(
            adjustment_id=request.adjustment_id,
            actor_id=actor_id,
            policy_id=request.policy_id,
            subject=request.subject,
            token=self._token(request),
            scope=request.scope,
            delta=request.delta,
            reason=request.reason,
        )

    def _token(self, request: Typed) -> str:
        if request.subject == GLOBAL:
            return ""
        named = self._named(request.subjects)
        parts = request.subject.split("+")
        missing = [part for part in parts if not named.get(part)]
        if missing:
            lacking = ", ".join(missing)
            raise InvalidInput.at("subjects", refusal("lacks_subject", missing=lacking))
        return "+".join([named[part] for part in parts])

    def _message(self, kind: Typed, payload: bytes, rows: Typed) -> Typed:
        request = decoded(kind, payload)
        require(request, rows, self.window())
        return request

    def _demand(self, request: Typed) -> Demand:
        """Return the tokenised demand of a request that has one."""
        demand = request.demand
        count = len(demand.lines) + len(demand.discounts) + len(demand.benefits)
        if not 0 < count <= LINES_MAX:
            words = f"lines, discounts and benefits together must be 1 to {LINES_MAX}, are {count}"
            raise InvalidInput.at("demand.lines", words)
        if demand.currency_code and demand.currency_code not in CURRENCIES:
            raise InvalidInput.at(
                "demand.currency_code", "must be an ISO 4217 code in upper case, or empty"
            )
        now_us = self.now_us()
        raw = _raw_order(demand, now_us)
        _require_sums(raw)
        order = self.verified(self.tokenise(raw), now_us)
        content = _RESERVE + request.SerializeToString(deterministic=True)
        account = order.tokens.account
        asked = demand_of_order(
            order,
            self.fingerprinter.fingerprint(content),
            now_us=now_us,
            passed=demand.challenge_passed,
            cluster=self.cluster(account) if account else (),
        )
        return replace(asked, lines=(*asked.lines, *map(_benefit, demand.benefits)))

    def _named(self, subjects: Typed) -> dict[str, str]:
        demand = limits_pb2.LimitDemand(subjects=subjects)
        tokens: Tokens = self.tokenise(_raw_order(demand, 0)).tokens
        named = {name: getattr(tokens, name) for name in tokens.__struct_fields__}
        named[CLUSTER] = tokens.account
        return {name: token for name, token in named.items() if token}


def _raw_order(demand: Typed, now_us: int) -> RawOrder:
    """Return the order that a demand is about, as the identity room reads it."""
    subjects, address = demand.subjects, demand.subjects.address
    goods_minor = sum(line.quantity * line.unit_price_minor for line in demand.lines)
    discount_minor = sum(discount.amount_minor for discount in demand.discounts)
    return RawOrder(
        order_id=demand.reservation_id,
        ordered_at_us=now_us,
        account_id=subjects.account_id,
        account_registered_at_us=micros(demand.account_registered_at)
        if demand.HasField("account_registered_at")
        else None,
        device_id=subjects.device_id,
        ip=subjects.ip,
        payment_instrument_id=subjects.payment_instrument_id,
        payer_name="",
        recipient_name="",
        recipient_phone=subjects.phone,
        real_name_id=subjects.real_name_id,
        address_region=address.region,
        address_city=address.city,
        address_district=address.district,
        address_detail=address.detail,
        address_postcode=address.postcode,
        lines=tuple(map(_line, demand.lines)),
        discounts=tuple(map(_discount, demand.discounts)),
        currency_code=demand.currency_code,
        goods_minor=goods_minor,
        discount_minor=discount_minor,
        shipping_minor=0,
        payable_minor=goods_minor - discount_minor,
        page_open_to_submit_ms=None,
        entry_path=EntryPath.UNSPECIFIED,
        drop_id=demand.drop_id,
        verification_level=VerificationLevel(demand.verification_level),
        member_level=demand.member_level,
    )


def _require_sums(raw: RawOrder) -> None:
    """Refuse money that no order has: counters add it up in 64 bits."""
    for field, minor in (("lines", raw.goods_minor), ("discounts", raw.discount_minor)):
        if minor > MONEY_MINOR_MAX:
            raise InvalidInput.at(
                f"demand.{field}", f"must come to at most {MONEY_MINOR_MAX}, are {minor}"
            )


def _line(line: Typed) -> OrderLine:
    return OrderLine(
        sku=line.sku,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        seller_id=line.seller_id,
        campaign_id=line.campaign_id,
        promotion_type=PromotionType(line.promotion_type),
        spu=line.spu,
        category=line.category,
    )


def _discount(discount: Typed) -> Discount:
    return Discount(
        amount_minor=discount.amount_minor,
        coupon_id=discount.coupon_id,
        promotion_type=PromotionType(discount.promotion_type),
    )


def _benefit(benefit: Typed) -> DemandLine:
    return DemandLine(
        sku="",
        seller_id="",
        campaign_id=benefit.campaign_id,
        promotion_type=PromotionType(benefit.promotion_type),
        quantity=benefit.quantity,
        amount_minor=0,
        is_benefit=True,
    )
