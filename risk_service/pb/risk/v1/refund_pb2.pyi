import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Evidence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVIDENCE_UNSPECIFIED: _ClassVar[Evidence]
    EVIDENCE_PHOTOS: _ClassVar[Evidence]
    EVIDENCE_WEIGHT: _ClassVar[Evidence]
    EVIDENCE_RETURN_FIRST: _ClassVar[Evidence]
    EVIDENCE_TRANSACTION_PROOF: _ClassVar[Evidence]
    EVIDENCE_SHIPPING_DOCUMENTS: _ClassVar[Evidence]
    EVIDENCE_REAL_NAME: _ClassVar[Evidence]
EVIDENCE_UNSPECIFIED: Evidence
EVIDENCE_PHOTOS: Evidence
EVIDENCE_WEIGHT: Evidence
EVIDENCE_RETURN_FIRST: Evidence
EVIDENCE_TRANSACTION_PROOF: Evidence
EVIDENCE_SHIPPING_DOCUMENTS: Evidence
EVIDENCE_REAL_NAME: Evidence

class ScoreRefundRequest(_message.Message):
    __slots__ = ("request_id", "claim")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    claim: RefundClaim
    def __init__(self, request_id: _Optional[str] = ..., claim: _Optional[_Union[RefundClaim, _Mapping]] = ...) -> None: ...

class RefundClaim(_message.Message):
    __slots__ = ("order_id", "claim_id", "claimed_at", "amount_minor", "reason", "lines", "weight_ratio", "photos_attached", "goods_returned", "spend_and_save_threshold_minor", "gift_kept")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIMED_AT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_RATIO_FIELD_NUMBER: _ClassVar[int]
    PHOTOS_ATTACHED_FIELD_NUMBER: _ClassVar[int]
    GOODS_RETURNED_FIELD_NUMBER: _ClassVar[int]
    SPEND_AND_SAVE_THRESHOLD_MINOR_FIELD_NUMBER: _ClassVar[int]
    GIFT_KEPT_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    claim_id: str
    claimed_at: _timestamp_pb2.Timestamp
    amount_minor: int
    reason: _event_pb2.EventReason
    lines: _containers.RepeatedCompositeFieldContainer[ClaimedLine]
    weight_ratio: float
    photos_attached: bool
    goods_returned: bool
    spend_and_save_threshold_minor: int
    gift_kept: bool
    def __init__(self, order_id: _Optional[str] = ..., claim_id: _Optional[str] = ..., claimed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., amount_minor: _Optional[int] = ..., reason: _Optional[_Union[_event_pb2.EventReason, str]] = ..., lines: _Optional[_Iterable[_Union[ClaimedLine, _Mapping]]] = ..., weight_ratio: _Optional[float] = ..., photos_attached: _Optional[bool] = ..., goods_returned: _Optional[bool] = ..., spend_and_save_threshold_minor: _Optional[int] = ..., gift_kept: _Optional[bool] = ...) -> None: ...

class ClaimedLine(_message.Message):
    __slots__ = ("sku", "quantity")
    SKU_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    sku: str
    quantity: int
    def __init__(self, sku: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class RefundAssessment(_message.Message):
    __slots__ = ("claim_id", "required", "is_partial", "below_threshold", "recalculated_minor", "counted")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    IS_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    BELOW_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    RECALCULATED_MINOR_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    claim_id: str
    required: _containers.RepeatedScalarFieldContainer[Evidence]
    is_partial: bool
    below_threshold: bool
    recalculated_minor: int
    counted: bool
    def __init__(self, claim_id: _Optional[str] = ..., required: _Optional[_Iterable[_Union[Evidence, str]]] = ..., is_partial: _Optional[bool] = ..., below_threshold: _Optional[bool] = ..., recalculated_minor: _Optional[int] = ..., counted: _Optional[bool] = ...) -> None: ...
