"""``risk audit list``: which rows of a long trail are printed."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from risk_service.cli.audit import audit
from risk_service.cli.remote import Remote

ROWS = 2_500


def _call(_: Remote, method: str, *, after_number: int, limit: int, **__: Any) -> dict[str, Any]:
    """Answer as the service does: the rows behind a number, in order, so many at most."""
    assert method == "ListAudit"
    last = min(after_number + limit, ROWS)
    return {"rows": [{"number": number} for number in range(after_number + 1, last + 1)]}


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ((), 2_401, 2_500),
        (("--limit", "1700"), 801, 2_500),
        (("--after", "100", "--limit", "3"), 101, 103),
        (("--after", "0", "--limit", "1200"), 1, 1_200),
        (("--after", "2499"), 2_500, 2_500),
    ],
)
def test_the_newest_rows_or_the_next_ones(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], first: int, last: int
) -> None:
    """What was changed last is what is asked for; who reads on from a number misses none."""
    monkeypatch.setattr(Remote, "call", _call)
    result = CliRunner().invoke(audit, ["list", "--json", *options])
    assert [one["number"] for one in json.loads(result.output)] == [*range(first, last + 1)]


def test_amounts_of_the_trail_are_told_in_their_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is in the smallest unit and says so; who reads 1234 would take it for money."""
    row = {
        "number": 1, "at": "2026-11-23T03:16:03Z", "actor_id": "ann", "action": "limits.adjust",
        "subject": "limits/spend", "before": '{"confirmed":0,"minor_units_of":"CNY"}',
        "after": '{"delta":-1234,"minor_units_of":"CNY","reason":"gift"}',
    }  # fmt: skip
    monkeypatch.setattr(Remote, "call", lambda _, __, *, after_number, **___: {
        "rows": [row] if after_number == 0 else []
    })  # fmt: skip
    told = CliRunner().invoke(audit, ["list"]).output
    assert '{"confirmed":"0.00 CNY"} -> {"delta":"-12.34 CNY","reason":"gift"}' in told
    kept = json.loads(CliRunner().invoke(audit, ["list", "--json"]).output)
    assert kept[0]["after"] == row["after"]
