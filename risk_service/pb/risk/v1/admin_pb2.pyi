import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PublishedKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLISHED_KIND_UNSPECIFIED: _ClassVar[PublishedKind]
    PUBLISHED_KIND_RULES: _ClassVar[PublishedKind]
    PUBLISHED_KIND_LIMITS: _ClassVar[PublishedKind]

class PublicationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLICATION_STATE_UNSPECIFIED: _ClassVar[PublicationState]
    PUBLICATION_STATE_PROPOSED: _ClassVar[PublicationState]
    PUBLICATION_STATE_ACTIVE: _ClassVar[PublicationState]
    PUBLICATION_STATE_RETIRED: _ClassVar[PublicationState]
    PUBLICATION_STATE_REJECTED: _ClassVar[PublicationState]

class ListKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIST_KIND_UNSPECIFIED: _ClassVar[ListKind]
    LIST_KIND_ALLOW: _ClassVar[ListKind]
    LIST_KIND_DENY: _ClassVar[ListKind]
    LIST_KIND_GREY: _ClassVar[ListKind]

class EntityKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTITY_KIND_UNSPECIFIED: _ClassVar[EntityKind]
    ENTITY_KIND_ACCOUNT: _ClassVar[EntityKind]
    ENTITY_KIND_DEVICE: _ClassVar[EntityKind]
    ENTITY_KIND_PAYMENT: _ClassVar[EntityKind]
    ENTITY_KIND_IP: _ClassVar[EntityKind]
    ENTITY_KIND_NETWORK: _ClassVar[EntityKind]
    ENTITY_KIND_PHONE: _ClassVar[EntityKind]
    ENTITY_KIND_REAL_NAME: _ClassVar[EntityKind]
    ENTITY_KIND_ADDRESS_DOOR: _ClassVar[EntityKind]
    ENTITY_KIND_ADDRESS_BUILDING: _ClassVar[EntityKind]
    ENTITY_KIND_RECIPIENT: _ClassVar[EntityKind]
    ENTITY_KIND_IDENTITY_CLUSTER: _ClassVar[EntityKind]
    ENTITY_KIND_SKU: _ClassVar[EntityKind]
    ENTITY_KIND_SELLER: _ClassVar[EntityKind]
    ENTITY_KIND_CAMPAIGN: _ClassVar[EntityKind]
    ENTITY_KIND_COUPON: _ClassVar[EntityKind]
    ENTITY_KIND_DROP: _ClassVar[EntityKind]

class ChangeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_STATE_UNSPECIFIED: _ClassVar[ChangeState]
    CHANGE_STATE_PROPOSED: _ClassVar[ChangeState]
    CHANGE_STATE_APPLIED: _ClassVar[ChangeState]
    CHANGE_STATE_REJECTED: _ClassVar[ChangeState]
PUBLISHED_KIND_UNSPECIFIED: PublishedKind
PUBLISHED_KIND_RULES: PublishedKind
PUBLISHED_KIND_LIMITS: PublishedKind
PUBLICATION_STATE_UNSPECIFIED: PublicationState
PUBLICATION_STATE_PROPOSED: PublicationState
PUBLICATION_STATE_ACTIVE: PublicationState
PUBLICATION_STATE_RETIRED: PublicationState
PUBLICATION_STATE_REJECTED: PublicationState
LIST_KIND_UNSPECIFIED: ListKind
LIST_KIND_ALLOW: ListKind
LIST_KIND_DENY: ListKind
LIST_KIND_GREY: ListKind
ENTITY_KIND_UNSPECIFIED: EntityKind
ENTITY_KIND_ACCOUNT: EntityKind
ENTITY_KIND_DEVICE: EntityKind
ENTITY_KIND_PAYMENT: EntityKind
ENTITY_KIND_IP: EntityKind
ENTITY_KIND_NETWORK: EntityKind
ENTITY_KIND_PHONE: EntityKind
ENTITY_KIND_REAL_NAME: EntityKind
ENTITY_KIND_ADDRESS_DOOR: EntityKind
ENTITY_KIND_ADDRESS_BUILDING: EntityKind
ENTITY_KIND_RECIPIENT: EntityKind
ENTITY_KIND_IDENTITY_CLUSTER: EntityKind
ENTITY_KIND_SKU: EntityKind
ENTITY_KIND_SELLER: EntityKind
ENTITY_KIND_CAMPAIGN: EntityKind
ENTITY_KIND_COUPON: EntityKind
ENTITY_KIND_DROP: EntityKind
CHANGE_STATE_UNSPECIFIED: ChangeState
CHANGE_STATE_PROPOSED: ChangeState
CHANGE_STATE_APPLIED: ChangeState
CHANGE_STATE_REJECTED: ChangeState

