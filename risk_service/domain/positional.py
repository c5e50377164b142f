"""Records that are stored by position: the values in the order of the fields, without names.

Names in every record cost more than half of what a decision takes, on the disk and in the time
before its answer leaves. What is stored by position lives by one rule: a field is only ever
added, at the end and with a default. ``by_name`` gives the same record with its names, for
people and for other programs; ``reader`` reads both forms, because records of before have names.
"""

import types
from collections.abc import Callable
from functools import cache, reduce
from operator import or_
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

Kept = TypeVar("Kept", bound=Struct)


class Positional(Struct, frozen=True, array_like=True, gc=False):
    """A record, or a part of one, that is stored by position."""


def by_name(record: Struct) -> Any:
    """Return the same record as one that is encoded with the names of its fields."""
    return msgspec.convert(record, _with_names(type(record)), from_attributes=True)


def reader(kind: type[Kept]) -> Callable[[bytes | msgspec.Raw], Kept]:
    """Return what decodes the MessagePack of a record, by position or with names.

    A record that fits neither raises ``msgspec.DecodeError``.
    """
    by_position = msgspec.msgpack.Decoder(kind).decode

    def read(packed: bytes | msgspec.Raw) -> Kept:
        try:
            return by_position(packed)
        except msgspec.ValidationError:
            named = msgspec.msgpack.decode(packed, type=_with_names(kind))
        return msgspec.convert(named, kind, from_attributes=True)

    return read


@cache
def _with_names(kind: type[Struct]) -> type[Struct]:
    """Return a struct of the same fields in which nothing positional is left."""
    hints = get_type_hints(kind)
    fields = [_field(one, hints[one.name]) for one in msgspec.structs.fields(kind)]
    config = kind.__struct_config__
    return msgspec.defstruct(
        kind.__name__,
        fields,
        frozen=config.frozen,
        kw_only=True,
        gc=config.gc,
        array_like=config.array_like and not issubclass(kind, Positional),
    )


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    kind = _type(hint)
    return (field.name, kind) if field.required else (field.name, kind, field.default)


def _type(hint: Any) -> Any:
    """Return a type with the structs in it replaced."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _with_names(hint)
    parts = get_args(hint)
    if not parts:
        return hint
    inner = tuple(part if part is Ellipsis else _type(part) for part in parts)
    origin = get_origin(hint)
    return reduce(or_, inner) if origin is types.UnionType else origin[inner]
