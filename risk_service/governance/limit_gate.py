"""Holds limit policies against those of before: what counters remember must go on to count.

A rolling window with a small cap notes each order by itself, one with a large cap notes tiles of
time under their beginning. Read exactly, a tile would leave the window up to its length too early:
more would be granted than the limit says. So a policy comes back from tiles only once the last
of them has left the window, or says that it stays with tiles.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from risk_service.domain.errors import RiskError, Violation
from risk_service.domain.governed import PublishedKind, Sources
from risk_service.governance.stores import PublicationStore
from risk_service.limits.book import LimitBook
from risk_service.limits.fault_words import words
from risk_service.limits.policy import Policy
from risk_service.limits.windows import EXACT_CAP_MAX, Rolling

# So many changes of what is in force are looked back at, at most.
HISTORY_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitGate:
    """Compares a version with those that were in force as far back as its windows reach.

    Parameters
    ----------
    read
        Makes policies of sources.
    now_us
        The clock of the trail.
    """

    store: PublicationStore
    read: Callable[[Sources], LimitBook]
    now_us: Callable[[], int]

    def faults(self, proposed: LimitBook, file: str) -> tuple[Violation, ...]:
        """Return what would forget too early; each names the line of its policy."""
        exact = {policy.shape: policy for policy, _ in _rolling(proposed, tiles=False)}
        found: dict[str, Violation] = {}
        if exact:
            for shape, window in self._tiled():
                if shape in exact:
                    found.setdefault(shape, _fault(exact[shape], window, file))
        return tuple(found.values())

    def _tiled(self) -> Iterator[tuple[str, Rolling]]:
        """Yield the counters that still hold tiles within their window."""
        now_us = until_us = self.now_us()
        for at_us, number in self.store.history(PublishedKind.LIMITS, HISTORY_MAX):
            for policy, window in _rolling(self._book(number), tiles=True):
                if now_us - until_us < window.span_us + window.tile_us:
                    yield policy.shape, window
            until_us = min(until_us, at_us)

    def _book(self, number: int) -> LimitBook:
        sources = self.store.sources(number)
        try:
            return self.read(sources)
        except RiskError:
            # An older version of the service took it; this one cannot tell what it counted.
            return LimitBook(())


def _rolling(book: LimitBook, *, tiles: bool) -> Iterator[tuple[Policy, Rolling]]:
    for policy in book.policies:
        window = policy.window
        if policy.counts and isinstance(window, Rolling) and (window.tile_us > 1) is tiles:
            yield policy, window


def _fault(policy: Policy, window: Rolling, file: str) -> Violation:
    told = words(
        "back_from_tiles",
        span=window.text.removeprefix("rolling "),
        tile_s=f"{window.tile_us / 1e6:g}",
        exact=EXACT_CAP_MAX,
    )
    text = words("of_policy", id=policy.id, words=told)
    return Violation(field=f"{file}:{policy.line}", description=text.en, description_zh=text.zh)
