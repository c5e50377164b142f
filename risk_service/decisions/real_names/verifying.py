"""The use case of a verification: what was checked in, what the account is verified to out.

The provider is asked before, off the loop; here its answer becomes a level. Its silence
becomes no level and no record: the same request may come again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from risk_service import __version__
from risk_service.decisions.real_names.policy import RealNamePolicy
from risk_service.decisions.real_names.verified import Verified
from risk_service.decisions.repeats import REUSED
from risk_service.domain.errors import RequestIdReused, StoreUnavailable
from risk_service.domain.verification import (
    PhoneCodeResult,
    ProviderAnswer,
    RealNameResult,
    Verification,
)
from risk_service.domain.vocabulary import VerificationLevel
from risk_service.ports import Clock, VerificationStore

log = logging.getLogger(__name__)


class VerificationAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """A valid request, tokenised, with what the provider said of it.

    ``real_name`` is empty when no name was handed in; then ``answer`` is None.
    """

    request_id: str
    fingerprint: bytes
    account: str
    real_name: str
    phone: PhoneCodeResult
    provider: str = ""
    answer: ProviderAnswer | None = None

    @property
    def phone_failed(self) -> bool:
        """Tell whether the phone code was wrong: then nothing else is looked at."""
        return self.phone is PhoneCodeResult.FAILED

    def asked(self, provider: str) -> "VerificationAttempt":
        """Return the attempt as handed to a provider."""
        return replace(self, provider=provider)

    def answered(self, answer: ProviderAnswer) -> "VerificationAttempt":
        """Return the attempt with the provider's answer."""
        return replace(self, answer=answer)


Answer = Verification | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """Verifies groups of accounts and makes it durable."""

    store: VerificationStore
    verified: Verified
    policy: RealNamePolicy
    clock: Clock

    def known(self, request_id: str, fingerprint: bytes) -> Verification | None:
        """Return the stored answer to a request, or None.

        Raises
        ------
        RequestIdReused
            The id was used before with another payload.
        """
        stored = self.store.by_request_ids([request_id]).get(request_id)
        return _checked(stored, fingerprint)

    def unavailable(self, attempt: VerificationAttempt) -> Verification:
        """Return the answer when the provider gave none: what was in force stays, no more."""
        return self._told(attempt, RealNameResult.PROVIDER_UNAVAILABLE, VerificationLevel.L0, 0)

    def verify(self, attempts: Sequence[VerificationAttempt]) -> list[Answer]:
        """Return one answer per attempt: durable, or the error to report.

        A store that is down is the group's fault; any other error hits the attempt that
        triggers it and no other.
        """
        try:
            return self._verify(attempts)
        except StoreUnavailable as error:
            return [error] * len(attempts)
        except Exception as error:  # noqa: BLE001 - one attempt's fault must not fail its neighbours
            if len(attempts) == 1:
                return [error]
        log.warning("group_run_again", extra={"orders": len(attempts)})
        return [self.verify([attempt])[0] for attempt in attempts]

    def _verify(self, attempts: Sequence[VerificationAttempt]) -> list[Answer]:
        stored = self.store.by_request_ids([attempt.request_id for attempt in attempts])
        answers: list[Answer] = []
        fresh: list[Verification] = []
        for attempt in attempts:
            try:
                known = _checked(stored.get(attempt.request_id), attempt.fingerprint)
            except RequestIdReused as error:
                answers.append(error)
                continue
            if known is None:
                known = self._decided(attempt, fresh)
                stored[attempt.request_id] = known
                fresh.append(known)
            answers.append(known)
        if fresh:
            self.store.commit(fresh)
            self.verified.forget([one.account for one in fresh])
        return answers

    def _decided(self, attempt: VerificationAttempt, fresh: Sequence[Verification]) -> Verification:
        now_us = self.clock.now_us()
        result, level = _found(attempt)
        accounts = 0
        if level >= VerificationLevel.L2:
            mine = {one.account for one in fresh if one.real_name == attempt.real_name}
            known = self.store.accounts_of(attempt.real_name, now_us) | mine
            accounts = len(known | {attempt.account})
            is_new = attempt.account not in known
            if is_new and accounts > self.policy.accounts_max and self.policy.refuses_above:
                result = RealNameResult.TOO_MANY_ACCOUNTS
                level = _phone_level(attempt)
        return self._told(attempt, result, level, accounts, fresh)

    def _told(
        self,
        attempt: VerificationAttempt,
        result: RealNameResult,
        level: VerificationLevel,
        accounts: int,
        fresh: Sequence[Verification] = (),
    ) -> Verification:
        now_us = self.clock.now_us()
        own = Verification(
            request_id=attempt.request_id,
            fingerprint=attempt.fingerprint,
            account=attempt.account,
            # Only what was found true is kept: somebody else's number is not this account's.
            real_name=attempt.real_name if level >= VerificationLevel.L2 else "",
            result=result,
            level=level,
            verified_at_us=now_us,
            expires_at_us=self.policy.expires_at_us(level, now_us),
            provider=attempt.provider,
            accounts_of_real_name=accounts,
            in_force_level=level,
            in_force_until_us=0,
            policy=self.policy.version,
            service=__version__,
        )
        if attempt.answer is not None and result is not RealNameResult.VERIFIED:
            own = replace(own, refused_name=attempt.real_name)
        before = self.store.in_force([attempt.account], now_us).values()
        mine = [one for one in fresh if one.account == attempt.account]
        best = max([*before, *mine, own], key=lambda one: (one.level, one.expires_at_us))
        return replace(own, in_force_level=best.level, in_force_until_us=best.expires_at_us)


def _found(attempt: VerificationAttempt) -> tuple[RealNameResult, VerificationLevel]:
    """Return what the evidence shows: one piece that is wrong leaves at most the phone."""
    phone, answer = _phone_level(attempt), attempt.answer
    if attempt.phone_failed:
        return RealNameResult.PHONE_FAILED, VerificationLevel.L0
    if answer is None:
        return RealNameResult.VERIFIED, phone
    if not answer.name_matches or answer.face_matches is False:
        return RealNameResult.MISMATCH, phone
    level = VerificationLevel.L3 if answer.face_matches else VerificationLevel.L2
    return RealNameResult.VERIFIED, level


def _phone_level(attempt: VerificationAttempt) -> VerificationLevel:
    passed = attempt.phone is PhoneCodeResult.PASSED
    return VerificationLevel.L1 if passed else VerificationLevel.L0


def _checked(stored: Verification | None, fingerprint: bytes) -> Verification | None:
    if stored is not None and stored.fingerprint != fingerprint:
        raise RequestIdReused(REUSED)
    return stored
