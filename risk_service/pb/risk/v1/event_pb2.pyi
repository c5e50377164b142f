import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_TYPE_UNSPECIFIED: _ClassVar[EventType]
    EVENT_TYPE_PAID: _ClassVar[EventType]
    EVENT_TYPE_CANCELLED: _ClassVar[EventType]
    EVENT_TYPE_SHIPPED: _ClassVar[EventType]
    EVENT_TYPE_DELIVERED: _ClassVar[EventType]
    EVENT_TYPE_REVIEWED: _ClassVar[EventType]
    EVENT_TYPE_REFUND_REQUESTED: _ClassVar[EventType]
    EVENT_TYPE_REFUNDED: _ClassVar[EventType]
    EVENT_TYPE_RETURN_RECEIVED: _ClassVar[EventType]
    EVENT_TYPE_BLOCKED: _ClassVar[EventType]
    EVENT_TYPE_COUPON_CLAIMED: _ClassVar[EventType]
    EVENT_TYPE_DRAW: _ClassVar[EventType]
    EVENT_TYPE_INVITE: _ClassVar[EventType]
    EVENT_TYPE_GROUP_JOINED: _ClassVar[EventType]
    EVENT_TYPE_BARGAIN_HELP: _ClassVar[EventType]

class EventReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_REASON_UNSPECIFIED: _ClassVar[EventReason]
    EVENT_REASON_NOT_RECEIVED: _ClassVar[EventReason]
    EVENT_REASON_NOT_AS_DESCRIBED: _ClassVar[EventReason]
    EVENT_REASON_CHANGED_MIND: _ClassVar[EventReason]
    EVENT_REASON_EMPTY_PARCEL: _ClassVar[EventReason]
    EVENT_REASON_REFUND_ONLY: _ClassVar[EventReason]
    EVENT_REASON_PARTIAL_RETURN: _ClassVar[EventReason]

class RefusalReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFUSAL_REASON_UNSPECIFIED: _ClassVar[RefusalReason]
    REFUSAL_REASON_MISSING_ID: _ClassVar[RefusalReason]
    REFUSAL_REASON_UNKNOWN_TYPE: _ClassVar[RefusalReason]
    REFUSAL_REASON_UNKNOWN_ORDER: _ClassVar[RefusalReason]
    REFUSAL_REASON_TOO_OLD: _ClassVar[RefusalReason]
    REFUSAL_REASON_REUSED_ID: _ClassVar[RefusalReason]
    REFUSAL_REASON_MALFORMED: _ClassVar[RefusalReason]
EVENT_TYPE_UNSPECIFIED: EventType
EVENT_TYPE_PAID: EventType
EVENT_TYPE_CANCELLED: EventType
EVENT_TYPE_SHIPPED: EventType
EVENT_TYPE_DELIVERED: EventType
EVENT_TYPE_REVIEWED: EventType
EVENT_TYPE_REFUND_REQUESTED: EventType
EVENT_TYPE_REFUNDED: EventType
EVENT_TYPE_RETURN_RECEIVED: EventType
EVENT_TYPE_BLOCKED: EventType
EVENT_TYPE_COUPON_CLAIMED: EventType
EVENT_TYPE_DRAW: EventType
EVENT_TYPE_INVITE: EventType
EVENT_TYPE_GROUP_JOINED: EventType
EVENT_TYPE_BARGAIN_HELP: EventType
EVENT_REASON_UNSPECIFIED: EventReason
EVENT_REASON_NOT_RECEIVED: EventReason
EVENT_REASON_NOT_AS_DESCRIBED: EventReason
EVENT_REASON_CHANGED_MIND: EventReason
EVENT_REASON_EMPTY_PARCEL: EventReason
EVENT_REASON_REFUND_ONLY: EventReason
EVENT_REASON_PARTIAL_RETURN: EventReason
REFUSAL_REASON_UNSPECIFIED: RefusalReason
REFUSAL_REASON_MISSING_ID: RefusalReason
REFUSAL_REASON_UNKNOWN_TYPE: RefusalReason
REFUSAL_REASON_UNKNOWN_ORDER: RefusalReason
REFUSAL_REASON_TOO_OLD: RefusalReason
REFUSAL_REASON_REUSED_ID: RefusalReason
REFUSAL_REASON_MALFORMED: RefusalReason

class ReportEventsRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[ReportedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[ReportedEvent, _Mapping]]] = ...) -> None: ...

class ReportedEvent(_message.Message):
    __slots__ = ("event_id", "type", "occurred_at", "order_id", "action", "amount_minor", "reason", "weight_ratio", "claim_id")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_RATIO_FIELD_NUMBER: _ClassVar[int]
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    type: EventType
    occurred_at: _timestamp_pb2.Timestamp
    order_id: str
    action: PromotionAction
    amount_minor: int
    reason: EventReason
    weight_ratio: float
    claim_id: str
    def __init__(self, event_id: _Optional[str] = ..., type: _Optional[_Union[EventType, str]] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., order_id: _Optional[str] = ..., action: _Optional[_Union[PromotionAction, _Mapping]] = ..., amount_minor: _Optional[int] = ..., reason: _Optional[_Union[EventReason, str]] = ..., weight_ratio: _Optional[float] = ..., claim_id: _Optional[str] = ...) -> None: ...

class PromotionAction(_message.Message):
    __slots__ = ("account_id", "device_id", "ip", "campaign_id", "related_account_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    RELATED_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    device_id: str
    ip: str
    campaign_id: str
    related_account_id: str
    def __init__(self, account_id: _Optional[str] = ..., device_id: _Optional[str] = ..., ip: _Optional[str] = ..., campaign_id: _Optional[str] = ..., related_account_id: _Optional[str] = ...) -> None: ...

class ReportEventsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[EventBatchResult]
    def __init__(self, results: _Optional[_Iterable[_Union[EventBatchResult, _Mapping]]] = ...) -> None: ...

class EventBatchResult(_message.Message):
    __slots__ = ("accepted", "repeated", "refused", "refused_counts")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNTS_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    repeated: int
    refused: _containers.RepeatedCompositeFieldContainer[EventRefusal]
    refused_counts: _containers.RepeatedCompositeFieldContainer[RefusalCount]
    def __init__(self, accepted: _Optional[int] = ..., repeated: _Optional[int] = ..., refused: _Optional[_Iterable[_Union[EventRefusal, _Mapping]]] = ..., refused_counts: _Optional[_Iterable[_Union[RefusalCount, _Mapping]]] = ...) -> None: ...

class EventRefusal(_message.Message):
    __slots__ = ("event_id", "index", "reason", "field", "description")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    index: int
    reason: RefusalReason
    field: str
    description: str
    def __init__(self, event_id: _Optional[str] = ..., index: _Optional[int] = ..., reason: _Optional[_Union[RefusalReason, str]] = ..., field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class RefusalCount(_message.Message):
    __slots__ = ("reason", "count")
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    reason: RefusalReason
    count: int
    def __init__(self, reason: _Optional[_Union[RefusalReason, str]] = ..., count: _Optional[int] = ...) -> None: ...
