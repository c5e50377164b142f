"""``risk lists``: what is read from files and options, and what is written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from risk_service.cli import lists as commands
from risk_service.cli.lists_csv import parse_time
from risk_service.cli.remote import Remote, told_in_one_line
from risk_service.client.errors import FieldViolation, InvalidRequest

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
    assert "1 entry" in CliRunner().invoke(commands.lists, arguments).output
    assert out.read_text("utf-8").splitlines()[1] == "device,dev_1,ring,,flash_sale,,"
    again = CliRunner().invoke(commands.lists, arguments)
    assert "exists already; name another file" in again.output
    assert out.exists()


@pytest.mark.parametrize(("limit", "is_cut"), [(2, True), (3, False), (4, False)])
def test_a_list_that_is_cut_says_so(
    monkeypatch: pytest.MonkeyPatch, limit: int, is_cut: bool
) -> None:
    """Who reviews a list would take its first entries for all of it; rows are only entries."""
    found = [ENTRY | {"entry_id": f"le_{number}"} for number in (1, 2, 3)]
    monkeypatch.setattr(commands, "_entries", lambda _, __, most, *___: iter(found[:most]))
    monkeypatch.setattr(commands, "_known", lambda *_: None)
    arguments = ["show", "ring", "--limit", str(limit), "--json"]
    result = CliRunner().invoke(commands.lists, arguments)
    assert len(json.loads(result.stdout)) == min(limit, 3)
    assert ("only the first 2; --limit shows more" in result.stderr) == is_cut


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+08:00", "2026-12-31", "soon"]
)
def test_no_time_is_told_in_words(text: str) -> None:
    """Days that no date can say in UTC are no times either."""
    with pytest.raises(ValueError, match="expires: must be a time such as 2026-12-31T23:59:59"):
        parse_time(text)


def test_who_adds_one_entry_reads_of_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """`entries[1].expires` is the contract's name; the option is called expires."""
    wrong = FieldViolation(
        field="entries[1].expires", description="lies before", description_zh="须为将来的时间"
    )

    def call(*_: object, **__: object) -> None:
        with told_in_one_line("host:1", "zh"):
            raise InvalidRequest("no", (wrong,))

    monkeypatch.setattr(Remote, "call", call)
    asked = ["add", "vip", "--entity", "account", "--value", "u", "--reason", "r", "--lang", "zh"]
    told = CliRunner().invoke(commands.lists, asked).output
    assert told == "错误：expires: 须为将来的时间\n"
