from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FailPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAIL_POLICY_UNSPECIFIED: _ClassVar[FailPolicy]
    FAIL_POLICY_OPEN: _ClassVar[FailPolicy]
    FAIL_POLICY_CLOSED: _ClassVar[FailPolicy]
    FAIL_POLICY_LIMITS_ONLY: _ClassVar[FailPolicy]
FAIL_POLICY_UNSPECIFIED: FailPolicy
FAIL_POLICY_OPEN: FailPolicy
FAIL_POLICY_CLOSED: FailPolicy
FAIL_POLICY_LIMITS_ONLY: FailPolicy

class GetFailPoliciesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetFailPoliciesResponse(_message.Message):
    __slots__ = ("version", "max_age_s", "units_per_sku", "other", "rules", "limited")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MAX_AGE_S_FIELD_NUMBER: _ClassVar[int]
    UNITS_PER_SKU_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    LIMITED_FIELD_NUMBER: _ClassVar[int]
    version: str
    max_age_s: int
    units_per_sku: int
    other: FailPolicy
    rules: _containers.RepeatedCompositeFieldContainer[PromotionFailPolicy]
    limited: LimitedItems
    def __init__(self, version: _Optional[str] = ..., max_age_s: _Optional[int] = ..., units_per_sku: _Optional[int] = ..., other: _Optional[_Union[FailPolicy, str]] = ..., rules: _Optional[_Iterable[_Union[PromotionFailPolicy, _Mapping]]] = ..., limited: _Optional[_Union[LimitedItems, _Mapping]] = ...) -> None: ...

class PromotionFailPolicy(_message.Message):
    __slots__ = ("promotion_type", "policy")
    PROMOTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    promotion_type: _order_pb2.PromotionType
    policy: FailPolicy
    def __init__(self, promotion_type: _Optional[_Union[_order_pb2.PromotionType, str]] = ..., policy: _Optional[_Union[FailPolicy, str]] = ...) -> None: ...

class LimitedItems(_message.Message):
    __slots__ = ("promotion_types", "campaign_ids", "skus", "seller_ids")
    PROMOTION_TYPES_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_IDS_FIELD_NUMBER: _ClassVar[int]
    SKUS_FIELD_NUMBER: _ClassVar[int]
    SELLER_IDS_FIELD_NUMBER: _ClassVar[int]
    promotion_types: _containers.RepeatedScalarFieldContainer[_order_pb2.PromotionType]
    campaign_ids: _containers.RepeatedScalarFieldContainer[str]
    skus: _containers.RepeatedScalarFieldContainer[str]
    seller_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, promotion_types: _Optional[_Iterable[_Union[_order_pb2.PromotionType, str]]] = ..., campaign_ids: _Optional[_Iterable[str]] = ..., skus: _Optional[_Iterable[str]] = ..., seller_ids: _Optional[_Iterable[str]] = ...) -> None: ...
