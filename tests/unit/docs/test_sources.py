"""What every module keeps to: short enough to be read at once, and named for what it holds."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINES_MAX = 300
NAMES_NOTHING = {"utils", "util", "helpers", "common", "misc"}
MODULES = sorted(
    path.relative_to(ROOT)
    for folder in ("risk_service", "training", "feature_repo", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "pb" not in path.relative_to(ROOT).parts
)


def test_modules_are_found() -> None:
    """Else the next tests would hold of nothing."""
    assert Path("risk_service/decisions/pipeline.py") in MODULES


def test_no_module_is_longer_than_can_be_read_at_once() -> None:
    """Generated code apart."""
    lengths = {str(one): len((ROOT / one).read_text("utf-8").splitlines()) for one in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX} == {}


@pytest.mark.parametrize("name", sorted(NAMES_NOTHING))
def test_a_name_says_what_is_in_it(name: str) -> None:
    """Whatever fits nowhere else would gather there."""
    assert [str(one) for one in MODULES if name in (*one.parts, one.stem)] == []
