"""The syntax tree of an expression, read from what the engine serialises.

The engine's own parse is the only one, so that no second parser can disagree with it. Its
protobuf (``cel.expr.ParsedExpr``) is read here field by field: the core knows no protobuf
runtime. Source: github.com/google/cel-spec, proto/cel/expr/syntax.proto.
"""

import struct
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

Kind = Literal["constant", "name", "field", "call", "list", "map", "loop"]
Wire = dict[int, list[int | bytes]]

# Field numbers of syntax.proto.
_ANY_VALUE = 2
_PARSED_EXPR, _PARSED_SOURCE = 2, 3
_SOURCE_POSITIONS = 4
_EXPR_ID = 2
_CONSTANT, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _COMPREHENSION = 3, 4, 5, 6, 7, 8, 9
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Node(Struct, frozen=True, kw_only=True):
    """One node. ``at`` is its place in the source in code points, -1 for what a macro made.

    ``name`` is the name, the field, the function or the loop's variable; ``value`` the
    constant; ``parts`` are the operand, the arguments, the elements, or range, start,
    condition, step and result of a loop.
    """

    kind: Kind
    at: int
    name: str = ""
    value: bool | int | float | str | bytes | None = None
    parts: tuple["Node", ...] = ()

    def walk(self, depth: int = 1) -> Iterator[tuple["Node", int]]:
        """Yield the node and all below it, each with its depth."""
        yield self, depth
        for part in self.parts:
            yield from part.walk(depth + 1)


def read_tree(serialized: bytes) -> Node:
    """Return the tree of a serialised, parsed expression."""
    parsed = _fields(_message(_fields(serialized), _ANY_VALUE))
    source = _fields(_message(parsed, _PARSED_SOURCE))
    positions = {}
    for entry in source.get(_SOURCE_POSITIONS, []):
        pair = _fields(_raw(entry))
        positions[_number(pair, 1)] = _number(pair, 2)
    return _node(_message(parsed, _PARSED_EXPR), positions)


def _node(content: bytes, positions: dict[int, int]) -> Node:
    fields = _fields(content)
    at = positions.get(_number(fields, _EXPR_ID), -1)
    if _CONSTANT in fields:
        return Node(kind="constant", at=at, value=_constant(_message(fields, _CONSTANT)))
    if _IDENT in fields:
        return Node(kind="name", at=at, name=_text(_fields(_message(fields, _IDENT)), 1))
    for number, kind, name, parts in _SHAPES:
        if number in fields:
            inner = _fields(_message(fields, number))
            children = [_raw(child) for part in parts for child in inner.get(part, [])]
            return Node(
                kind=kind,
                at=at,
                name=_text(inner, name) if name else "",
                parts=tuple(_node(child, positions) for child in children),
            )
    return Node(kind="map", at=at)


# Field number, kind, field of the name, fields of the parts in the order of ``Node.parts``.
_SHAPES: tuple[tuple[int, Kind, int, tuple[int, ...]], ...] = (
    (_SELECT, "field", 2, (1,)),
    (_CALL, "call", 2, (1, 3)),
    (_LIST, "list", 0, (1,)),
    (_COMPREHENSION, "loop", 1, (2, 4, 5, 6, 7)),
)


def _constant(content: bytes) -> bool | int | float | str | bytes | None:
    fields = _fields(content)
    if 2 in fields:
        return bool(_number(fields, 2))
    if 3 in fields:
        number = _number(fields, 3)
        return number - (1 << 64) if number >> 63 else number
    if 5 in fields:
        return float(struct.unpack("<d", _message(fields, 5))[0])
    if 6 in fields:
        return _message(fields, 6).decode()
    # What rules may not use: unsigned numbers, bytes and null.
    return _message(fields, 7) if 7 in fields else None


def _fields(content: bytes) -> Wire:
    """Split one message into its fields by number."""
    found: Wire = {}
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        value: int | bytes
        if tag & 7 == _VARINT:
            value, at = _varint(content, at)
        else:
            size, at = _size(content, at, tag & 7)
            value, at = content[at : at + size], at + size
        found.setdefault(tag >> 3, []).append(value)
    return found


def _size(content: bytes, at: int, wire_type: int) -> tuple[int, int]:
    if wire_type == _BYTES:
        return _varint(content, at)
    return (8 if wire_type == _FIXED64 else 4), at


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _number(fields: Wire, number: int) -> int:
    values = fields.get(number)
    # Fields that hold their default are left out of the wire.
    return int(values[-1]) if values else 0


def _raw(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def _message(fields: Wire, number: int) -> bytes:
    values = fields.get(number)
    return _raw(values[-1]) if values else b""


def _text(fields: Wire, number: int) -> str:
    return _message(fields, number).decode()
