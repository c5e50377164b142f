"""``risk limits adjust`` and ``adjustments``: how a change of a counter is told."""

from typing import Any

import pytest
from click.testing import CliRunner

from risk_service.cli.limits import limits
from risk_service.cli.remote import Remote

ONE: dict[str, Any] = {
    "number": 3, "adjustment_id": "case-1", "policy_id": "spent", "subject": "account",
    "token": "k1:3f", "scope": "", "delta": -1234, "reason": "gift", "state": "proposed",
    "author": "ann", "created_at": "2026-11-23T03:16:03Z", "approver": "", "closed_by": "",
    "note": "", "measure": "amount", "currency_code": "CNY",
}  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "delta", "en", "zh"),
    [
        (("amount", "CNY"), -1234, "-12.34 CNY", "-12.34 CNY"),
        (("discount", "JPY"), 1234, "+1,234 JPY", "+1,234 JPY"),
        (("units", ""), 1, "+1 unit", "+1 件"),
        (("orders", ""), -2, "-2 orders", "-2 单"),
        (("", ""), 1234, "+1,234", "+1,234"),
    ],
)
def test_a_change_says_what_its_number_is_of(
    monkeypatch: pytest.MonkeyPatch, counts: tuple[str, str], delta: int, en: str, zh: str
) -> None:
    """Who approves `+1234` on a limit on money has 1,234 CNY in mind, and gives 12.34."""
    one = ONE | {"measure": counts[0], "currency_code": counts[1], "delta": delta}
    answer = {"adjustment": one, "adjustments": [one]}
    monkeypatch.setattr(Remote, "limits", lambda *_, **__: answer)
    asked = (
        "adjust --policy spent --subject account --account u --id case-1 --reason gift --delta 1"
    )
    for lang, told in (("en", en), ("zh", zh)):
        for arguments in (asked, "adjustments list", "adjustments approve 3"):
            output = CliRunner().invoke(limits, [*arguments.split(), "--lang", lang]).output
            assert told in output, output
