"""A provider that fails or is silent: nobody is verified, and its words go nowhere."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from risk_service.domain.errors import ProviderUnavailable
from risk_service.domain.verification import ProviderAnswer, RealNameEvidence
from risk_service.rpc.claims_servicer import Provider

# No provider of these tests looks at it.
EVIDENCE = None


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return the threads that ask."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Broken:
    """Fails with what it was told."""

    name = "broken"

    def verify(self, _: RealNameEvidence, __: float) -> ProviderAnswer:
        """Fail."""
        raise ValueError("11010519491231002X is not a number")


class Silent:
    """Answers yes, long after nobody waits any more."""

    name = "silent"

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.ends = threading.Event()

    def verify(self, _: RealNameEvidence, __: float) -> ProviderAnswer:
        """Wait for the test."""
        self.asked.set()
        self.ends.wait(30)
        return ProviderAnswer(name_matches=True)


async def test_a_bug_of_the_provider_verifies_nobody_and_shows_nothing(
    threads: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the type of the error: its words may hold the number of a person."""
    provider = Provider(verifier=Broken(), timeout_s=30.0, threads=threads)
    with pytest.raises(ProviderUnavailable, match="the provider failed") as caught:
        await provider.ask(EVIDENCE)  # type: ignore[arg-type]  # not looked at
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    (told,) = caplog.records
    assert (told.message, told.error_type) == ("provider_failed", "ValueError")  # type: ignore[attr-defined]  # our own field
    assert "11010519491231002X" not in caplog.text


async def test_an_answer_that_comes_too_late_is_none(threads: ThreadPoolExecutor) -> None:
    """The wait has an end whatever the provider does; a yes after it is no yes."""
    silent, timeout_s = Silent(), 0.05
    while not silent.asked.is_set():  # on a busy machine its thread may not be up in time
        provider = Provider(verifier=silent, timeout_s=timeout_s, threads=threads)
        with pytest.raises(ProviderUnavailable, match="did not answer in time"):
            await provider.ask(EVIDENCE)  # type: ignore[arg-type]  # not looked at
        timeout_s *= 2
    silent.ends.set()
