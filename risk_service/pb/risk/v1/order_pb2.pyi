import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PromotionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROMOTION_TYPE_UNSPECIFIED: _ClassVar[PromotionType]
    PROMOTION_TYPE_NONE: _ClassVar[PromotionType]
    PROMOTION_TYPE_FLASH_SALE: _ClassVar[PromotionType]
    PROMOTION_TYPE_SPEND_AND_SAVE: _ClassVar[PromotionType]
    PROMOTION_TYPE_COUPON: _ClassVar[PromotionType]
    PROMOTION_TYPE_GIFT: _ClassVar[PromotionType]
    PROMOTION_TYPE_GROUP_BUY: _ClassVar[PromotionType]
    PROMOTION_TYPE_BARGAIN_HELP: _ClassVar[PromotionType]
    PROMOTION_TYPE_POINTS: _ClassVar[PromotionType]
    PROMOTION_TYPE_LUCKY_DRAW: _ClassVar[PromotionType]
    PROMOTION_TYPE_INVITE_REWARD: _ClassVar[PromotionType]
    PROMOTION_TYPE_NEW_CUSTOMER: _ClassVar[PromotionType]
    PROMOTION_TYPE_PLATFORM_SUBSIDY: _ClassVar[PromotionType]

class EntryPath(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_PATH_UNSPECIFIED: _ClassVar[EntryPath]
    ENTRY_PATH_HOME: _ClassVar[EntryPath]
    ENTRY_PATH_SEARCH: _ClassVar[EntryPath]
    ENTRY_PATH_EXACT_TITLE: _ClassVar[EntryPath]
    ENTRY_PATH_CATEGORY: _ClassVar[EntryPath]
    ENTRY_PATH_RECOMMENDATION: _ClassVar[EntryPath]
    ENTRY_PATH_ADVERTISEMENT: _ClassVar[EntryPath]
    ENTRY_PATH_DIRECT_LINK: _ClassVar[EntryPath]
    ENTRY_PATH_CART: _ClassVar[EntryPath]
    ENTRY_PATH_LIVE_STREAM: _ClassVar[EntryPath]

class VerificationLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERIFICATION_LEVEL_UNSPECIFIED: _ClassVar[VerificationLevel]
    VERIFICATION_LEVEL_L0: _ClassVar[VerificationLevel]
    VERIFICATION_LEVEL_L1: _ClassVar[VerificationLevel]
    VERIFICATION_LEVEL_L2: _ClassVar[VerificationLevel]
    VERIFICATION_LEVEL_L3: _ClassVar[VerificationLevel]
PROMOTION_TYPE_UNSPECIFIED: PromotionType
PROMOTION_TYPE_NONE: PromotionType
PROMOTION_TYPE_FLASH_SALE: PromotionType
PROMOTION_TYPE_SPEND_AND_SAVE: PromotionType
PROMOTION_TYPE_COUPON: PromotionType
PROMOTION_TYPE_GIFT: PromotionType
PROMOTION_TYPE_GROUP_BUY: PromotionType
PROMOTION_TYPE_BARGAIN_HELP: PromotionType
PROMOTION_TYPE_POINTS: PromotionType
PROMOTION_TYPE_LUCKY_DRAW: PromotionType
PROMOTION_TYPE_INVITE_REWARD: PromotionType
PROMOTION_TYPE_NEW_CUSTOMER: PromotionType
PROMOTION_TYPE_PLATFORM_SUBSIDY: PromotionType
ENTRY_PATH_UNSPECIFIED: EntryPath
ENTRY_PATH_HOME: EntryPath
ENTRY_PATH_SEARCH: EntryPath
ENTRY_PATH_EXACT_TITLE: EntryPath
ENTRY_PATH_CATEGORY: EntryPath
ENTRY_PATH_RECOMMENDATION: EntryPath
ENTRY_PATH_ADVERTISEMENT: EntryPath
ENTRY_PATH_DIRECT_LINK: EntryPath
ENTRY_PATH_CART: EntryPath
ENTRY_PATH_LIVE_STREAM: EntryPath
VERIFICATION_LEVEL_UNSPECIFIED: VerificationLevel
VERIFICATION_LEVEL_L0: VerificationLevel
VERIFICATION_LEVEL_L1: VerificationLevel
VERIFICATION_LEVEL_L2: VerificationLevel
VERIFICATION_LEVEL_L3: VerificationLevel

class Order(_message.Message):
    __slots__ = ("order_id", "ordered_at", "account", "device_id", "address", "payment_instrument", "ip", "recipient", "real_name_id", "lines", "discounts", "totals", "session", "verification_level", "balance_due_at")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDERED_AT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    REAL_NAME_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    BALANCE_DUE_AT_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    ordered_at: _timestamp_pb2.Timestamp
    account: Account
    device_id: str
    address: Address
    payment_instrument: PaymentInstrument
    ip: str
    recipient: Recipient
    real_name_id: str
    lines: _containers.RepeatedCompositeFieldContainer[OrderLine]
    discounts: _containers.RepeatedCompositeFieldContainer[Discount]
    totals: Totals
    session: Session
    verification_level: VerificationLevel
    balance_due_at: _timestamp_pb2.Timestamp
    def __init__(self, order_id: _Optional[str] = ..., ordered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., account: _Optional[_Union[Account, _Mapping]] = ..., device_id: _Optional[str] = ..., address: _Optional[_Union[Address, _Mapping]] = ..., payment_instrument: _Optional[_Union[PaymentInstrument, _Mapping]] = ..., ip: _Optional[str] = ..., recipient: _Optional[_Union[Recipient, _Mapping]] = ..., real_name_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[OrderLine, _Mapping]]] = ..., discounts: _Optional[_Iterable[_Union[Discount, _Mapping]]] = ..., totals: _Optional[_Union[Totals, _Mapping]] = ..., session: _Optional[_Union[Session, _Mapping]] = ..., verification_level: _Optional[_Union[VerificationLevel, str]] = ..., balance_due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("account_id", "registered_at", "member_level")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_AT_FIELD_NUMBER: _ClassVar[int]
    MEMBER_LEVEL_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    registered_at: _timestamp_pb2.Timestamp
    member_level: str
    def __init__(self, account_id: _Optional[str] = ..., registered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., member_level: _Optional[str] = ...) -> None: ...

