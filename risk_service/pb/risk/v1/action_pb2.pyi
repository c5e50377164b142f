import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import event_pb2 as _event_pb2
from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from risk_service.pb.risk.v1 import refund_pb2 as _refund_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AssessedActionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ASSESSED_ACTION_TYPE_UNSPECIFIED: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_COUPON_CLAIMED: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_DRAW: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_INVITE: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_GROUP_JOINED: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_BARGAIN_HELP: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_POINTS: _ClassVar[AssessedActionType]
    ASSESSED_ACTION_TYPE_SUBSIDY_CLAIM: _ClassVar[AssessedActionType]

class SubsidyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBSIDY_KIND_UNSPECIFIED: _ClassVar[SubsidyKind]
    SUBSIDY_KIND_SALES: _ClassVar[SubsidyKind]
    SUBSIDY_KIND_ADVERTISING: _ClassVar[SubsidyKind]
    SUBSIDY_KIND_SHIPPING: _ClassVar[SubsidyKind]
ASSESSED_ACTION_TYPE_UNSPECIFIED: AssessedActionType
ASSESSED_ACTION_TYPE_COUPON_CLAIMED: AssessedActionType
ASSESSED_ACTION_TYPE_DRAW: AssessedActionType
ASSESSED_ACTION_TYPE_INVITE: AssessedActionType
ASSESSED_ACTION_TYPE_GROUP_JOINED: AssessedActionType
ASSESSED_ACTION_TYPE_BARGAIN_HELP: AssessedActionType
ASSESSED_ACTION_TYPE_POINTS: AssessedActionType
ASSESSED_ACTION_TYPE_SUBSIDY_CLAIM: AssessedActionType
SUBSIDY_KIND_UNSPECIFIED: SubsidyKind
SUBSIDY_KIND_SALES: SubsidyKind
SUBSIDY_KIND_ADVERTISING: SubsidyKind
SUBSIDY_KIND_SHIPPING: SubsidyKind

class AssessPromotionActionRequest(_message.Message):
    __slots__ = ("request_id", "action_id", "type", "occurred_at", "customer", "seller")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    SELLER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    action_id: str
    type: AssessedActionType
    occurred_at: _timestamp_pb2.Timestamp
    customer: CustomerAction
    seller: SubsidyClaim
    def __init__(self, request_id: _Optional[str] = ..., action_id: _Optional[str] = ..., type: _Optional[_Union[AssessedActionType, str]] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., customer: _Optional[_Union[CustomerAction, _Mapping]] = ..., seller: _Optional[_Union[SubsidyClaim, _Mapping]] = ...) -> None: ...

class CustomerAction(_message.Message):
    __slots__ = ("action", "account_registered_at", "verification_level", "benefit_minor", "points", "coupon_threshold_minor", "related_registered_at", "group", "draws_30d", "wins_30d", "points_refunded_30d")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_REGISTERED_AT_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    COUPON_THRESHOLD_MINOR_FIELD_NUMBER: _ClassVar[int]
    RELATED_REGISTERED_AT_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    DRAWS_30D_FIELD_NUMBER: _ClassVar[int]
    WINS_30D_FIELD_NUMBER: _ClassVar[int]
    POINTS_REFUNDED_30D_FIELD_NUMBER: _ClassVar[int]
    action: _event_pb2.PromotionAction
    account_registered_at: _timestamp_pb2.Timestamp
    verification_level: _order_pb2.VerificationLevel
    benefit_minor: int
    points: int
    coupon_threshold_minor: int
    related_registered_at: _timestamp_pb2.Timestamp
    group: GroupFacts
    draws_30d: int
    wins_30d: int
    points_refunded_30d: int
    def __init__(self, action: _Optional[_Union[_event_pb2.PromotionAction, _Mapping]] = ..., account_registered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., verification_level: _Optional[_Union[_order_pb2.VerificationLevel, str]] = ..., benefit_minor: _Optional[int] = ..., points: _Optional[int] = ..., coupon_threshold_minor: _Optional[int] = ..., related_registered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group: _Optional[_Union[GroupFacts, _Mapping]] = ..., draws_30d: _Optional[int] = ..., wins_30d: _Optional[int] = ..., points_refunded_30d: _Optional[int] = ...) -> None: ...

class GroupFacts(_message.Message):
    __slots__ = ("size", "devices", "ips", "overlap_share")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    IPS_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_SHARE_FIELD_NUMBER: _ClassVar[int]
    size: int
    devices: int
    ips: int
    overlap_share: float
    def __init__(self, size: _Optional[int] = ..., devices: _Optional[int] = ..., ips: _Optional[int] = ..., overlap_share: _Optional[float] = ...) -> None: ...

class SubsidyClaim(_message.Message):
    __slots__ = ("seller_id", "campaign_id", "kind", "currency_code", "amount_minor", "seller_rating", "seller_violations_90d", "transaction_proof_attached", "shipping_documents_attached")
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    SELLER_RATING_FIELD_NUMBER: _ClassVar[int]
    SELLER_VIOLATIONS_90D_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_PROOF_ATTACHED_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_DOCUMENTS_ATTACHED_FIELD_NUMBER: _ClassVar[int]
    seller_id: str
    campaign_id: str
    kind: SubsidyKind
    currency_code: str
    amount_minor: int
    seller_rating: float
    seller_violations_90d: int
    transaction_proof_attached: bool
    shipping_documents_attached: bool
    def __init__(self, seller_id: _Optional[str] = ..., campaign_id: _Optional[str] = ..., kind: _Optional[_Union[SubsidyKind, str]] = ..., currency_code: _Optional[str] = ..., amount_minor: _Optional[int] = ..., seller_rating: _Optional[float] = ..., seller_violations_90d: _Optional[int] = ..., transaction_proof_attached: _Optional[bool] = ..., shipping_documents_attached: _Optional[bool] = ...) -> None: ...

class ActionAssessment(_message.Message):
    __slots__ = ("action_id", "required", "counted")
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    action_id: str
    required: _containers.RepeatedScalarFieldContainer[_refund_pb2.Evidence]
    counted: bool
    def __init__(self, action_id: _Optional[str] = ..., required: _Optional[_Iterable[_Union[_refund_pb2.Evidence, str]]] = ..., counted: _Optional[bool] = ...) -> None: ...