class SourceFile(_message.Message):
    __slots__ = ("name", "text")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    text: str
    def __init__(self, name: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Publication(_message.Message):
    __slots__ = ("number", "kind", "version", "state", "author", "note", "created_at", "based_on", "approver", "decided_at", "closed_by", "backtests", "emergency")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    BASED_ON_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    BACKTESTS_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    number: int
    kind: PublishedKind
    version: str
    state: PublicationState
    author: str
    note: str
    created_at: _timestamp_pb2.Timestamp
    based_on: int
    approver: str
    decided_at: _timestamp_pb2.Timestamp
    closed_by: str
    backtests: _containers.RepeatedCompositeFieldContainer[BacktestReport]
    emergency: str
    def __init__(self, number: _Optional[int] = ..., kind: _Optional[_Union[PublishedKind, str]] = ..., version: _Optional[str] = ..., state: _Optional[_Union[PublicationState, str]] = ..., author: _Optional[str] = ..., note: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., based_on: _Optional[int] = ..., approver: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_by: _Optional[str] = ..., backtests: _Optional[_Iterable[_Union[BacktestReport, _Mapping]]] = ..., emergency: _Optional[str] = ...) -> None: ...

class BacktestReport(_message.Message):
    __slots__ = ("rule_id", "expression", "sha256", "data", "events_read", "events_flagged", "abuse_flagged", "honest_flagged", "rule_sha256", "data_sha256", "signature")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EVENTS_READ_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FLAGGED_FIELD_NUMBER: _ClassVar[int]
    ABUSE_FLAGGED_FIELD_NUMBER: _ClassVar[int]
    HONEST_FLAGGED_FIELD_NUMBER: _ClassVar[int]
    RULE_SHA256_FIELD_NUMBER: _ClassVar[int]
    DATA_SHA256_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    expression: str
    sha256: bytes
    data: str
    events_read: int
    events_flagged: int
    abuse_flagged: int
    honest_flagged: int
    rule_sha256: str
    data_sha256: str
    signature: str
    def __init__(self, rule_id: _Optional[str] = ..., expression: _Optional[str] = ..., sha256: _Optional[bytes] = ..., data: _Optional[str] = ..., events_read: _Optional[int] = ..., events_flagged: _Optional[int] = ..., abuse_flagged: _Optional[int] = ..., honest_flagged: _Optional[int] = ..., rule_sha256: _Optional[str] = ..., data_sha256: _Optional[str] = ..., signature: _Optional[str] = ...) -> None: ...

class PublishRulesRequest(_message.Message):
    __slots__ = ("files", "note", "backtests", "emergency")
    FILES_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BACKTESTS_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[SourceFile]
    note: str
    backtests: _containers.RepeatedCompositeFieldContainer[BacktestReport]
    emergency: str
    def __init__(self, files: _Optional[_Iterable[_Union[SourceFile, _Mapping]]] = ..., note: _Optional[str] = ..., backtests: _Optional[_Iterable[_Union[BacktestReport, _Mapping]]] = ..., emergency: _Optional[str] = ...) -> None: ...

class PublishRulesResponse(_message.Message):
    __slots__ = ("publication",)
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ...) -> None: ...

