"""What a fault quotes of a policy file stands in the file as it is quoted."""

import pytest

from risk_service.domain.errors import InvalidInput
from risk_service.limits.book import parse_limits
from tests.fixtures.limit_texts import policy


def told(key: str, line: str) -> str:
    """Return the fault of a policy with another line for a key."""
    kept = [one for one in policy().splitlines() if not one.startswith(f"{key} =")]
    with pytest.raises(InvalidInput) as refused:
        parse_limits("\n".join(["format = 1", *kept, line]), "my.toml")
    return refused.value.violations[0].description


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("cap", "2026-11-11T00:00:00+08:00", "is 2026-11-11T00:00:00+08:00"),
        ("measure", "true", "`measure` is true; one of"),
        ("window", "[1, 'day']", "`window` is [1, 'day']; one of"),
        ("window", "{ rolling = 04:00:00 }", "`rolling` is 04:00:00; a time"),
        ("on_exceed", "{ a = false, b = {} }", "`on_exceed` is { a = false, b = {} }; one of"),
    ],
)
def test_a_value_is_quoted_as_the_file_has_it(key: str, value: str, words: str) -> None:
    """Whoever wrote it looks for it in the file, and need know no Python."""
    assert words in told(key, f"{key} = {value}")


def test_a_window_that_is_not_there_is_missing() -> None:
    """Nobody wrote None."""
    assert "`window` is missing; one of" in told("window", "")
