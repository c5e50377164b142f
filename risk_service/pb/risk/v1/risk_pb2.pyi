import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import action_pb2 as _action_pb2
from risk_service.pb.risk.v1 import event_pb2 as _event_pb2
from risk_service.pb.risk.v1 import fail_policy_pb2 as _fail_policy_pb2
from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from risk_service.pb.risk.v1 import real_name_pb2 as _real_name_pb2
from risk_service.pb.risk.v1 import refund_pb2 as _refund_pb2
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
    MODE_NO_LIMITS: _ClassVar[Mode]

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
MODE_NO_LIMITS: Mode
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
    __slots__ = ("decision", "refund", "action")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REFUND_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    refund: _refund_pb2.RefundAssessment
    action: _action_pb2.ActionAssessment
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ..., refund: _Optional[_Union[_refund_pb2.RefundAssessment, _Mapping]] = ..., action: _Optional[_Union[_action_pb2.ActionAssessment, _Mapping]] = ...) -> None: ...

class ScoreRefundResponse(_message.Message):
    __slots__ = ("decision", "refund")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REFUND_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    refund: _refund_pb2.RefundAssessment
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ..., refund: _Optional[_Union[_refund_pb2.RefundAssessment, _Mapping]] = ...) -> None: ...

class AssessPromotionActionResponse(_message.Message):
    __slots__ = ("decision", "action")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    action: _action_pb2.ActionAssessment
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ..., action: _Optional[_Union[_action_pb2.ActionAssessment, _Mapping]] = ...) -> None: ...