class PublishLimitsRequest(_message.Message):
    __slots__ = ("file", "note")
    FILE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    file: SourceFile
    note: str
    def __init__(self, file: _Optional[_Union[SourceFile, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class PublishLimitsResponse(_message.Message):
    __slots__ = ("publication", "remarks")
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    REMARKS_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    remarks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ..., remarks: _Optional[_Iterable[str]] = ...) -> None: ...

class ApprovePublicationRequest(_message.Message):
    __slots__ = ("kind", "number", "version")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    kind: PublishedKind
    number: int
    version: str
    def __init__(self, kind: _Optional[_Union[PublishedKind, str]] = ..., number: _Optional[int] = ..., version: _Optional[str] = ...) -> None: ...

class ApprovePublicationResponse(_message.Message):
    __slots__ = ("publication",)
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ...) -> None: ...

class RejectPublicationRequest(_message.Message):
    __slots__ = ("kind", "number", "note")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    kind: PublishedKind
    number: int
    note: str
    def __init__(self, kind: _Optional[_Union[PublishedKind, str]] = ..., number: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class RejectPublicationResponse(_message.Message):
    __slots__ = ("publication",)
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ...) -> None: ...

class RollbackRulesRequest(_message.Message):
    __slots__ = ("number", "note")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    number: int
    note: str
    def __init__(self, number: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class RollbackRulesResponse(_message.Message):
    __slots__ = ("publication",)
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ...) -> None: ...

class RollbackLimitsRequest(_message.Message):
    __slots__ = ("number", "note")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    number: int
    note: str
    def __init__(self, number: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class RollbackLimitsResponse(_message.Message):
    __slots__ = ("publication",)
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ...) -> None: ...

class ListPublicationsRequest(_message.Message):
    __slots__ = ("kind", "limit")
    KIND_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    kind: PublishedKind
    limit: int
    def __init__(self, kind: _Optional[_Union[PublishedKind, str]] = ..., limit: _Optional[int] = ...) -> None: ...

class ListPublicationsResponse(_message.Message):
    __slots__ = ("publications",)
    PUBLICATIONS_FIELD_NUMBER: _ClassVar[int]
    publications: _containers.RepeatedCompositeFieldContainer[Publication]
    def __init__(self, publications: _Optional[_Iterable[_Union[Publication, _Mapping]]] = ...) -> None: ...

class GetPublicationRequest(_message.Message):
    __slots__ = ("kind", "number")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    kind: PublishedKind
    number: int
    def __init__(self, kind: _Optional[_Union[PublishedKind, str]] = ..., number: _Optional[int] = ...) -> None: ...

class GetPublicationResponse(_message.Message):
    __slots__ = ("publication", "files")
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    publication: Publication
    files: _containers.RepeatedCompositeFieldContainer[SourceFile]
    def __init__(self, publication: _Optional[_Union[Publication, _Mapping]] = ..., files: _Optional[_Iterable[_Union[SourceFile, _Mapping]]] = ...) -> None: ...

class GetInForceRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInForceResponse(_message.Message):
    __slots__ = ("rules", "limits", "lists")
    RULES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    rules: str
    limits: str
    lists: str
    def __init__(self, rules: _Optional[str] = ..., limits: _Optional[str] = ..., lists: _Optional[str] = ...) -> None: ...

class Listed(_message.Message):
    __slots__ = ("entity", "value", "address", "name")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    entity: EntityKind
    value: str
    address: _order_pb2.Address
    name: str
    def __init__(self, entity: _Optional[_Union[EntityKind, str]] = ..., value: _Optional[str] = ..., address: _Optional[_Union[_order_pb2.Address, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class NewListEntry(_message.Message):
    __slots__ = ("row", "listed", "reason", "promotion_types", "campaigns", "source", "expires_at")
    ROW_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_TYPES_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGNS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    row: int
    listed: Listed
    reason: str
    promotion_types: _containers.RepeatedScalarFieldContainer[_order_pb2.PromotionType]
    campaigns: _containers.RepeatedScalarFieldContainer[str]
    source: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, row: _Optional[int] = ..., listed: _Optional[_Union[Listed, _Mapping]] = ..., reason: _Optional[str] = ..., promotion_types: _Optional[_Iterable[_Union[_order_pb2.PromotionType, str]]] = ..., campaigns: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListEntry(_message.Message):
    __slots__ = ("entry_id", "list_id", "kind", "entity", "value", "reason", "promotion_types", "campaigns", "source", "expires_at", "author", "added_at", "state")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_TYPES_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGNS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    ADDED_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    list_id: str
    kind: ListKind
    entity: EntityKind
    value: str
    reason: str
    promotion_types: _containers.RepeatedScalarFieldContainer[_order_pb2.PromotionType]
    campaigns: _containers.RepeatedScalarFieldContainer[str]
    source: str
    expires_at: _timestamp_pb2.Timestamp
    author: str
    added_at: _timestamp_pb2.Timestamp
    state: str
    def __init__(self, entry_id: _Optional[str] = ..., list_id: _Optional[str] = ..., kind: _Optional[_Union[ListKind, str]] = ..., entity: _Optional[_Union[EntityKind, str]] = ..., value: _Optional[str] = ..., reason: _Optional[str] = ..., promotion_types: _Optional[_Iterable[_Union[_order_pb2.PromotionType, str]]] = ..., campaigns: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., author: _Optional[str] = ..., added_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[str] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("number", "kind", "subject", "state", "author", "reason", "entries", "repeated_entries", "created_at", "approver", "decided_at", "closed_by")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    REPEATED_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    number: int
    kind: str
    subject: str
    state: ChangeState
    author: str
    reason: str
    entries: int
    repeated_entries: int
    created_at: _timestamp_pb2.Timestamp
    approver: str
    decided_at: _timestamp_pb2.Timestamp
    closed_by: str
    def __init__(self, number: _Optional[int] = ..., kind: _Optional[str] = ..., subject: _Optional[str] = ..., state: _Optional[_Union[ChangeState, str]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ..., entries: _Optional[int] = ..., repeated_entries: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., approver: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_by: _Optional[str] = ...) -> None: ...

class AddListEntriesRequest(_message.Message):
    __slots__ = ("list_id", "kind", "entries", "note")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    kind: ListKind
    entries: _containers.RepeatedCompositeFieldContainer[NewListEntry]
    note: str
    def __init__(self, list_id: _Optional[str] = ..., kind: _Optional[_Union[ListKind, str]] = ..., entries: _Optional[_Iterable[_Union[NewListEntry, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class AddListEntriesResponse(_message.Message):
    __slots__ = ("change",)
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    change: Change
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ...) -> None: ...

class ImportListEntriesRequest(_message.Message):
    __slots__ = ("list_id", "kind", "note", "entries")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    kind: ListKind
    note: str
    entries: _containers.RepeatedCompositeFieldContainer[NewListEntry]
    def __init__(self, list_id: _Optional[str] = ..., kind: _Optional[_Union[ListKind, str]] = ..., note: _Optional[str] = ..., entries: _Optional[_Iterable[_Union[NewListEntry, _Mapping]]] = ...) -> None: ...

class ImportListEntriesResponse(_message.Message):
    __slots__ = ("change", "errors", "error_count")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    ERROR_COUNT_FIELD_NUMBER: _ClassVar[int]
    change: Change
    errors: _containers.RepeatedCompositeFieldContainer[RowError]
    error_count: int
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ..., errors: _Optional[_Iterable[_Union[RowError, _Mapping]]] = ..., error_count: _Optional[int] = ...) -> None: ...

class RowError(_message.Message):
    __slots__ = ("row", "field", "description", "description_zh")
    ROW_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_ZH_FIELD_NUMBER: _ClassVar[int]
    row: int
    field: str
    description: str
    description_zh: str
    def __init__(self, row: _Optional[int] = ..., field: _Optional[str] = ..., description: _Optional[str] = ..., description_zh: _Optional[str] = ...) -> None: ...

class RemoveListEntriesRequest(_message.Message):
    __slots__ = ("list_id", "entry_ids", "note")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_IDS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    entry_ids: _containers.RepeatedScalarFieldContainer[str]
    note: str
    def __init__(self, list_id: _Optional[str] = ..., entry_ids: _Optional[_Iterable[str]] = ..., note: _Optional[str] = ...) -> None: ...

class RemoveListEntriesResponse(_message.Message):
    __slots__ = ("change",)
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    change: Change
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ...) -> None: ...

class ApproveChangeRequest(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class ApproveChangeResponse(_message.Message):
    __slots__ = ("change",)
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    change: Change
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ...) -> None: ...

class RejectChangeRequest(_message.Message):
    __slots__ = ("number", "note")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    number: int
    note: str
    def __init__(self, number: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class RejectChangeResponse(_message.Message):
    __slots__ = ("change",)
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    change: Change
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ...) -> None: ...

class ListChangesRequest(_message.Message):
    __slots__ = ("state", "limit")
    STATE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    state: ChangeState
    limit: int
    def __init__(self, state: _Optional[_Union[ChangeState, str]] = ..., limit: _Optional[int] = ...) -> None: ...

class ListChangesResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    def __init__(self, changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ...) -> None: ...

class GetChangeRequest(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class GetChangeResponse(_message.Message):
    __slots__ = ("change", "entries")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    change: Change
    entries: _containers.RepeatedCompositeFieldContainer[ListEntry]
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[ListEntry, _Mapping]]] = ...) -> None: ...

class ListListsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListListsResponse(_message.Message):
    __slots__ = ("lists", "version")
    LISTS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    lists: _containers.RepeatedCompositeFieldContainer[ListSummary]
    version: str
    def __init__(self, lists: _Optional[_Iterable[_Union[ListSummary, _Mapping]]] = ..., version: _Optional[str] = ...) -> None: ...

class ListSummary(_message.Message):
    __slots__ = ("list_id", "kind", "created_by", "created_at", "live", "proposed")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    kind: ListKind
    created_by: str
    created_at: _timestamp_pb2.Timestamp
    live: int
    proposed: int
    def __init__(self, list_id: _Optional[str] = ..., kind: _Optional[_Union[ListKind, str]] = ..., created_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., live: _Optional[int] = ..., proposed: _Optional[int] = ...) -> None: ...

class ListEntriesRequest(_message.Message):
    __slots__ = ("list_id", "after_entry_id", "limit", "every_state")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    EVERY_STATE_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    after_entry_id: str
    limit: int
    every_state: bool
    def __init__(self, list_id: _Optional[str] = ..., after_entry_id: _Optional[str] = ..., limit: _Optional[int] = ..., every_state: _Optional[bool] = ...) -> None: ...

class ListEntriesResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[ListEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[ListEntry, _Mapping]]] = ...) -> None: ...

class FindEntriesRequest(_message.Message):
    __slots__ = ("listed",)
    LISTED_FIELD_NUMBER: _ClassVar[int]
    listed: Listed
    def __init__(self, listed: _Optional[_Union[Listed, _Mapping]] = ...) -> None: ...

class FindEntriesResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[ListEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[ListEntry, _Mapping]]] = ...) -> None: ...

class ListAuditRequest(_message.Message):
    __slots__ = ("after_number", "limit", "actor_id", "action", "subject")
    AFTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    after_number: int
    limit: int
    actor_id: str
    action: str
    subject: str
    def __init__(self, after_number: _Optional[int] = ..., limit: _Optional[int] = ..., actor_id: _Optional[str] = ..., action: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...

class ListAuditResponse(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[AuditRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[AuditRow, _Mapping]]] = ...) -> None: ...

class AuditRow(_message.Message):
    __slots__ = ("number", "at", "actor_id", "action", "subject", "before", "after", "leaf_sha256")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LEAF_SHA256_FIELD_NUMBER: _ClassVar[int]
    number: int
    at: _timestamp_pb2.Timestamp
    actor_id: str
    action: str
    subject: str
    before: str
    after: str
    leaf_sha256: bytes
    def __init__(self, number: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor_id: _Optional[str] = ..., action: _Optional[str] = ..., subject: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., leaf_sha256: _Optional[bytes] = ...) -> None: ...
