"""Machine code is kept where it can be, and made anew where it cannot."""

import pytest
from numba.core import caching

from training.windows.compiled import compiled


def _twice(number: int) -> int:
    return 2 * number


def test_nowhere_to_keep_the_code_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only installation without a home compiles in every process."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(_twice)(21) == 42
