"""Runs gathered calls of the reservation service, so that a fault in one fails no other."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.reservation import LedgerAnswer, LedgerCall
from risk_service.ports import ReservationLedger
from risk_service.rpc.gather import Gatherer

Calls = Gatherer[LedgerCall, LedgerAnswer | Exception]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsDesk:
    """Does groups of calls in the ledger.

    Parameters
    ----------
    now_us
        The clock.
    """

    ledger: ReservationLedger
    now_us: Callable[[], int]

    def run(self, calls: Sequence[LedgerCall]) -> list[LedgerAnswer | Exception]:
        """Return one answer per call, durable, or the error to report.

        A store that is down is the group's fault; any other error hits the call that triggers
        it and no other. A group may come again because the ledger knows each of its calls: what
        was durable before the error gets the same answer.
        """
        try:
            return list(self.ledger.run(calls, self.now_us()))
        except StoreUnavailable as error:
            return [error] * len(calls)
        except Exception as error:  # noqa: BLE001 - one call's fault must not fail its neighbours
            if len(calls) == 1:
                return [error]
        log.warning("limit_calls_run_again", extra={"calls": len(calls)})
        return [self.run([call])[0] for call in calls]
