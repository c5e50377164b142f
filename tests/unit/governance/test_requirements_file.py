"""The file that says what a rule must have behind it."""

from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault, RiskError
from risk_service.governance.requirements import load_requirements


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 1\n[rules.DENY]\nshadow_hours = -1\nbacktest = true", "rules.DENY.shadow_hours"),
        ("format = 1\n[rules.DENIED]\nshadow_hours = 1\nbacktest = true", "DENIED"),
        ("format = 2", "format"),
        ("format = ", "Invalid value"),
        ("format = " + "[" * 3_000, "recursion"),
        ("format = " + "9" * 5_000, "integer string"),
    ],
)
def test_wrong_file_of_requirements_stops_the_start(tmp_path: Path, text: str, words: str) -> None:
    """A slip must not let all rules pass."""
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(ConfigFault, match=words):
        load_requirements(path)
    with pytest.raises(RiskError, match="No such file"):
        load_requirements(tmp_path / "none.toml")


def test_shipped_requirements() -> None:
    """The defaults ask something of denials only."""
    found = load_requirements().rules
    assert {name: (one.shadow_hours, one.backtest) for name, one in found.items()} == {
        "LIMIT_QUANTITY": (0, False),
        "CHALLENGE": (0, False),
        "REVIEW": (0, False),
        "DENY": (24, True),
    }
