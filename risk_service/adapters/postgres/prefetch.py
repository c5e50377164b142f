"""What a group of calls will most likely read, so that one reading is enough."""

from collections.abc import Iterable, Sequence

from risk_service.adapters.postgres.base import Moment, Wanted
from risk_service.adapters.postgres.reading import Question
from risk_service.domain.grant import Demand
from risk_service.limits.book import LimitBook
from risk_service.limits.draft import Draft, PrefetchedClaims


class Prefetch:
    """Rows to read ahead, and what was claimed on the way, good for one time of the ledger.

    Parameters
    ----------
    names
        Reservations that will be looked up.
    demands
        What will be weighed.

    Attributes
    ----------
    question
        What was asked ahead for it, until it is answered.
    """

    def __init__(
        self, names: Iterable[str], demands: Sequence[Demand], book: LimitBook, at_us: int
    ) -> None:
        self.wanted = Wanted()
        self.at_us = at_us
        self.question: Question | None = None
        self.names = frozenset(names)
        # Claims go by the demands' identity: they must live as long.
        self._demands = demands
        self.claims: dict[int, PrefetchedClaims] = {}
        draft = Draft(Moment(self.wanted, read=False))
        for name in self.names:
            draft.reservation(name)
        for demand in demands:
            if book.concerns(demand):
                self._claim(draft, book, demand)

    def _claim(self, draft: Draft, book: LimitBook, demand: Demand) -> None:
        cluster = ""
        reads_cluster = book.reads_cluster(demand)
        if reads_cluster:
            cluster = draft.merge(demand.cluster, demand.subjects.get("account", ""))
        claims = book.claims(demand, self.at_us, cluster)
        self.claims[id(demand)] = PrefetchedClaims(reads_cluster, cluster, claims)
        for claim in claims.claims:
            if claim.policy.window.counts:
                for _, counter in claim.counters:
                    self.wanted.want_cells(counter, claim.place.since_us)
