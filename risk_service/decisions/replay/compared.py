"""What a replay says of one decision: the same, different, or left, part by part."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct


class Part(StrEnum):
    """What is decided again, in the order in which a decision goes."""

    VECTOR = "vector"
    SCORES = "scores"
    RULES = "rules"
    OUTCOME = "outcome"
    REASONS = "reasons"


class Lacking(StrEnum):
    """What is not at hand in the version that decided."""

    SCHEMA = "feature_schema"
    BUNDLE = "bundle"
    RULES = "rules"
    POLICY = "policy"
    TEXTS = "reason_texts"


class Left(Struct, frozen=True):
    """Why a part was not decided again."""

    lacking: Lacking
    version: str


class Differs(Struct, frozen=True):
    """A part as it is recorded and as it came out now, as JSON."""

    recorded: str
    again: str


# None: the same to the last bit.
Finding = Left | Differs | None


class Replayed(Struct, frozen=True):
    """What became of every part of one decision."""

    decision_id: str
    parts: Mapping[Part, Finding]


def compared(recorded: object, again: object) -> Differs | None:
    """Return how two values differ; the bits of their numbers count, so that NaN equals NaN."""
    pack = msgspec.msgpack.encode
    if pack(recorded) == pack(again):
        return None
    return Differs(*(msgspec.json.encode(one).decode() for one in (recorded, again)))