class GetDecisionRecordRequest(_message.Message):
    __slots__ = ("decision_id", "request_id", "order_id")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    request_id: str
    order_id: str
    def __init__(self, decision_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class GetDecisionRecordResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: bytes
    def __init__(self, record: _Optional[bytes] = ...) -> None: ...

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
    __slots__ = ("decision", "action")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    action: _action_pb2.ActionAssessment
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ..., action: _Optional[_Union[_action_pb2.ActionAssessment, _Mapping]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "request_id", "order_id", "number", "outcome", "scores", "reasons", "versions", "mode", "decided_at", "challenge", "quantity_limits", "causes", "rule_hits", "list_hits", "limit_uses", "granted", "held_until", "blocking", "required_level")
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
    CAUSES_FIELD_NUMBER: _ClassVar[int]
    RULE_HITS_FIELD_NUMBER: _ClassVar[int]
    LIST_HITS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_USES_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    HELD_UNTIL_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_LEVEL_FIELD_NUMBER: _ClassVar[int]
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
    causes: _containers.RepeatedCompositeFieldContainer[Cause]
    rule_hits: _containers.RepeatedCompositeFieldContainer[RuleHit]
    list_hits: _containers.RepeatedCompositeFieldContainer[ListHit]
    limit_uses: _containers.RepeatedCompositeFieldContainer[LimitUse]
    granted: _containers.RepeatedCompositeFieldContainer[GrantedLine]
    held_until: _timestamp_pb2.Timestamp
    blocking: str
    required_level: _order_pb2.VerificationLevel
    def __init__(self, decision_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., number: _Optional[int] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., scores: _Optional[_Iterable[_Union[AbuseScore, _Mapping]]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., versions: _Optional[_Union[Versions, _Mapping]] = ..., mode: _Optional[_Union[Mode, str]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., challenge: _Optional[_Union[Challenge, _Mapping]] = ..., quantity_limits: _Optional[_Iterable[_Union[QuantityLimit, _Mapping]]] = ..., causes: _Optional[_Iterable[_Union[Cause, _Mapping]]] = ..., rule_hits: _Optional[_Iterable[_Union[RuleHit, _Mapping]]] = ..., list_hits: _Optional[_Iterable[_Union[ListHit, _Mapping]]] = ..., limit_uses: _Optional[_Iterable[_Union[LimitUse, _Mapping]]] = ..., granted: _Optional[_Iterable[_Union[GrantedLine, _Mapping]]] = ..., held_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., blocking: _Optional[str] = ..., required_level: _Optional[_Union[_order_pb2.VerificationLevel, str]] = ...) -> None: ...

class Cause(_message.Message):
    __slots__ = ("step", "ref", "outcome", "suppressed_by")
    STEP_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_BY_FIELD_NUMBER: _ClassVar[int]
    step: str
    ref: str
    outcome: Outcome
    suppressed_by: str
    def __init__(self, step: _Optional[str] = ..., ref: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., suppressed_by: _Optional[str] = ...) -> None: ...

class MatchedValue(_message.Message):
    __slots__ = ("name", "number", "text")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    number: float
    text: str
    def __init__(self, name: _Optional[str] = ..., number: _Optional[float] = ..., text: _Optional[str] = ...) -> None: ...

class RuleHit(_message.Message):
    __slots__ = ("rule_id", "outcome", "shadow", "values", "customer_text", "analyst_text", "fault")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_TEXT_FIELD_NUMBER: _ClassVar[int]
    ANALYST_TEXT_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    outcome: Outcome
    shadow: bool
    values: _containers.RepeatedCompositeFieldContainer[MatchedValue]
    customer_text: LocalizedText
    analyst_text: LocalizedText
    fault: str
    def __init__(self, rule_id: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., shadow: _Optional[bool] = ..., values: _Optional[_Iterable[_Union[MatchedValue, _Mapping]]] = ..., customer_text: _Optional[_Union[LocalizedText, _Mapping]] = ..., analyst_text: _Optional[_Union[LocalizedText, _Mapping]] = ..., fault: _Optional[str] = ...) -> None: ...

class ListHit(_message.Message):
    __slots__ = ("list_id", "kind", "entity", "entry_id", "reason")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    kind: str
    entity: str
    entry_id: str
    reason: str
    def __init__(self, list_id: _Optional[str] = ..., kind: _Optional[str] = ..., entity: _Optional[str] = ..., entry_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class LimitUse(_message.Message):
    __slots__ = ("policy_id", "version", "subject", "scope", "measure", "window", "cap", "used", "requested", "granted", "remaining", "blocking", "shadow", "resets_at")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    CAP_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    version: str
    subject: str
    scope: str
    measure: str
    window: str
    cap: int
    used: int
    requested: int
    granted: int
    remaining: int
    blocking: bool
    shadow: bool
    resets_at: _timestamp_pb2.Timestamp
    def __init__(self, policy_id: _Optional[str] = ..., version: _Optional[str] = ..., subject: _Optional[str] = ..., scope: _Optional[str] = ..., measure: _Optional[str] = ..., window: _Optional[str] = ..., cap: _Optional[int] = ..., used: _Optional[int] = ..., requested: _Optional[int] = ..., granted: _Optional[int] = ..., remaining: _Optional[int] = ..., blocking: _Optional[bool] = ..., shadow: _Optional[bool] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GrantedLine(_message.Message):
    __slots__ = ("sku", "requested", "granted")
    SKU_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    sku: str
    requested: int
    granted: int
    def __init__(self, sku: _Optional[str] = ..., requested: _Optional[int] = ..., granted: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("bundle_sha256", "feature_schema", "policy", "reason_texts", "service", "rules", "lists", "limits")
    BUNDLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FEATURE_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    REASON_TEXTS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    bundle_sha256: str
    feature_schema: str
    policy: str
    reason_texts: str
    service: str
    rules: str
    lists: str
    limits: str
    def __init__(self, bundle_sha256: _Optional[str] = ..., feature_schema: _Optional[str] = ..., policy: _Optional[str] = ..., reason_texts: _Optional[str] = ..., service: _Optional[str] = ..., rules: _Optional[str] = ..., lists: _Optional[str] = ..., limits: _Optional[str] = ...) -> None: ...

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
