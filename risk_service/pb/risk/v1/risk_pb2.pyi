import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import event_pb2 as _event_pb2
from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_ALLOW: _ClassVar[Outcome]
    OUTCOME_LIMIT_QUANTITY: _ClassVar[Outcome]
    OUTCOME_CHALLENGE: _ClassVar[Outcome]
    OUTCOME_REVIEW: _ClassVar[Outcome]
    OUTCOME_DENY: _ClassVar[Outcome]

class Abuse(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ABUSE_UNSPECIFIED: _ClassVar[Abuse]
    ABUSE_SCALPING: _ClassVar[Abuse]
    ABUSE_BRUSHING: _ClassVar[Abuse]
    ABUSE_REFUND: _ClassVar[Abuse]

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_FULL: _ClassVar[Mode]
    MODE_STALE: _ClassVar[Mode]
    MODE_NO_FEATURES: _ClassVar[Mode]
    MODE_RULES_ONLY: _ClassVar[Mode]
    MODE_STATIC: _ClassVar[Mode]
    MODE_CLIENT_FALLBACK: _ClassVar[Mode]

class ChallengeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHALLENGE_KIND_UNSPECIFIED: _ClassVar[ChallengeKind]
    CHALLENGE_KIND_CAPTCHA: _ClassVar[ChallengeKind]
    CHALLENGE_KIND_PHONE_CODE: _ClassVar[ChallengeKind]
    CHALLENGE_KIND_REAL_NAME: _ClassVar[ChallengeKind]

class ChallengeResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHALLENGE_RESULT_UNSPECIFIED: _ClassVar[ChallengeResult]
    CHALLENGE_RESULT_PASSED: _ClassVar[ChallengeResult]
    CHALLENGE_RESULT_FAILED: _ClassVar[ChallengeResult]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_ALLOW: Outcome
OUTCOME_LIMIT_QUANTITY: Outcome
OUTCOME_CHALLENGE: Outcome
OUTCOME_REVIEW: Outcome
OUTCOME_DENY: Outcome
ABUSE_UNSPECIFIED: Abuse
ABUSE_SCALPING: Abuse
ABUSE_BRUSHING: Abuse
ABUSE_REFUND: Abuse
MODE_UNSPECIFIED: Mode
MODE_FULL: Mode
MODE_STALE: Mode
MODE_NO_FEATURES: Mode
MODE_RULES_ONLY: Mode
MODE_STATIC: Mode
MODE_CLIENT_FALLBACK: Mode
CHALLENGE_KIND_UNSPECIFIED: ChallengeKind
CHALLENGE_KIND_CAPTCHA: ChallengeKind
CHALLENGE_KIND_PHONE_CODE: ChallengeKind
CHALLENGE_KIND_REAL_NAME: ChallengeKind
CHALLENGE_RESULT_UNSPECIFIED: ChallengeResult
CHALLENGE_RESULT_PASSED: ChallengeResult
CHALLENGE_RESULT_FAILED: ChallengeResult

class ScoreOrderRequest(_message.Message):
    __slots__ = ("request_id", "order")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: _order_pb2.Order
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ...) -> None: ...

class ScoreOrderResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ...) -> None: ...

class BatchScoreOrdersRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[ScoreOrderRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[ScoreOrderRequest, _Mapping]]] = ...) -> None: ...

class BatchScoreOrdersResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchScoreOrdersResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchScoreOrdersResult, _Mapping]]] = ...) -> None: ...

class BatchScoreOrdersResult(_message.Message):
    __slots__ = ("request_id", "decision", "error")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    decision: Decision
    error: OrderError
    def __init__(self, request_id: _Optional[str] = ..., decision: _Optional[_Union[Decision, _Mapping]] = ..., error: _Optional[_Union[OrderError, _Mapping]] = ...) -> None: ...

class OrderError(_message.Message):
    __slots__ = ("code", "message", "field_violations")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    field_violations: _containers.RepeatedCompositeFieldContainer[FieldViolation]
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., field_violations: _Optional[_Iterable[_Union[FieldViolation, _Mapping]]] = ...) -> None: ...

class FieldViolation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class GetDecisionRequest(_message.Message):
    __slots__ = ("decision_id", "request_id", "order_id")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    request_id: str
    order_id: str
    def __init__(self, decision_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class GetDecisionResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ...) -> None: ...

