"""Holds of a group that are durable already, and how they are taken back."""

import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from risk_service.adapters.postgres.bounded import BoundedDraft, Change
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.grant import Grant
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.reservation import TAKEN_OVER, ended

log = logging.getLogger(__name__)


class PostgresReserved:
    """Implements ``ports.Reserved``.

    Parameters
    ----------
    changes
        What the holds changed.
    let_go
        Takes changes back, durably.
    """

    def __init__(
        self,
        grants: Sequence[Grant],
        changes: Sequence[Change],
        let_go: Callable[[Sequence[Change]], None],
    ) -> None:
        self.grants = grants
        self._changes = changes
        self._let_go = let_go

    def dropped(self) -> None:
        """Take the holds back: the decisions could not be made durable. May come twice.

        When PostgreSQL is gone as well, they end at their time.
        """
        changes, self._changes = self._changes, ()
        if not changes:
            return
        try:
            self._let_go(changes)
        except StoreUnavailable as error:
            log.warning("holds_not_dropped", extra={"orders": len(changes), "error": str(error)})


def let_go(draft: BoundedDraft, change: Change, now_us: int) -> None:
    """Take one change back, unless the reservation has changed since.

    An earlier hold that was taken over stands again, if there is still room for it.
    """
    found = draft.reservation(change.reservation_id)
    if found is None or draft.version(change.reservation_id) != change.version:
        return
    if found.state is State.HELD:
        draft.put(ended(found, State.EXPIRED, TAKEN_OVER, now_us))
    earlier = change.before
    if earlier is None or not earlier.is_held_at(now_us):
        return
    again = replace(earlier, generation=found.generation + 1)
    draft.put(again)
    if not draft.fits(again):
        draft.put(ended(again, State.EXPIRED, TAKEN_OVER, now_us))
