import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from risk_service.pb.risk.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PhoneCodeResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PHONE_CODE_RESULT_UNSPECIFIED: _ClassVar[PhoneCodeResult]
    PHONE_CODE_RESULT_PASSED: _ClassVar[PhoneCodeResult]
    PHONE_CODE_RESULT_FAILED: _ClassVar[PhoneCodeResult]

class RealNameResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REAL_NAME_RESULT_UNSPECIFIED: _ClassVar[RealNameResult]
    REAL_NAME_RESULT_VERIFIED: _ClassVar[RealNameResult]
    REAL_NAME_RESULT_MISMATCH: _ClassVar[RealNameResult]
    REAL_NAME_RESULT_PROVIDER_UNAVAILABLE: _ClassVar[RealNameResult]
    REAL_NAME_RESULT_TOO_MANY_ACCOUNTS: _ClassVar[RealNameResult]
    REAL_NAME_RESULT_PHONE_FAILED: _ClassVar[RealNameResult]
PHONE_CODE_RESULT_UNSPECIFIED: PhoneCodeResult
PHONE_CODE_RESULT_PASSED: PhoneCodeResult
PHONE_CODE_RESULT_FAILED: PhoneCodeResult
REAL_NAME_RESULT_UNSPECIFIED: RealNameResult
REAL_NAME_RESULT_VERIFIED: RealNameResult
REAL_NAME_RESULT_MISMATCH: RealNameResult
REAL_NAME_RESULT_PROVIDER_UNAVAILABLE: RealNameResult
REAL_NAME_RESULT_TOO_MANY_ACCOUNTS: RealNameResult
REAL_NAME_RESULT_PHONE_FAILED: RealNameResult

class VerifyRealNameRequest(_message.Message):
    __slots__ = ("request_id", "account_id", "name", "real_name_id", "phone_code_result", "face_token")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REAL_NAME_ID_FIELD_NUMBER: _ClassVar[int]
    PHONE_CODE_RESULT_FIELD_NUMBER: _ClassVar[int]
    FACE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    account_id: str
    name: str
    real_name_id: str
    phone_code_result: PhoneCodeResult
    face_token: str
    def __init__(self, request_id: _Optional[str] = ..., account_id: _Optional[str] = ..., name: _Optional[str] = ..., real_name_id: _Optional[str] = ..., phone_code_result: _Optional[_Union[PhoneCodeResult, str]] = ..., face_token: _Optional[str] = ...) -> None: ...

class VerifyRealNameResponse(_message.Message):
    __slots__ = ("result", "level", "verified_at", "expires_at", "accounts_of_real_name", "provider")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_OF_REAL_NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    result: RealNameResult
    level: _order_pb2.VerificationLevel
    verified_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    accounts_of_real_name: int
    provider: str
    def __init__(self, result: _Optional[_Union[RealNameResult, str]] = ..., level: _Optional[_Union[_order_pb2.VerificationLevel, str]] = ..., verified_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accounts_of_real_name: _Optional[int] = ..., provider: _Optional[str] = ...) -> None: ...
