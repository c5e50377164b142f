"""How people name a counter of a subject: the value counted per, and a campaign or session.

Where a policy counts by campaign or session, the period follows behind a blank. Ids may hold
blanks themselves, so a text is understood by the counters that there are, and split at its first
blank only where none of them is meant.
"""

from collections.abc import Callable, Iterable

from risk_service.domain.errors import InvalidInput
from risk_service.domain.names import subject_name, window_name
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.count_per import CountPer
from risk_service.limits.policy import OF_GOODS, Policy
from risk_service.limits.windows import DROP, NO_DROP, Campaign, Session, Window

# What a line need not say, and is counted under an empty name then.
_MAY_LACK = (CountPer.SELLER, CountPer.CAMPAIGN)
# The bucket is that of a campaign or session; None where the time tells the period.
ScopeAndBucket = tuple[str, str | None]


def scope_text(window: Window, scope: str, bucket: str) -> str:
    """Return what a counter is called among those of its subject and policy."""
    if not isinstance(window, Campaign | Session):
        return scope
    return f"{scope} {bucket.removeprefix(DROP)}".strip()


def named(policy: Policy, text: str, counters: Callable[[], Iterable[str]]) -> ScopeAndBucket:
    """Return scope and bucket of what a text means.

    Parameters
    ----------
    counters
        Returns those of the subject that there are; asked only where they tell what is meant, as
        a subject such as GLOBAL may have very many.

    Raises
    ------
    InvalidInput
        The text lacks a part, has one too many, or means several counters.
    """
    text = text.strip()
    if not isinstance(policy.window, Campaign | Session):
        if not _can_be(policy, text) and not _is_there(policy, text, counters()):
            raise _wrong(_needed(policy.count_per))
        return text, None
    found = {
        (scope, bucket)
        for _, shape, scope, bucket in (counter.split(SEPARATOR) for counter in counters())
        if shape == policy.shape and scope_text(policy.window, scope, bucket) == text
    }
    if len(found) > 1:
        raise _wrong(refusal("scope_ambiguous"))
    return found.pop() if found else _split(policy, text)


def _can_be(policy: Policy, text: str) -> bool:
    """Tell whether some line has a value of that name: those of goods name their SKU."""
    per = policy.count_per
    if per is CountPer.EVERYTHING:
        return not text
    if per is CountPer.PROMOTION_TYPE:
        return text in PromotionType.__members__
    return bool(text) or per in _MAY_LACK or policy.measure not in OF_GOODS


def _is_there(policy: Policy, text: str, counters: Iterable[str]) -> bool:
    """Tell whether the counter was charged all the same, as versions before this bound did."""
    return any(counter.split(SEPARATOR)[1:3] == [policy.shape, text] for counter in counters)


def _needed(per: CountPer) -> LocalizedText:
    if per is CountPer.EVERYTHING:
        return refusal("scope_left_out")
    if per is CountPer.PROMOTION_TYPE:
        return refusal("scope_word", known=", ".join(PromotionType.__members__))
    return refusal("scope_value", per=subject_name(per.value))


def _split(policy: Policy, text: str) -> ScopeAndBucket:
    """Return scope and bucket of a counter that was never charged."""
    window, per = policy.window, policy.count_per
    scope, _, period = text.partition(" ")
    if per is CountPer.EVERYTHING:
        scope, period = "", text
    elif per is CountPer.CAMPAIGN and isinstance(window, Campaign):
        # Said once it is both; said twice, as usage does, it is halved.
        half = text[: len(text) // 2]
        scope = period = half if text == f"{half} {half}" else text
    if not period:
        raise _wrong(_form(window, per))
    if isinstance(window, Session) and not period.startswith(NO_DROP):
        period = DROP + period
    return scope, period


def _form(window: Window, per: CountPer) -> LocalizedText:
    if per is CountPer.EVERYTHING:
        return refusal("scope_id", window=window_name(window.text))
    return refusal("scope_id_of", window=window_name(window.text), per=subject_name(per.value))


def _wrong(words: LocalizedText) -> InvalidInput:
    return InvalidInput.at("scope", words)
