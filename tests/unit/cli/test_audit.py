"""``risk audit list``: which rows of a long trail are printed, and how."""

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


ROW = {"number": 7, "at": "2026-11-23T03:16:03Z", "actor_id": "ann"}
VERSIONS = ('{"in_force":"limits-1a"}', '{"version":"limits-2b","note":"drop of 6/18"}')
CHANGED = (
    '{"sequence":1,"digest":"1f"}',
    '{"sequence":2,"digest":"2e","change":3,"kind":"list.add","state":"applied","entries":2,'
    '"reason":"ring 17"}',
)
COUNTER = (
    '{"confirmed":3}',
    '{"number":4,"state":"applied","policy_id":"gift-week","subject":"account","note":"",'
    '"token":"k1:3f00112233","scope":"seller-9","delta":-1,"reason":"case 71","confirmed":2}',
)
MONEY = (
    '{"confirmed":0,"minor_units_of":"CNY"}',
    '{"number":5,"state":"proposed","subject":"account","token":"k1:3f00112233","scope":"",'
    '"delta":-1234,"reason":"gift","minor_units_of":"CNY"}',
)
ACTORS = ('{"bob": ["score"], "li": ["score"]}', '{"ann": ["approve"], "li": ["events"]}')


def _told(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], *options: str) -> str:
    """Return what is printed of a trail."""
    monkeypatch.setattr(Remote, "call", lambda _, __, *, after_number, **___: {
        "rows": rows if after_number == 0 else []
    })  # fmt: skip
    result = CliRunner().invoke(audit, ["list", *options])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("action", "sides", "lang", "told"),
    [
        ("limits.start", VERSIONS, "en", "put in force by a start: limits-1a -> limits-2b"),
        ("limits.publish", VERSIONS, "en", "proposed: limits-1a -> limits-2b · note: drop of 6/18"),
        ("limits.approve", VERSIONS, "en", "in force: limits-1a -> limits-2b"),
        ("rules.rollback", VERSIONS, "zh", "回滚：limits-1a -> limits-2b · 说明：drop of 6/18"),
        ("list.add", CHANGED, "en", "change 3: 2 entries to add, applied · state of all lists: "
         "1 -> 2 · reason: ring 17"),
        ("change.approve", CHANGED, "zh", "变更 3：新增 2 个条目，已生效 · "
         "全部名单的版本：1 -> 2 · 原因：ring 17"),
        ("adjustment.apply", COUNTER, "en", "counter of account k1:3f001122… seller-9, change 4: "
         "-1, applied · confirmed: 3 -> 2 · reason: case 71"),
        ("adjustment.reject", COUNTER, "zh",
         "计数器 账号 k1:3f001122… seller-9，调整 4：-1，已生效"),
        ("limits.adjust", MONEY, "en", "change 5: -12.34 CNY, proposed · confirmed: 0.00 CNY · "
         "reason: gift"),
        ("limits.repair", ("{}", '{"cells":1}'), "en", "1 counter set to what the ledger has"),
        ("actors.load", ACTORS, "en",
         "+ ann (approve)\n        - bob\n        li: +events, -score"),
        ("person.read", ("{}", '{"why":"appeal 17","since_us":0}'), "en",
         "records of a person were read · from 1970-01-01 00:00:00 UTC on · reason: appeal 17"),
        ("rules.reject", ('{"state":"proposed"}', '{"version":"rules-9","note":"no"}'), "en",
         "rules-9 rejected · note: no"),
    ],
)  # fmt: skip
def test_a_row_says_in_words_what_was_before_and_what_is_now(
    monkeypatch: pytest.MonkeyPatch, action: str, sides: tuple[str, str], lang: str, told: str
) -> None:
    """Whoever reads the trail has not written the program whose names stand in it."""
    row = ROW | {"action": action, "subject": "gift", "before": sides[0], "after": sides[1]}
    output = _told(monkeypatch, [row], "--lang", lang)
    assert output.startswith(f"     7  2026-11-23 03:16:03 UTC  ann  {action}  gift\n        ")
    assert told in output
    assert "{" not in output
    kept = json.loads(_told(monkeypatch, [row], "--json"))
    assert kept == [row]


def test_a_row_that_is_not_known_here_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer service may note what this command has no words for."""
    for action, after in (("later.kind", "{}"), ("list.add", '{"odd":1}'), ("list.add", "no JSON")):
        row = ROW | {"action": action, "subject": "x", "before": "{}", "after": after}
        assert f"{{}} -> {after}" in _told(monkeypatch, [row])


def test_rows_that_are_not_shown_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trail that is cut in silence reads like a whole one."""
    rows = [
        ROW | {"number": number, "action": "limits.repair", "subject": "limits", "before": "{}",
               "after": '{"cells":2}'}
        for number in (1, 2, 3)
    ]  # fmt: skip
    assert _told(monkeypatch, rows, "--limit", "2").startswith("... rows before number 2 as well")
    assert _told(monkeypatch, rows, "--after", "0", "--limit", "2").endswith("--after 2 reads on\n")
    assert "..." not in _told(monkeypatch, rows, "--limit", "3")
