"""One event as the windows see it: who, what, when, how much.

Knows nothing of orders: which fields and columns there are is declared with the windows.
"""

from msgspec import Struct


class Event(Struct, frozen=True, gc=False):
    """Something that happened, in the terms of one set of windows.

    ``kind`` is the place in the set's kinds, ``at_us`` the time at which it happened
    (microseconds since 1970 UTC). ``fields`` and ``columns`` run as the set declares them;
    a field that is missing is empty, a column that is unknown is 0.
    """

    event_id: str
    kind: int
    at_us: int
    fields: tuple[str, ...]
    columns: tuple[int, ...]
