"""Refuses what is hopeless before PostgreSQL is asked, by counters that Redis follows.

Redis is asked only while the ledger itself is refusing, as in a drop that is sold out; else
nothing could come of it. It is told of counters that are used up, of those that had refused
somebody, and of those that went down. What it knows is a lower bound for lack of the rest:
an order that is refused by it alone is refused by the ledger too, or would have been a
moment ago.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from risk_service.adapters.postgres.base import Moment
from risk_service.adapters.postgres.bounded import BoundedDraft
from risk_service.adapters.postgres.connection import Rows
from risk_service.adapters.redis.admission import Figure, RedisAdmission
from risk_service.domain.grant import Grant
from risk_service.domain.reservation import HoldRequest
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import LimitBook
from risk_service.limits.claims import Claims
from risk_service.limits.draft import Draft
from risk_service.limits.reservation import Reservation
from risk_service.limits.steps import claims_of
from risk_service.limits.used import Cells, Used
from risk_service.limits.weigh import weigh
from risk_service.limits.windows import EVERYTHING

# How long after a refusal the next one is likely enough to ask Redis first.
REFUSING_S = 5.0
ROOTS_MAX = 100_000


class Admission:
    """Knows when it pays to ask Redis, and what to tell it. Used by one thread.

    Parameters
    ----------
    counters
        What Redis knows.
    clock
        Seconds, monotonic.

    Attributes
    ----------
    refused
        How many orders were refused without their counters being read in PostgreSQL.
    """

    def __init__(
        self, counters: RedisAdmission, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._refusing_until_s = 0.0
        self._roots: dict[str, str] = {}
        self.refused = 0

    @property
    def is_asking(self) -> bool:
        """Return whether the ledger has refused lately, so that it pays to ask Redis."""
        return self._clock() < self._refusing_until_s

    def hopeless(
        self, requests: Sequence[HoldRequest], book: LimitBook, now_us: int
    ) -> dict[int, Grant]:
        """Return the refusals of those that Redis knows to be refused, by place."""
        if not self.is_asking:
            return {}
        claimed = {
            place: claims_of(Draft(_Clusters(self._roots)), book, request.demand, now_us)
            for place, request in enumerate(requests)
            if request.ttl_us > 0
        }
        counters = {counter for claims in claimed.values() for counter in _single_cells(claims)}
        used = self._counters.used(sorted(counters))
        refusals = {}
        for place, claims in claimed.items():
            grant = _weighed(claims, requests[place], used)
            if grant is not None:
                refusals[place] = grant
        self.refused += len(refusals)
        return refusals

    def answered(self, grants: Iterable[Grant], moment: Moment) -> None:
        """Learn what the ledger said to a group, and what it read for it."""
        if any(_is_used_up(grant) for grant in grants):
            self._refusing_until_s = self._clock() + REFUSING_S
            figures = [
                Figure(key, seq, used, moment.asked_s) for key, used, seq in moment.single_cells()
            ]
            self._counters.follow(figures)
            if len(self._roots) > ROOTS_MAX:
                self._roots.clear()
            # For good: clusters grow together and never part.
            self._roots |= moment.roots()

    def wrote(self, draft: BoundedDraft, counters: Rows, asked_s: float) -> None:
        """Tell what the ledger has committed."""
        self._counters.follow(
            [
                Figure(counter, sequence, used, asked_s)
                for counter, used, sequence in counters
                if draft.tells(counter, used)
            ]
        )
        if not self.is_asking:
            self._counters.settle()

    def close(self) -> None:
        """Close the connections."""
        self._counters.close()


class _Clusters:
    """A ledger in which nothing was used. Implements ``limits.draft.Base``."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        self._roots = roots

    def reservation(self, reservation_id: str) -> Reservation | None:
        """Return None."""
        return None

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return no cells."""
        return {}

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return no counters."""
        return {}

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under."""
        return self._roots.get(account, account)


def _is_used_up(grant: Grant) -> bool:
    """Tell whether a counter has refused: nothing else could be refused by counters again."""
    return grant.outcome > Outcome.LIMIT_QUANTITY and any(use.blocking for use in grant.uses)


def _single_cells(claims: Claims) -> list[str]:
    return [
        counter
        for claim in claims.claims
        if claim.policy.window.counts and claim.place.since_us == EVERYTHING
        for _, counter in claim.counters
    ]


def _weighed(claims: Claims, request: HoldRequest, used: Mapping[str, int]) -> Grant | None:
    """Return the refusal, or None. It names only the limits that are known to refuse."""

    def read(counter: str, since_us: int) -> Used:
        known = used.get(counter, 0)
        return Used(since_us=since_us, total=known, oldest_us=0) if known else Used(since_us)

    grant = weigh(claims, request.demand, read, partial=request.partial).grant
    if grant.outcome <= Outcome.LIMIT_QUANTITY:
        return None
    return replace(grant, uses=tuple([use for use in grant.uses if use.blocking]))
