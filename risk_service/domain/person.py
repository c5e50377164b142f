"""Who compliance asks about: tokens of a person's identifiers, or orders, and a span of time.

Times are microseconds since 1970 UTC.
"""

from msgspec import Struct

from risk_service.domain.listed import EntityKind

# By what a person is asked for; an IP address or a building belongs to many.
PERSON_KINDS = (
    EntityKind.ACCOUNT, EntityKind.DEVICE, EntityKind.PAYMENT, EntityKind.PHONE,
    EntityKind.REAL_NAME, EntityKind.ADDRESS_DOOR,
)  # fmt: skip
ROWS_MAX = 1_000_000


class Identifier(Struct, frozen=True):
    """One identifier of a person, as its token."""

    kind: EntityKind
    token: str

    @property
    def name(self) -> str:
        """Return what the trail calls it."""
        return f"{self.kind.value}/{self.token}"


class PersonQuestion(Struct, frozen=True, kw_only=True):
    """What is asked for: records that show any of the identifiers, or belong to the orders.

    ``since_us`` is the first moment that counts, ``until_us`` the first that no longer does.
    ``rows`` is how many of each kind of record are kept, the newest.
    """

    identifiers: tuple[Identifier, ...] = ()
    orders: tuple[str, ...] = ()
    since_us: int = 0
    until_us: int = 2**62
    rows: int = 10_000

    def within(self, at_us: int) -> bool:
        """Tell whether a time is asked for."""
        return self.since_us <= at_us < self.until_us


class Asker(Struct, frozen=True, kw_only=True):
    """Who asks, and why; both stand in the trail."""

    actor_id: str
    why: str
