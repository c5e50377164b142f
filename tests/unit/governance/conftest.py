"""A store of published rules behind the shipped requirements."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.rule_gate import KNOWN, Shop
from tests.fixtures.rule_texts import file_text, rule_text


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return a store with the shipped requirements, and one rule in force."""
    opened = Shop(tmp_path)
    opened.seed(file_text(rule_text(known=KNOWN, id="other", outcome="REVIEW")))
    yield opened
    opened.file.close()
