"""``risk lists``: what is read from files and options, and what is written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from risk_service.cli import lists as commands
from risk_service.cli.lists_csv import parse_time

ENTRY = {
    "entity": "device",
    "value": "dev_1",
    "reason": "ring",
    "source": "",
    "promotion_types": ["flash_sale"],
    "campaigns": [],
    "expires_at": "",
    "state": "live",
}


def test_an_export_that_breaks_off_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a list would be taken for all of it, and the next export would be refused."""
    broken = True

    def entries(*_: object, **__: object) -> Iterator[dict[str, Any]]:
        yield ENTRY
        if broken:
            raise click.ClickException("the service is gone")

    monkeypatch.setattr(commands, "_entries", entries)
    monkeypatch.setattr(commands, "_known", lambda *_: None)
    out = tmp_path / "ring.csv"
    arguments = ["export", "ring", str(out)]
    assert "the service is gone" in CliRunner().invoke(commands.lists, arguments).output
    assert not out.exists()
    broken = False
    assert "1 entries" in CliRunner().invoke(commands.lists, arguments).output
    assert out.read_text("utf-8").splitlines()[1] == "device,dev_1,ring,,flash_sale,,"
    again = CliRunner().invoke(commands.lists, arguments)
    assert "exists already; name another file" in again.output
    assert out.exists()


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+08:00", "2026-12-31", "soon"]
)
def test_no_time_is_told_in_words(text: str) -> None:
    """Days that no date can say in UTC are no times either."""
    with pytest.raises(ValueError, match="expires: must be a time such as 2026-12-31T23:59:59"):
        parse_time(text)
