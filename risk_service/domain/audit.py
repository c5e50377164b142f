"""The trail of changes: who changed what, when, from what to what."""

from msgspec import Struct


class AuditRow(Struct, frozen=True, kw_only=True):
    """One change. ``before`` and ``after`` are JSON texts and hold no raw identifier.

    ``action`` is a stable name such as ``rules.approve``; ``subject`` names what changed, such as
    ``rules/7``. Times are microseconds since 1970 UTC.
    """

    at_us: int
    actor_id: str
    action: str
    subject: str
    before: str
    after: str


class NumberedRow(Struct, frozen=True, kw_only=True):
    """A row of the trail and its place in it: 1, 2, 3, without gaps."""

    number: int
    row: AuditRow


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Which rows are asked for; empty texts stand for any."""

    after_number: int = 0
    limit: int = 100
    actor_id: str = ""
    action: str = ""
    subject: str = ""
