"""Names the field at which bytes stop being a message of the contract.

protobuf says only that parsing failed. ``locate`` walks the wire format along the
descriptor, after a failed parse only: one pass, no recursion deeper than the contract.
"""

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from risk_service.domain.errors import Violation

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
_FIXED_SIZE = {FIXED64: 8, FIXED32: 4}
_DEPTH_MAX = 32


class _WireFault(Exception):
    """The bytes break off or lie at this field."""

    def __init__(self, path: str, words: str) -> None:
        super().__init__(words)
        self.violation = Violation(field=path, description=words)


def locate(payload: bytes, descriptor: Descriptor) -> Violation:
    """Return the field at fault and what is wrong with its bytes."""
    try:
        _walk(memoryview(payload), descriptor, "", _DEPTH_MAX)
    except _WireFault as fault:
        return fault.violation
    return Violation(field=descriptor.name, description="is not a message of the contract")


def _walk(data: memoryview, descriptor: Descriptor, prefix: str, depth: int) -> None:
    here = prefix or descriptor.name
    if depth == 0:
        raise _WireFault(here, "is nested too deeply")
    fields = descriptor.fields_by_number
    seen: dict[int, int] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at, here)
        number, wire_type = tag >> 3, tag & 7
        field = fields.get(number)
        index = seen.get(number, 0)
        seen[number] = index + 1
        path = _path(prefix, field, index) if field else here
        value, at = _value(data, at, wire_type, path)
        if number == 0:
            raise _WireFault(here, "holds a field of number 0")
        if field is not None and wire_type == LENGTH:
            _look_into(value, field, path, depth)


def _path(prefix: str, field: FieldDescriptor, index: int) -> str:
    name = f"{field.name}[{index}]" if field.is_repeated else field.name
    return f"{prefix}.{name}" if prefix else name


def _value(data: memoryview, at: int, wire_type: int, path: str) -> tuple[memoryview, int]:
    if wire_type == VARINT:
        _, end = _varint(data, at, path)
    elif wire_type == LENGTH:
        size, at = _varint(data, at, path)
        end = at + size
    elif wire_type in _FIXED_SIZE:
        end = at + _FIXED_SIZE[wire_type]
    else:
        raise _WireFault(path, f"has wire type {wire_type}, which the contract does not use")
    if end > len(data):
        raise _WireFault(path, f"breaks off: {end - len(data)} bytes are missing")
    return data[at:end], end


def _varint(data: memoryview, at: int, path: str) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise _WireFault(path, "breaks off inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _WireFault(path, "holds a number longer than 64 bits")


def _look_into(value: memoryview, field: FieldDescriptor, path: str, depth: int) -> None:
    if field.type == FieldDescriptor.TYPE_STRING:
        try:
            str(value, "utf-8")
        except UnicodeDecodeError as error:
            raise _WireFault(path, f"not valid UTF-8 at byte {error.start}") from error
    elif field.message_type is not None:
        _walk(value, field.message_type, path, depth - 1)
