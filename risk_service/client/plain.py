"""Messages as plain data and back: short names for enums, text for times, hex for bytes.

For tools that show or take what a person reads. An unset time is None, an unset message too.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp


def to_plain(message: Any) -> dict[str, Any]:
    """Return a message as a dict of its fields."""
    return {field.name: _value(message, field) for field in message.DESCRIPTOR.fields}


def fill(message: Any, values: Mapping[str, Any]) -> Any:
    """Write plain values into a message and return it; None leaves a field unset.

    Raises
    ------
    ValueError
        A field or a name of an enum does not exist, or a value does not fit.
    """
    for name, value in values.items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            known = ", ".join(message.DESCRIPTOR.fields_by_name) or "none"
            raise ValueError(f"{message.DESCRIPTOR.name} has no field {name}; it has {known}")
        if value is None:
            continue
        try:
            _write(message, field, value)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error
    return message


def enum_names(descriptor: EnumDescriptor) -> list[str]:
    """Return the short names of an enum, in lower case, without the unset one."""
    return [_short(descriptor, number) for number in descriptor.values_by_number if number]


def _value(message: Any, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [_one(one, field) for one in value]
    if field.message_type is not None and not message.HasField(field.name):
        return None
    return _one(value, field)


def _one(value: Any, field: FieldDescriptor) -> Any:
    if isinstance(value, Timestamp):
        return value.ToDatetime(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Message):
        return to_plain(value)
    if field.enum_type is not None:
        return _short(field.enum_type, value) if value else ""
    return value.hex() if isinstance(value, bytes) else value


def _write(message: Any, field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        target = getattr(message, field.name)
        if field.message_type is not None:
            for one in value:
                fill(target.add(), one)
        else:
            target.extend([_scalar(one, field) for one in value])
    elif isinstance(value, datetime):
        getattr(message, field.name).FromDatetime(value)
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        inner.SetInParent()
        fill(inner, value)
    else:
        setattr(message, field.name, _scalar(value, field))


def _scalar(value: Any, field: FieldDescriptor) -> Any:
    if field.enum_type is None or not isinstance(value, str):
        return value
    if not value:
        return 0
    wanted = f"{_prefix(field.enum_type)}{value.upper()}"
    found = field.enum_type.values_by_name.get(wanted)
    if found is None:
        known = ", ".join(enum_names(field.enum_type))
        raise ValueError(f"{field.name}: must be one of {known}, not {value}")
    return found.number


def _short(descriptor: EnumDescriptor, number: int) -> str:
    known = descriptor.values_by_number.get(number)
    return known.name.removeprefix(_prefix(descriptor)).lower() if known else str(number)


def _prefix(descriptor: EnumDescriptor) -> str:
    first: str = descriptor.values_by_number[0].name
    return first.removesuffix("UNSPECIFIED")
