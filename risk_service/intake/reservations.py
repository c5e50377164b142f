"""What reported events do to reservations: paid confirms, cancelled and returned give back.

The ledger is told before the log has the events. It knows a call again, so after a failure the
group may come again; and an event that the log has was never forgotten here.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from risk_service.domain.errors import RiskError
from risk_service.domain.order import Order
from risk_service.domain.reported import LifeEvent
from risk_service.domain.reservation import LedgerCall, Pay
from risk_service.limits.calls import reservation_id_of
from risk_service.limits.order_events import call_of
from risk_service.ports import ReservationLedger

log = logging.getLogger(__name__)

Happened = tuple[LifeEvent, Order]
Count = Callable[[str], None]
LATE, REFUND, FAILED = "charged_late", "refund_required", "failed"


def _ignore(_what: str) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """Follows the life of orders in the ledger.

    Parameters
    ----------
    count
        Told about every order that was paid without a hold (``charged_late``), paid after it
        was cancelled (``refund_required``), or whose call failed (``failed``).
    """

    ledger: ReservationLedger
    count: Count = _ignore

    def follow(self, happened: Sequence[Happened], now_us: int) -> None:
        """Let events confirm holds and give quota back.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            The ledger took none of them.
        """
        calls = [call for event, order in happened if (call := call_of(event, order)) is not None]
        if not calls:
            return
        for call, answer in zip(calls, self.ledger.run(calls, now_us), strict=True):
            if isinstance(answer, RiskError):
                self._report(FAILED, call)
            elif isinstance(call, Pay) and answer.late:
                self._report(LATE, call)
            elif isinstance(call, Pay) and answer.refund_required:
                self._report(REFUND, call)

    def _report(self, what: str, call: LedgerCall) -> None:
        """Say it where operators look; the ledger's row says it for ever."""
        self.count(what)
        reservation_id = reservation_id_of(call)
        log.warning(f"reservation_{what}", extra={"reservation_id": reservation_id})  # noqa: G004 - one of three event names
