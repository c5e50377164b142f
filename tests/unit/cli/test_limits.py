"""``risk limits check`` tells faults with their lines, and overlaps."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.limits import _used, limits
from risk_service.cli.remote import Remote
from risk_service.cli.remote_words import RemoteWords
from risk_service.client.plain import to_plain
from risk_service.pb.risk.v1 import limits_pb2
from tests.fixtures.limit_texts import policy


def check(path: Path, text: str, *options: str) -> tuple[int, str]:
    """Return exit code and output of a check."""
    path.write_text(text, "utf-8")
    result = CliRunner().invoke(limits, ["check", str(path), *options])
    return result.exit_code, result.output


def test_good_file_lists_its_policies_and_overlaps(tmp_path: Path) -> None:
    """Two policies over the same count are pointed out; the file is fine all the same."""
    text = "format = 1\n" + policy("one") + policy("two", cap=9)
    code, output = check(tmp_path / "limits.toml", text)
    assert code == 0
    assert "one [active] Limit: 2 units per SKU, lifetime, by account" in output
    assert "note: policies `one` and `two` overlap" in output
    code, output = check(tmp_path / "limits.toml", text, "--json", "--lang", "zh")
    assert "重叠" in json.loads(output)["overlaps"][0]


def test_a_policy_is_told_in_chinese(tmp_path: Path) -> None:
    """Whom it counts and of what each has a count are words, not the keys of the file."""
    text = "format = 1\n" + policy("one")
    _, output = check(tmp_path / "limits.toml", text, "--lang", "zh")
    assert "每个 SKU 至多 2 件，窗口 终身，主体 账号\n" in output


def test_fault_has_file_line_and_code(tmp_path: Path) -> None:
    """Whoever runs it in a pipeline sees exit code 1 and where to look."""
    path = tmp_path / "limits.toml"
    code, output = check(path, "format = 1\n" + policy(state="actve"))
    assert code == 1
    assert f"{path}:9: policy `limit`: `state` is `actve`; did you mean `active`?" in output
    _, output = check(path, "format = 1\n" + policy(state="actve"), "--lang", "zh")
    assert f"{path}:9: 策略 `limit`：`state` 为 `actve`；是不是 `active`？" in output
    code, output = check(path, "format = 1\n" + policy(state="actve"), "--json")
    assert (code, json.loads(output)["faults"][0]["where"]) == (1, f"{path}:9")


def test_shipped_policies_pass() -> None:
    """Without a file the policies in force at the first start are checked."""
    result = CliRunner().invoke(limits, ["check"])
    assert result.exit_code == 0
    assert "flash-sale-person" in result.output


def test_a_file_is_read_as_publish_reads_it(tmp_path: Path) -> None:
    """Editors on Windows begin a file with a mark and end lines with two characters."""
    path = tmp_path / "limits.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ("format = 1\n" + policy()).replace("\n", "\r\n").encode())
    result = CliRunner().invoke(limits, ["check", str(path)])
    assert (result.exit_code, "1 policy" in result.output) == (0, True)


@pytest.mark.parametrize(
    ("currency", "lang", "words"),
    [
        ("JPY", "en", "yen: 100,000 confirmed + 0 held of 123,450 JPY, account, rolling 7 d"),
        ("CNY", "zh", "yen：已确认 1,000.00 + 预占 0.00 / 1,234.50 CNY，账号 (account)，滚动 7 天"),
    ],
)
def test_usage_of_money_is_told_in_its_currency(
    monkeypatch: pytest.MonkeyPatch, currency: str, lang: str, words: str
) -> None:
    """As the service answers: a limit on money says its currency, with its decimals."""
    answer = limits_pb2.GetUsageResponse()
    answer.counters.add(
        policy_id="yen", subject="account", measure="amount",
        window="rolling 7d", cap=123_450, confirmed=100_000, currency_code=currency,
    )  # fmt: skip
    monkeypatch.setattr(Remote, "limits", lambda *_, **__: to_plain(answer))
    result = CliRunner().invoke(limits, ["usage", "--account", "u-1", "--lang", lang])
    assert result.output == f"{words}\n"


def test_a_file_of_others_acts_upon_no_terminal(tmp_path: Path) -> None:
    """Names and what is at fault are shown with every character, in JSON as well."""
    path = tmp_path / "limits.toml"
    named = policy().replace('en = "Limit"', 'en = "Limit\u202e"')
    _, output = check(path, "format = 1\n" + named)
    assert "Limit\\u202e: 2 units" in output
    faulty = "format = 1\n" + policy(state="act\u202eve")
    for options in ((), ("--json",)):
        code, output = check(path, faulty, *options)
        assert (code, "act\\u202eve" in output) == (1, True)


def test_usage_wants_a_subject() -> None:
    """Nobody asks for everybody's usage by mistake."""
    result = CliRunner().invoke(limits, ["usage"])
    assert result.exit_code == 2
    assert "--account" in result.output


def test_a_counter_of_everything_together_reads_without_a_gap() -> None:
    """A counter per SKU says which, one that counts everything together leaves nothing blank."""
    row = {"policy_id": "p", "measure": "orders", "cap": 10, "subject": "account"}
    told = [
        _used(row | {"scope": scope, "window": "lifetime"}, RemoteWords("en"))
        for scope in ("", "sku-1")
    ]
    assert told == [
        f"p: 0 confirmed + 0 held of 10 orders, account{per}, lifetime" for per in ("", " sku-1")
    ]
