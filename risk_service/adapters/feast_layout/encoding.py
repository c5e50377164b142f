"""Bytes of Feast's layouts: entity keys (serialization version 3), fields and typed values.

Source: feast.infra.key_encoding_utils and feast/types/Value.proto of Feast 0.67.
"""

import math
import struct

import mmh3
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.domain.errors import StoreUnavailable

STRING = 2
LENGTH = struct.Struct("<I")
DOUBLE = struct.Struct("<d")
FLOAT = struct.Struct("<f")
# First byte of a serialized Value: field number and wire type of what it holds.
DOUBLE_TAG, FLOAT_TAG, INT32_TAG, INT64_TAG, BOOL_TAG = 0x29, 0x35, 0x18, 0x20, 0x38
DOUBLE_BYTES = 9
# What a null, stored as no bytes at all, is read as.
NULL_DOUBLE = bytes([DOUBLE_TAG]) + DOUBLE.pack(math.nan)


def key_prefix(join_key: str) -> bytes:
    """Return what every key of an entity with one string join key begins with."""
    text = join_key.encode()
    head = LENGTH.pack(1) + LENGTH.pack(STRING) + LENGTH.pack(len(text)) + text
    return head + LENGTH.pack(STRING)


def entity_key(prefix: bytes, value: str) -> bytes:
    """Return the stored key of one entity."""
    text = value.encode()
    return prefix + LENGTH.pack(len(text)) + text


def shared_key(prefix: bytes, value: str, project: str) -> bytes:
    """Return the key of one entity's hash in Redis.

    Source: feast.infra.online_stores.helpers._redis_key.
    """
    return entity_key(prefix, value) + project.encode()


def shared_field(view: str, feature: str) -> bytes:
    """Return the field of a feature in its entity's hash in Redis.

    Source: feast.infra.online_stores.helpers._mmh3.
    """
    return LENGTH.pack(mmh3.hash(f"{view}:{feature}", signed=False))


def shared_stamp(view: str) -> bytes:
    """Return the field that holds the event time of a view's row in Redis."""
    return f"_ts:{view}".encode()


def timestamp_us(data: bytes) -> int:
    """Return a serialized ``google.protobuf.Timestamp`` in microseconds.

    Raises
    ------
    StoreUnavailable
        The bytes are none.
    """
    try:
        return int(Timestamp.FromString(data).ToMicroseconds())
    except DecodeError as error:
        raise StoreUnavailable("the online store holds an event time that is none") from error


def decode_value(data: bytes) -> float:
    """Return a stored value as a float; NaN for an empty one (null).

    Raises
    ------
    StoreUnavailable
        The bytes are no number that Feast writes.
    """
    if len(data) == DOUBLE_BYTES and data[0] == DOUBLE_TAG:
        value: float = DOUBLE.unpack_from(data, 1)[0]
        return value
    if not data:
        return math.nan
    tag = data[0]
    if tag == FLOAT_TAG and len(data) == 5:
        single: float = FLOAT.unpack_from(data, 1)[0]
        return single
    if tag in (INT32_TAG, INT64_TAG, BOOL_TAG):
        return float(_varint(data[1:]))
    raise StoreUnavailable(f"the online store holds a value of an unknown kind ({tag:#x})")


def _varint(data: bytes) -> int:
    value = 0
    for position, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * position)
    # Negative integers are written as 64-bit two's complement.
    return value - (1 << 64) if value >> 63 else value
