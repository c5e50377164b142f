"""Stores of what is published: with what ships in force, and behind the shipped requirements."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.governing import Desk, open_desk
from tests.fixtures.rule_gate import KNOWN, Shop
from tests.fixtures.rule_texts import file_text, rule_text


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a store with what ships in force."""
    opened = open_desk(tmp_path / "governance.sqlite3")
    yield opened
    opened.file.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return a store with the shipped requirements, and one rule in force."""
    opened = Shop(tmp_path)
    opened.seed(file_text(rule_text(known=KNOWN, id="other", outcome="REVIEW")))
    yield opened
    opened.file.close()
