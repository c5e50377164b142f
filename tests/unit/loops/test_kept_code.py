"""Machine code of the loops is kept where it can be; where it cannot, that is said."""

from pathlib import Path

import pytest
from numba.core import caching

from risk_service.loops import compiled
from risk_service.loops.compiled import compiler


def test_nowhere_to_keep_the_code_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A read-only installation without a home compiles at every start: an operator can help it."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    compiled._say_it_is_not_kept.cache_clear()

    def twice(number: int) -> int:
        return 2 * number

    def thrice(number: int) -> int:
        return 3 * number

    made = compiler([Path(__file__)])
    assert (made(twice)(21), made(thrice)(14)) == (42, 42)
    assert caplog.messages == ["machine_code_not_kept"]
    assert caplog.records[0].missing == "NUMBA_CACHE_DIR"  # type: ignore[attr-defined]  # a field