class CompleteChallengeRequest(_message.Message):
    __slots__ = ("request_id", "challenge_id", "result", "verification_level")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    challenge_id: str
    result: ChallengeResult
    verification_level: _order_pb2.VerificationLevel
    def __init__(self, request_id: _Optional[str] = ..., challenge_id: _Optional[str] = ..., result: _Optional[_Union[ChallengeResult, str]] = ..., verification_level: _Optional[_Union[_order_pb2.VerificationLevel, str]] = ...) -> None: ...

class CompleteChallengeResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "request_id", "order_id", "number", "outcome", "scores", "reasons", "versions", "mode", "decided_at", "challenge", "quantity_limits")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_LIMITS_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    request_id: str
    order_id: str
    number: int
    outcome: Outcome
    scores: _containers.RepeatedCompositeFieldContainer[AbuseScore]
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    versions: Versions
    mode: Mode
    decided_at: _timestamp_pb2.Timestamp
    challenge: Challenge
    quantity_limits: _containers.RepeatedCompositeFieldContainer[QuantityLimit]
    def __init__(self, decision_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., number: _Optional[int] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., scores: _Optional[_Iterable[_Union[AbuseScore, _Mapping]]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., versions: _Optional[_Union[Versions, _Mapping]] = ..., mode: _Optional[_Union[Mode, str]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., challenge: _Optional[_Union[Challenge, _Mapping]] = ..., quantity_limits: _Optional[_Iterable[_Union[QuantityLimit, _Mapping]]] = ...) -> None: ...

class AbuseScore(_message.Message):
    __slots__ = ("abuse", "probability", "score")
    ABUSE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    abuse: Abuse
    probability: float
    score: int
    def __init__(self, abuse: _Optional[_Union[Abuse, str]] = ..., probability: _Optional[float] = ..., score: _Optional[int] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "abuse", "customer_text", "analyst_text", "feature", "feature_value", "contribution")
    CODE_FIELD_NUMBER: _ClassVar[int]
    ABUSE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_TEXT_FIELD_NUMBER: _ClassVar[int]
    ANALYST_TEXT_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    FEATURE_VALUE_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    code: str
    abuse: Abuse
    customer_text: LocalizedText
    analyst_text: LocalizedText
    feature: str
    feature_value: float
    contribution: float
    def __init__(self, code: _Optional[str] = ..., abuse: _Optional[_Union[Abuse, str]] = ..., customer_text: _Optional[_Union[LocalizedText, _Mapping]] = ..., analyst_text: _Optional[_Union[LocalizedText, _Mapping]] = ..., feature: _Optional[str] = ..., feature_value: _Optional[float] = ..., contribution: _Optional[float] = ...) -> None: ...

class LocalizedText(_message.Message):
    __slots__ = ("zh", "en")
    ZH_FIELD_NUMBER: _ClassVar[int]
    EN_FIELD_NUMBER: _ClassVar[int]
    zh: str
    en: str
    def __init__(self, zh: _Optional[str] = ..., en: _Optional[str] = ...) -> None: ...

class Versions(_message.Message):
    __slots__ = ("bundle_sha256", "feature_schema", "policy", "reason_texts", "service")
    BUNDLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FEATURE_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    REASON_TEXTS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    bundle_sha256: str
    feature_schema: str
    policy: str
    reason_texts: str
    service: str
    def __init__(self, bundle_sha256: _Optional[str] = ..., feature_schema: _Optional[str] = ..., policy: _Optional[str] = ..., reason_texts: _Optional[str] = ..., service: _Optional[str] = ...) -> None: ...

class Challenge(_message.Message):
    __slots__ = ("challenge_id", "kind", "expires_at")
    CHALLENGE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    challenge_id: str
    kind: ChallengeKind
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, challenge_id: _Optional[str] = ..., kind: _Optional[_Union[ChallengeKind, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class QuantityLimit(_message.Message):
    __slots__ = ("sku", "requested", "allowed")
    SKU_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    sku: str
    requested: int
    allowed: int
    def __init__(self, sku: _Optional[str] = ..., requested: _Optional[int] = ..., allowed: _Optional[int] = ...) -> None: ...
