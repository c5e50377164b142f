"""Bounds how often the provider is asked in vain: for an account, and for a document's number.

What failed is counted in the store. What is under way in this service counts as if it would
fail, so that many calls at once get no more tries than one after the other. The bound is that of
one service: of several that share their verifications each learns of the others' failures once
they are published, and of what is under way there it knows nothing.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from risk_service.decisions.real_names.policy import RealNamePolicy
from risk_service.decisions.real_names.verifying import VerificationAttempt
from risk_service.domain.errors import RequestIdReused, TooManyAttempts, Violation
from risk_service.domain.text import LocalizedText
from risk_service.domain.verification import AttemptOf
from risk_service.ports import Clock, VerificationStore

_FIELDS: dict[AttemptOf, str] = {"account": "account_id", "real_name": "real_name_id"}
_Key = tuple[AttemptOf, str]
_UNITS = ((3600, "小时", "hour"), (60, "分钟", "minute"), (1, "秒", "second"))


class Attempts:
    """Admits attempts that the provider is to be asked about. Used by one thread.

    Parameters
    ----------
    store
        Keeps the attempts that failed.
    """

    def __init__(self, store: VerificationStore, policy: RealNamePolicy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        limits = policy.attempts
        self._most: dict[AttemptOf, int] = {
            "account": limits.failed_per_account_max,
            "real_name": limits.failed_per_real_name_max,
        }
        # Request ids; one that is repeated meanwhile stands here twice.
        self._under_way: defaultdict[_Key, list[str]] = defaultdict(list)
        self._payloads: defaultdict[str, list[bytes]] = defaultdict(list)

    @contextmanager
    def one_payload(self, attempt: VerificationAttempt) -> Iterator[None]:
        """Hold the request id for the attempt's payload until what came of it is stored.

        Of two payloads only one could be stored, and the provider's no to the other counted
        nowhere.

        Raises
        ------
        RequestIdReused
            The id is under way with another payload.
        """
        payloads, fingerprint = self._payloads[attempt.request_id], attempt.fingerprint
        if any(one != fingerprint for one in payloads):
            raise RequestIdReused("the request id is under way with another payload")
        payloads.append(fingerprint)
        try:
            yield
        finally:
            payloads.remove(fingerprint)
            if not payloads:
                del self._payloads[attempt.request_id]

    @contextmanager
    def under_way(self, attempt: VerificationAttempt) -> Iterator[None]:
        """Hold a try for the attempt until what came of it is stored, or nothing came of it.

        Raises
        ------
        TooManyAttempts
            None is left; names the fields, and from when on there is one.
        """
        keys: tuple[_Key, ...] = (("account", attempt.account), ("real_name", attempt.real_name))
        self._require(keys, attempt.request_id)
        for key in keys:
            self._under_way[key].append(attempt.request_id)
        try:
            yield
        finally:
            for key in keys:
                self._under_way[key].remove(attempt.request_id)
                if not self._under_way[key]:
                    del self._under_way[key]

    def _require(self, keys: tuple[_Key, ...], request_id: str) -> None:
        now_us = self._clock.now_us()
        found = [(key, self._free_at_us(key, request_id, now_us)) for key in keys]
        used_up = [(key, free_at_us) for key, free_at_us in found if free_at_us > now_us]
        if not used_up:
            return
        retry_after_s = math.ceil((max(at for _, at in used_up) - now_us) / 1e6)
        limits = self._policy.attempts
        raise TooManyAttempts(
            tuple(self._violation(key, at) for key, at in used_up),
            retry_after_s,
            _filled(LocalizedText(zh=limits.customer_zh, en=limits.customer_en), retry_after_s),
        )

    def _free_at_us(self, key: _Key, request_id: str, now_us: int) -> int:
        """Return from when on a try is left; now or before when there is one."""
        kind, token = key
        most, window_us = self._most[kind], self._policy.attempts.window_us
        failed = self._store.failed(kind, token, now_us - window_us)
        others = set(self._under_way.get(key, ())) - failed.keys() - {request_id}
        if len(failed) >= most:
            return sorted(failed.values())[-most] + window_us
        if len(failed) + len(others) >= most:
            # They may pass, or be told nothing: known as soon as the provider's time is over.
            return now_us + int(self._policy.timeout_s * 1e6)
        return now_us

    def _violation(self, key: _Key, free_at_us: int) -> Violation:
        kind, _ = key
        free_at = datetime.fromtimestamp(math.ceil(free_at_us / 1e6), UTC)
        words = (
            f"{self._most[kind]} attempts failed or are under way within "
            f"{self._policy.attempts.window_hours} h; try again at {free_at:%Y-%m-%dT%H:%M:%SZ}"
        )
        return Violation(field=_FIELDS[kind], description=words)


def _filled(text: LocalizedText, wait_s: int) -> LocalizedText:
    """Write how long to wait into a text: never less than it is, in units that people use."""
    size_s, zh, en = next(unit for unit in _UNITS if wait_s > unit[0] or unit[0] == 1)
    count = math.ceil(wait_s / size_s)
    return LocalizedText(
        zh=text.zh.replace("{wait}", f"{count} {zh}"),
        en=text.en.replace("{wait}", f"{count} {en}" if count == 1 else f"{count} {en}s"),
    )