class Address(_message.Message):
    __slots__ = ("region", "city", "district", "detail", "postcode")
    REGION_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    POSTCODE_FIELD_NUMBER: _ClassVar[int]
    region: str
    city: str
    district: str
    detail: str
    postcode: str
    def __init__(self, region: _Optional[str] = ..., city: _Optional[str] = ..., district: _Optional[str] = ..., detail: _Optional[str] = ..., postcode: _Optional[str] = ...) -> None: ...

class PaymentInstrument(_message.Message):
    __slots__ = ("payment_instrument_id", "payer_name")
    PAYMENT_INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    payment_instrument_id: str
    payer_name: str
    def __init__(self, payment_instrument_id: _Optional[str] = ..., payer_name: _Optional[str] = ...) -> None: ...

class Recipient(_message.Message):
    __slots__ = ("name", "phone")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    name: str
    phone: str
    def __init__(self, name: _Optional[str] = ..., phone: _Optional[str] = ...) -> None: ...

class OrderLine(_message.Message):
    __slots__ = ("sku", "quantity", "unit_price_minor", "seller_id", "campaign_id", "promotion_type", "spu", "category")
    SKU_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    SPU_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    sku: str
    quantity: int
    unit_price_minor: int
    seller_id: str
    campaign_id: str
    promotion_type: PromotionType
    spu: str
    category: str
    def __init__(self, sku: _Optional[str] = ..., quantity: _Optional[int] = ..., unit_price_minor: _Optional[int] = ..., seller_id: _Optional[str] = ..., campaign_id: _Optional[str] = ..., promotion_type: _Optional[_Union[PromotionType, str]] = ..., spu: _Optional[str] = ..., category: _Optional[str] = ...) -> None: ...

class Discount(_message.Message):
    __slots__ = ("coupon_id", "promotion_type", "amount_minor")
    COUPON_ID_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    coupon_id: str
    promotion_type: PromotionType
    amount_minor: int
    def __init__(self, coupon_id: _Optional[str] = ..., promotion_type: _Optional[_Union[PromotionType, str]] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class Totals(_message.Message):
    __slots__ = ("currency_code", "goods_minor", "discount_minor", "shipping_minor", "payable_minor")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    GOODS_MINOR_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    goods_minor: int
    discount_minor: int
    shipping_minor: int
    payable_minor: int
    def __init__(self, currency_code: _Optional[str] = ..., goods_minor: _Optional[int] = ..., discount_minor: _Optional[int] = ..., shipping_minor: _Optional[int] = ..., payable_minor: _Optional[int] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("page_open_to_submit_ms", "entry_path", "drop_id")
    PAGE_OPEN_TO_SUBMIT_MS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_PATH_FIELD_NUMBER: _ClassVar[int]
    DROP_ID_FIELD_NUMBER: _ClassVar[int]
    page_open_to_submit_ms: int
    entry_path: EntryPath
    drop_id: str
    def __init__(self, page_open_to_submit_ms: _Optional[int] = ..., entry_path: _Optional[_Union[EntryPath, str]] = ..., drop_id: _Optional[str] = ...) -> None: ...
