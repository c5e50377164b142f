"""What the service says in its log: fields that are written, and events that can be looked up."""

import ast
from collections.abc import Iterator
from pathlib import Path

from risk_service.logs import LOG_FIELDS

ROOT = Path(__file__).parents[3]
# The client writes sentences into its caller's log.
FILES = [
    path for path in sorted((ROOT / "risk_service").rglob("*.py")) if path.parent.name != "client"
]
PAGES = "\n".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
LOUD = {"log.warning", "log.error", "log.exception"}


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield the calls of a module's ``log``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            yield node


def test_every_field_of_a_line_is_written() -> None:
    """A field that is not on the list is left out of the line without a word."""
    lost = []
    for path in FILES:
        for call in calls(path):
            given = [key.value for key in call.keywords if key.arg == "extra"]
            keys = [key for one in given if isinstance(one, ast.Dict) for key in one.keys]
            names = [key.value for key in keys if isinstance(key, ast.Constant)]
            lost += [
                f"{path.name}:{call.lineno} {name}" for name in names if name not in LOG_FIELDS
            ]
    assert lost == []


def test_every_warning_can_be_looked_up() -> None:
    """Whoever reads one at night finds in the documents what it means."""
    loud = [one for path in FILES for one in calls(path) if ast.unparse(one.func) in LOUD]
    told = {one.value for call in loud for one in call.args if isinstance(one, ast.Constant)}
    assert len(told) > 40
    assert sorted(event for event in told if f"`{event}`" not in PAGES) == []
