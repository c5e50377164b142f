import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from risk_service.pb.risk.v1 import risk_pb2 as _risk_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReservationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_STATE_UNSPECIFIED: _ClassVar[ReservationState]
    RESERVATION_STATE_HELD: _ClassVar[ReservationState]
    RESERVATION_STATE_CONFIRMED: _ClassVar[ReservationState]
    RESERVATION_STATE_CANCELLED: _ClassVar[ReservationState]
    RESERVATION_STATE_EXPIRED: _ClassVar[ReservationState]
    RESERVATION_STATE_RELEASED: _ClassVar[ReservationState]

class ReleaseReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELEASE_REASON_UNSPECIFIED: _ClassVar[ReleaseReason]
    RELEASE_REASON_PAYMENT_TIMEOUT: _ClassVar[ReleaseReason]
    RELEASE_REASON_CANCELLED_BEFORE_SHIP: _ClassVar[ReleaseReason]
    RELEASE_REASON_REFUND: _ClassVar[ReleaseReason]
    RELEASE_REASON_RETURN: _ClassVar[ReleaseReason]
    RELEASE_REASON_FRAUD_REVERSAL: _ClassVar[ReleaseReason]

class AdjustmentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADJUSTMENT_STATE_UNSPECIFIED: _ClassVar[AdjustmentState]
    ADJUSTMENT_STATE_PROPOSED: _ClassVar[AdjustmentState]
    ADJUSTMENT_STATE_APPROVED: _ClassVar[AdjustmentState]
    ADJUSTMENT_STATE_APPLIED: _ClassVar[AdjustmentState]
    ADJUSTMENT_STATE_REJECTED: _ClassVar[AdjustmentState]
    ADJUSTMENT_STATE_FAILED: _ClassVar[AdjustmentState]
RESERVATION_STATE_UNSPECIFIED: ReservationState
RESERVATION_STATE_HELD: ReservationState
RESERVATION_STATE_CONFIRMED: ReservationState
RESERVATION_STATE_CANCELLED: ReservationState
RESERVATION_STATE_EXPIRED: ReservationState
RESERVATION_STATE_RELEASED: ReservationState
RELEASE_REASON_UNSPECIFIED: ReleaseReason
RELEASE_REASON_PAYMENT_TIMEOUT: ReleaseReason
RELEASE_REASON_CANCELLED_BEFORE_SHIP: ReleaseReason
RELEASE_REASON_REFUND: ReleaseReason
RELEASE_REASON_RETURN: ReleaseReason
RELEASE_REASON_FRAUD_REVERSAL: ReleaseReason
ADJUSTMENT_STATE_UNSPECIFIED: AdjustmentState
ADJUSTMENT_STATE_PROPOSED: AdjustmentState
ADJUSTMENT_STATE_APPROVED: AdjustmentState
ADJUSTMENT_STATE_APPLIED: AdjustmentState
ADJUSTMENT_STATE_REJECTED: AdjustmentState
ADJUSTMENT_STATE_FAILED: AdjustmentState

class LimitSubjects(_message.Message):
    __slots__ = ("account_id", "device_id", "payment_instrument_id", "phone", "real_name_id", "address", "ip")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    REAL_NAME_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    device_id: str
    payment_instrument_id: str
    phone: str
    real_name_id: str
    address: _order_pb2.Address
    ip: str
    def __init__(self, account_id: _Optional[str] = ..., device_id: _Optional[str] = ..., payment_instrument_id: _Optional[str] = ..., phone: _Optional[str] = ..., real_name_id: _Optional[str] = ..., address: _Optional[_Union[_order_pb2.Address, _Mapping]] = ..., ip: _Optional[str] = ...) -> None: ...

class LimitBenefit(_message.Message):
    __slots__ = ("campaign_id", "promotion_type", "quantity")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    promotion_type: _order_pb2.PromotionType
    quantity: int
    def __init__(self, campaign_id: _Optional[str] = ..., promotion_type: _Optional[_Union[_order_pb2.PromotionType, str]] = ..., quantity: _Optional[int] = ...) -> None: ...

class LimitDemand(_message.Message):
    __slots__ = ("reservation_id", "subjects", "lines", "discounts", "benefits", "currency_code", "verification_level", "drop_id", "account_registered_at", "member_level", "challenge_passed")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    BENEFITS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    DROP_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_REGISTERED_AT_FIELD_NUMBER: _ClassVar[int]
    MEMBER_LEVEL_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_PASSED_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    subjects: LimitSubjects
    lines: _containers.RepeatedCompositeFieldContainer[_order_pb2.OrderLine]
    discounts: _containers.RepeatedCompositeFieldContainer[_order_pb2.Discount]
    benefits: _containers.RepeatedCompositeFieldContainer[LimitBenefit]
    currency_code: str
    verification_level: _order_pb2.VerificationLevel
    drop_id: str
    account_registered_at: _timestamp_pb2.Timestamp
    member_level: str
    challenge_passed: bool
    def __init__(self, reservation_id: _Optional[str] = ..., subjects: _Optional[_Union[LimitSubjects, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[_order_pb2.OrderLine, _Mapping]]] = ..., discounts: _Optional[_Iterable[_Union[_order_pb2.Discount, _Mapping]]] = ..., benefits: _Optional[_Iterable[_Union[LimitBenefit, _Mapping]]] = ..., currency_code: _Optional[str] = ..., verification_level: _Optional[_Union[_order_pb2.VerificationLevel, str]] = ..., drop_id: _Optional[str] = ..., account_registered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., member_level: _Optional[str] = ..., challenge_passed: _Optional[bool] = ...) -> None: ...

