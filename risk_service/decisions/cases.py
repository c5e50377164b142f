"""From attempts to cases: what was answered before, what is refused, what must be decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from risk_service.decisions.attempt import Attempt, ChallengeReport
from risk_service.decisions.live import DecisionIds
from risk_service.decisions.policy import promotions_of
from risk_service.decisions.repeats import repeats
from risk_service.domain.decision import ChallengeCompletion, Decision, DecisionRecord
from risk_service.domain.errors import ChallengeNotOpen, RequestIdReused
from risk_service.domain.order import Order, RawOrder
from risk_service.domain.vocabulary import ChallengeResult, PromotionType, VerificationLevel
from risk_service.ports import DecisionStore

Answer = Decision | Exception
Tokenise = Callable[[RawOrder], Order]


class Case(Struct, frozen=True, gc=False):
    """An attempt that needs a new decision."""

    attempt: Attempt
    order: Order
    promotions: frozenset[PromotionType]
    number: int
    decision_id: str
    completion: ChallengeCompletion | None

    @property
    def result(self) -> ChallengeResult | None:
        """Return how the challenge ended that led here, if one did."""
        return None if self.completion is None else self.completion.result


def as_it_is(order: Order, _now_us: int) -> Order:
    """Return an order whose customer is verified to what the shop says."""
    return order


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Forms the cases of groups of attempts.

    Parameters
    ----------
    tokenise
        Turns a raw order into one without raw identifiers.
    verified
        Raises an order's verification level to what its account is verified to at a time.
    """

    tokenise: Tokenise
    store: DecisionStore
    decision_ids: DecisionIds
    verified: Callable[[Order, int], Order] = as_it_is

    def known(self, attempts: Sequence[Attempt]) -> tuple[dict[int, Answer], dict[int, int]]:
        """Answer repeated request ids; return also which attempt repeats which."""
        stored = self.store.by_request_ids([attempt.request_id for attempt in attempts])
        answered, first_of = repeats(attempts, stored)
        answers: dict[int, Answer] = {
            index: one if isinstance(one, RequestIdReused) else one.decision
            for index, one in answered.items()
        }
        return answers, first_of

    def form(
        self,
        fresh: Sequence[int],
        attempts: Sequence[Attempt],
        answers: dict[int, Answer],
        now_us: int,
    ) -> dict[int, Case]:
        """Return what must be decided, by place; puts refusals into ``answers``."""
        drafts: dict[int, tuple[Order, DecisionRecord | None]] = {}
        for index in fresh:
            try:
                drafts[index] = self._draft(attempts[index], now_us)
            except ChallengeNotOpen as error:
                answers[index] = error
        return self._numbered(attempts, drafts, answers)

    def _draft(self, attempt: Attempt, now_us: int) -> tuple[Order, DecisionRecord | None]:
        """Return the tokenised order, and the decision whose challenge has ended."""
        subject = attempt.subject
        if isinstance(subject, RawOrder):
            return self.verified(self.tokenise(subject), now_us), None
        record = self.store.by_challenge_id(subject.challenge_id)
        challenge = record.decision.challenge if record else None
        if record is None or challenge is None:
            raise ChallengeNotOpen("there is no such challenge: a CHALLENGE names its id")
        if challenge.expires_at_us <= now_us:
            raise ChallengeNotOpen("the challenge has expired")
        order = self.verified(record.order, now_us)
        if subject.verification_level is VerificationLevel.UNSPECIFIED:
            return order, record
        return replace(order, verification_level=subject.verification_level), record

    def _numbered(
        self,
        attempts: Sequence[Attempt],
        drafts: dict[int, tuple[Order, DecisionRecord | None]],
        answers: dict[int, Answer],
    ) -> dict[int, Case]:
        last = self.store.last_numbers([order.order_id for order, _ in drafts.values()])
        cases: dict[int, Case] = {}
        for index, (order, challenged) in drafts.items():
            number = last.get(order.order_id, 0)
            if challenged is not None and challenged.decision.number != number:
                answers[index] = ChallengeNotOpen(
                    "the challenge was completed, or the order has a newer decision"
                )
                continue
            last[order.order_id] = number + 1
            attempt = attempts[index]
            cases[index] = Case(
                attempt,
                order,
                promotions_of(order),
                number + 1,
                self.decision_ids.of(attempt.request_id),
                _completion(attempt.subject),
            )
        return cases


def _completion(subject: RawOrder | ChallengeReport) -> ChallengeCompletion | None:
    if isinstance(subject, RawOrder):
        return None
    return ChallengeCompletion(challenge_id=subject.challenge_id, result=subject.result)
