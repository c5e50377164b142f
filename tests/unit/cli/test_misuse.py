"""Command lines that click refuses, told in Chinese."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from risk_service.cli.help.misuse import Misuse, MisuseWords
from risk_service.cli.main import risk

PLACE = re.compile(r"\{(\w+)\}")
# A command line, where FILE stands for a file, and what it is told at last.
REFUSED = {
    "rules test --bogus": "没有选项 '--bogus'。",
    "explain --stat": "没有选项 '--stat'。您是否要输入 '--state'？",
    "rules publish --nte": "没有选项 '--nte'。您是否要输入以下之一：'--note', '--token'？",
    "serv": "没有命令 'serv'。您是否要输入 'serve'？",
    "rules chekc": "没有命令 'chekc'。您是否要输入 'check'？",
    "keys init": "缺少选项 '--dir'。",
    "actors add": "缺少参数 'ACTOR_ID'。",
    "rules approve 7 8": "多余的参数：8",
    "rules approve 7 8 9": "多余的参数：8 9",
    "rules approve": "缺少参数 'NUMBER'。",
    "explain --by": "选项 '--by' 需要一个值。",
    "rules test --json=1": "选项 '--json' 不接受值。",
    "rules list --subject x": (
        "'--subject' 的值无效：'x' 不是可选值：'order', 'refund', 'action'。"
    ),
    "lists add L --kind deny": "缺少选项 '--entity'。可选：\n\taccount,\n\tdevice,\n\tpayment,",
    "rules versions --limit x": "'--limit' 的值无效：'x' 不是有效的整数。",
    "demo --seed x": "'--seed' 的值无效：'x' 不是有效的整数。",
    "flash-sale --ring-share x": "'--ring-share' 的值无效：'x' 不是有效的数字。",
    "rules versions --limit 0": "'--limit' 的值无效：0 不在范围 1<=x<=500 内。",
    "decisions --state . --since x": "'--since' 的值无效：'x' 不符合以下任何格式：'%Y-%m-%d', ",
    "simulate --end x --seed 1 --days 30 --orders 3000 --out x": (
        "'--end' 的值无效：'x' 不符合格式 '%Y-%m-%d'。"
    ),
    "rules check nosuch": "'[PATH]' 的值无效：路径 'nosuch' 不存在。",
    "decisions --state nosuch": "'--state' 的值无效：目录 'nosuch' 不存在。",
    "decisions --state FILE": "'--state' 的值无效：'FILE' 是文件，应为目录。",
    "rules publish nosuch --note x": "'PATH' 的值无效：路径 'nosuch' 不存在。",
    "lists import L nosuch": "'PATH' 的值无效：文件 'nosuch' 不存在。",
    "lists import L .": "'PATH' 的值无效：'.' 是目录，应为文件。",
}


def run(line: str, language: str = "zh") -> Result:
    """Return how a command line ends."""
    environment = {"RISK_LANG": language}
    return CliRunner().invoke(risk, line.split(), prog_name="risk", env=environment)


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_wrong_is_told_in_chinese(line: str, tmp_path: Path) -> None:
    """With the exit code of before, how the command is called, and where its help is."""
    file = tmp_path / "file"
    file.touch()
    result = run(line.replace("FILE", str(file)))
    assert result.exit_code == 2
    told = result.stderr.replace(str(file), "FILE")
    assert f"错误：{REFUSED[line]}" in told
    assert "Usage" not in told
    assert "Error" not in told


def test_a_command_says_how_it_is_called() -> None:
    """As click does in English, but for what the parser finds before it knows the command."""
    assert run("rules publish").stderr == (
        "用法：risk rules publish [选项] PATH\n"
        "运行“risk rules publish --help”查看帮助。\n\n"
        "错误：缺少参数 'PATH'。\n"
    )
    assert run("explain --by").stderr == "错误：选项 '--by' 需要一个值。\n"


def test_the_language_of_one_command_goes_before_that_of_all() -> None:
    """Also where an option beside it is wrong."""
    assert "错误：" in run("rules versions --limit x --lang zh", "en").stderr
    assert "Error: Invalid value" in run("rules versions --lang en --limit x").stderr


def test_the_language_may_stand_before_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every command, also one without the option; its own goes before it."""
    monkeypatch.setenv("RISK_LANG", "en")
    assert CliRunner().invoke(risk, ["--lang", "zh", "--help"]).output.startswith("用法：")
    assert "选项：" in CliRunner().invoke(risk, ["--lang", "zh", "serve", "--help"]).output
    assert "错误：没有命令" in CliRunner().invoke(risk, ["--lang", "zh", "serv"]).stderr
    own = CliRunner().invoke(risk, ["--lang", "zh", "rules", "list", "--lang", "en", "--help"])
    assert own.output.startswith("Usage:")


def test_a_language_that_there_is_not_is_told_in_english() -> None:
    """Nothing says which other one would be understood."""
    assert "Error: Invalid value for '--lang'" in run("rules list", "fr").stderr


def test_a_sentence_of_another_form_is_told_as_it_is() -> None:
    """Click may come to write one that has no Chinese; faults of ours are spoken already."""
    told = Misuse(click.UsageError("Something else is wrong with 'x'."))
    assert told.message == "Something else is wrong with 'x'."
    assert Misuse(click.UsageError("没有这样的列")).message == "没有这样的列"


def test_every_form_is_one_that_click_writes() -> None:
    """A form of a version that is gone would match nothing, and nobody would see it."""
    folder = Path(str(click.__file__)).parent
    written = "\n".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    for english, chinese in MisuseWords("en").table.values():
        parts = re.split(r"\{\w+\}", english.replace("\n", "\\n"))
        assert all(part.strip() in written for part in parts), english
        assert set(PLACE.findall(chinese)) <= set(PLACE.findall(english)), english
