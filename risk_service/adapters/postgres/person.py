"""Reads reservations of a person out of a shared ledger, a page of keys at a time."""

from collections.abc import Collection, Iterator, Sequence
from typing import LiteralString

from risk_service.adapters.postgres.base import AFTER_RESERVATIONS, RESERVATION, decode
from risk_service.adapters.postgres.connection import Session
from risk_service.limits.reservation import Reservation

PAGE_ROWS = 5_000
# The server looks through a page and sends what is wanted, and the last key to go on from.
_PAGE: LiteralString = """
WITH page AS (
    SELECT key, record FROM ledger_records WHERE key > %s AND key < %s ORDER BY key LIMIT %s
)
SELECT key, CASE WHEN key = ANY(%s::text[])
    OR EXISTS (SELECT FROM unnest(%s::bytea[]) AS t (token) WHERE position(t.token IN record) > 0)
    THEN record END
FROM page
WHERE key = ANY(%s::text[])
    OR EXISTS (SELECT FROM unnest(%s::bytea[]) AS t (token) WHERE position(t.token IN record) > 0)
    OR key = (SELECT max(key) FROM page)
ORDER BY key
"""


class PostgresReservationRows:
    """Implements ``decisions.person.stores.ReservationRows``.

    Every statement is short, so that it stands in nobody's way and within its time.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def reservations(self, tokens: Sequence[str], ids: Collection[str]) -> Iterator[Reservation]:
        """Yield reservations.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            No answer in time, or no such ledger.
        """
        keys = [RESERVATION + one for one in ids]
        needles = [token.encode() for token in tokens]
        behind = RESERVATION
        while True:
            asked = (behind, AFTER_RESERVATIONS, PAGE_ROWS, keys, needles, keys, needles)
            rows = self._session.look(_PAGE, asked)
            yield from (decode(record) for _, record in rows if record is not None)
            if not rows:
                return
            behind = rows[-1][0]