class LimitGrant(_message.Message):
    __slots__ = ("outcome", "uses", "lines", "codes", "required_level", "missing", "expires_at", "version")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    outcome: _risk_pb2.Outcome
    uses: _containers.RepeatedCompositeFieldContainer[_risk_pb2.LimitUse]
    lines: _containers.RepeatedCompositeFieldContainer[_risk_pb2.GrantedLine]
    codes: _containers.RepeatedScalarFieldContainer[str]
    required_level: _order_pb2.VerificationLevel
    missing: _containers.RepeatedScalarFieldContainer[str]
    expires_at: _timestamp_pb2.Timestamp
    version: str
    def __init__(self, outcome: _Optional[_Union[_risk_pb2.Outcome, str]] = ..., uses: _Optional[_Iterable[_Union[_risk_pb2.LimitUse, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[_risk_pb2.GrantedLine, _Mapping]]] = ..., codes: _Optional[_Iterable[str]] = ..., required_level: _Optional[_Union[_order_pb2.VerificationLevel, str]] = ..., missing: _Optional[_Iterable[str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[str] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("reservation_id", "state", "lines", "expires_at", "refund_required", "late")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    REFUND_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    state: ReservationState
    lines: _containers.RepeatedCompositeFieldContainer[_risk_pb2.GrantedLine]
    expires_at: _timestamp_pb2.Timestamp
    refund_required: bool
    late: bool
    def __init__(self, reservation_id: _Optional[str] = ..., state: _Optional[_Union[ReservationState, str]] = ..., lines: _Optional[_Iterable[_Union[_risk_pb2.GrantedLine, _Mapping]]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., refund_required: _Optional[bool] = ..., late: _Optional[bool] = ...) -> None: ...

class CheckRequest(_message.Message):
    __slots__ = ("demand",)
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    demand: LimitDemand
    def __init__(self, demand: _Optional[_Union[LimitDemand, _Mapping]] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: LimitGrant
    def __init__(self, grant: _Optional[_Union[LimitGrant, _Mapping]] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("demand", "ttl_s", "partial", "take_over")
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    TTL_S_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    TAKE_OVER_FIELD_NUMBER: _ClassVar[int]
    demand: LimitDemand
    ttl_s: int
    partial: bool
    take_over: bool
    def __init__(self, demand: _Optional[_Union[LimitDemand, _Mapping]] = ..., ttl_s: _Optional[int] = ..., partial: _Optional[bool] = ..., take_over: _Optional[bool] = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("reservation", "grant")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    grant: LimitGrant
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., grant: _Optional[_Union[LimitGrant, _Mapping]] = ...) -> None: ...

class ConfirmRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class ConfirmResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("reservation_id", "reason")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    reason: ReleaseReason
    def __init__(self, reservation_id: _Optional[str] = ..., reason: _Optional[_Union[ReleaseReason, str]] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ExtendRequest(_message.Message):
    __slots__ = ("reservation_id", "expires_at")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, reservation_id: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExtendResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("reservation_id", "release_id", "reason", "lines")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    release_id: str
    reason: ReleaseReason
    lines: _containers.RepeatedCompositeFieldContainer[ReleasedUnits]
    def __init__(self, reservation_id: _Optional[str] = ..., release_id: _Optional[str] = ..., reason: _Optional[_Union[ReleaseReason, str]] = ..., lines: _Optional[_Iterable[_Union[ReleasedUnits, _Mapping]]] = ...) -> None: ...

class ReleasedUnits(_message.Message):
    __slots__ = ("sku", "quantity")
    SKU_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    sku: str
    quantity: int
    def __init__(self, sku: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("subjects",)
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    subjects: LimitSubjects
    def __init__(self, subjects: _Optional[_Union[LimitSubjects, _Mapping]] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("counters",)
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    counters: _containers.RepeatedCompositeFieldContainer[CounterUse]
    def __init__(self, counters: _Optional[_Iterable[_Union[CounterUse, _Mapping]]] = ...) -> None: ...

class CounterUse(_message.Message):
    __slots__ = ("policy_id", "subject", "scope", "measure", "window", "cap", "confirmed", "held", "shadow", "resets_at", "currency_code")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    CAP_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    subject: str
    scope: str
    measure: str
    window: str
    cap: int
    confirmed: int
    held: int
    shadow: bool
    resets_at: _timestamp_pb2.Timestamp
    currency_code: str
    def __init__(self, policy_id: _Optional[str] = ..., subject: _Optional[str] = ..., scope: _Optional[str] = ..., measure: _Optional[str] = ..., window: _Optional[str] = ..., cap: _Optional[int] = ..., confirmed: _Optional[int] = ..., held: _Optional[int] = ..., shadow: _Optional[bool] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., currency_code: _Optional[str] = ...) -> None: ...

class AdjustRequest(_message.Message):
    __slots__ = ("adjustment_id", "policy_id", "subject", "subjects", "scope", "delta", "reason")
    ADJUSTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    adjustment_id: str
    policy_id: str
    subject: str
    subjects: LimitSubjects
    scope: str
    delta: int
    reason: str
    def __init__(self, adjustment_id: _Optional[str] = ..., policy_id: _Optional[str] = ..., subject: _Optional[str] = ..., subjects: _Optional[_Union[LimitSubjects, _Mapping]] = ..., scope: _Optional[str] = ..., delta: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class AdjustResponse(_message.Message):
    __slots__ = ("adjustment_id", "adjustment")
    ADJUSTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    adjustment_id: str
    adjustment: Adjustment
    def __init__(self, adjustment_id: _Optional[str] = ..., adjustment: _Optional[_Union[Adjustment, _Mapping]] = ...) -> None: ...

class Adjustment(_message.Message):
    __slots__ = ("number", "adjustment_id", "policy_id", "subject", "token", "scope", "delta", "reason", "state", "author", "created_at", "approver", "decided_at", "closed_by", "note", "measure", "currency_code")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    number: int
    adjustment_id: str
    policy_id: str
    subject: str
    token: str
    scope: str
    delta: int
    reason: str
    state: AdjustmentState
    author: str
    created_at: _timestamp_pb2.Timestamp
    approver: str
    decided_at: _timestamp_pb2.Timestamp
    closed_by: str
    note: str
    measure: str
    currency_code: str
    def __init__(self, number: _Optional[int] = ..., adjustment_id: _Optional[str] = ..., policy_id: _Optional[str] = ..., subject: _Optional[str] = ..., token: _Optional[str] = ..., scope: _Optional[str] = ..., delta: _Optional[int] = ..., reason: _Optional[str] = ..., state: _Optional[_Union[AdjustmentState, str]] = ..., author: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., approver: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_by: _Optional[str] = ..., note: _Optional[str] = ..., measure: _Optional[str] = ..., currency_code: _Optional[str] = ...) -> None: ...

class ApproveAdjustmentRequest(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class ApproveAdjustmentResponse(_message.Message):
    __slots__ = ("adjustment",)
    ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    adjustment: Adjustment
    def __init__(self, adjustment: _Optional[_Union[Adjustment, _Mapping]] = ...) -> None: ...

class RejectAdjustmentRequest(_message.Message):
    __slots__ = ("number", "note")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    number: int
    note: str
    def __init__(self, number: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class RejectAdjustmentResponse(_message.Message):
    __slots__ = ("adjustment",)
    ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    adjustment: Adjustment
    def __init__(self, adjustment: _Optional[_Union[Adjustment, _Mapping]] = ...) -> None: ...

class ListAdjustmentsRequest(_message.Message):
    __slots__ = ("state", "limit")
    STATE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    state: AdjustmentState
    limit: int
    def __init__(self, state: _Optional[_Union[AdjustmentState, str]] = ..., limit: _Optional[int] = ...) -> None: ...

class ListAdjustmentsResponse(_message.Message):
    __slots__ = ("adjustments",)
    ADJUSTMENTS_FIELD_NUMBER: _ClassVar[int]
    adjustments: _containers.RepeatedCompositeFieldContainer[Adjustment]
    def __init__(self, adjustments: _Optional[_Iterable[_Union[Adjustment, _Mapping]]] = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("repair",)
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    repair: bool
    def __init__(self, repair: _Optional[bool] = ...) -> None: ...

class ReconcileResponse(_message.Message):
    __slots__ = ("drifts", "count")
    DRIFTS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    drifts: _containers.RepeatedCompositeFieldContainer[CounterDrift]
    count: int
    def __init__(self, drifts: _Optional[_Iterable[_Union[CounterDrift, _Mapping]]] = ..., count: _Optional[int] = ...) -> None: ...

class CounterDrift(_message.Message):
    __slots__ = ("counter", "counted_confirmed", "counted_held", "ledger_confirmed", "ledger_held")
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    COUNTED_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    COUNTED_HELD_FIELD_NUMBER: _ClassVar[int]
    LEDGER_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    LEDGER_HELD_FIELD_NUMBER: _ClassVar[int]
    counter: str
    counted_confirmed: int
    counted_held: int
    ledger_confirmed: int
    ledger_held: int
    def __init__(self, counter: _Optional[str] = ..., counted_confirmed: _Optional[int] = ..., counted_held: _Optional[int] = ..., ledger_confirmed: _Optional[int] = ..., ledger_held: _Optional[int] = ...) -> None: ...
