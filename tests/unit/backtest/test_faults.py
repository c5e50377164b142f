"""Faults of conditions in the words of whoever knows the file; what a terminal is shown."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.domain.errors import ConfigFault
from tests.fixtures.backtested_shop import EVENTS, START_US, run
from tests.fixtures.own_shop import ShopEvent, write_shop
from training.backtest.request import BacktestRequest
from training.backtest.run import backtest
from training.cli import backtest as command
from training.datasets.importing.run import import_events

MAPPING = """
[event]
time = "下单 时间"
[entities]
card = "card no."
in = "店 铺"
[amount]
column = "订单金额（元）"
[numeric]
weight = "Weight (kg)"
[categorical]
errors = "Errors?"
[labels.fraud]
column = "is fraud?"
positive = ["1"]
delay = "0s"
"""
ROWS = """下单 时间,card no.,店 铺,订单金额（元）,Weight (kg),Errors?,is fraud?
2024-01-01T00:00:00Z,c1,北京店,3.50,0.3,none,1
2024-01-01T00:01:00Z,c1,in,120.00,0.2,PIN,0
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a data set of a file whose columns no rule could name."""
    (tmp_path / "rows.csv").write_text(ROWS, "utf-8")
    (tmp_path / "mapping.toml").write_text(MAPPING, "utf-8")
    import_events(
        tmp_path / "mapping.toml", tmp_path / "rows.csv", tmp_path / "data", lambda *_: None
    )
    return tmp_path / "data"


def refusal(rule: str, data: Path, language: str = "en") -> list[str]:
    """Return the lines of the fault of a rule."""
    with pytest.raises(ConfigFault) as refused:
        backtest(BacktestRequest(rule=rule, data=data))
    return refused.value.said(language).split("\n")


@pytest.mark.parametrize(
    ("rule", "marks", "en", "zh"),
    [
        ("订单金额（元） > 100", "^^", "订单金额（元） of the file is amount here", "写作 amount"),
        ("'元' != card && 店 铺 == 'in'", " " * 16 + "^^", "is entity__in here", "写作 entity__in"),
        ("card no. == 'c1'", "     ^^", "the column card no. of the file is card", "写作 card"),
        ("`card no.` == 'c1'", "^", "the column card no. of the file is card", "写作 card"),
        ("Weight (kg) > 1", "^^^^^^", "is weight here", "写作 weight"),
        ("下单 时间__count_1h > 1", "^^", "is hour, minute, weekday", "写作 hour"),
        ("Errors? == 'PIN'", " " * 8 + "^^", "Errors? of the file is errors here", "写作 errors"),
        ("is fraud? == 1", "   ^^^^^", "fraud is a label", "fraud 是标签"),
        ("amount > 3 && fraud == 1", " " * 14 + "^^^^^", "KEY__fraud__positive_30d", "是标签"),
        ("in == 'in'", "^^", "write entity__in", "请写 entity__in"),
        ("\"card no.\" == 'c1'", "^" * 10, "the column card no. of the file is card", "写作 card"),
        ("amount > 3 && 'a' == 'b'", " " * 14 + "^^^", "a name stands without quotes", "不加引号"),
        ("entity__in in card", " " * 11 + "^^", "x.contains('a')", "x.contains('a')"),
        ("card in 7", "     ^^", "in square brackets", "请用方括号"),
        ("card == true", "     ^^", "as the data has it: 'true'", "按数据中的写法加引号：'true'"),
        ("card__back__count_1h > 1", "^" * 20, "--define back=CONDITION", "--define back=条件"),
        ("date > '2024-01-01'", "^^^^", "hour, minute, weekday", "时段请用 --from 和 --to"),
        ("amout > 3", "^^^^^", "did you mean amount or", "没有变量 amout；是不是 amount 或"),
    ],
)
def test_a_column_of_the_file_is_told_by_its_name_here(
    foreign: Path, rule: str, marks: str, en: str, zh: str
) -> None:
    """The place, as wide as its characters are; then advice in both languages."""
    lines = refusal(rule, foreign)
    assert lines[1:3] == [f"  {rule}", f"  {marks}"]
    assert en in lines[3]
    chinese = refusal(rule, foreign, "zh")
    assert chinese[1:3] == lines[1:3]
    assert zh in f"{chinese[0]}；{chinese[3].strip()}"


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [
        ("amount", "is a number, not a condition; compare it: amount >= 3", "是数值，不是条件"),
        ("card", "is a text, not a condition; compare it: card == 'a'", "例如 card == 'a'"),
        ("fraud", "fraud is a label, which no event knows of itself", "fraud 是标签"),
    ],
)
def test_a_name_alone_is_told_what_it_lacks(foreign: Path, name: str, en: str, zh: str) -> None:
    """A number is compared with a number, a text with a text, a label not at all."""
    assert en in refusal(name, foreign)[0]
    assert zh in refusal(name, foreign, "zh")[0]


def test_a_data_set_without_its_mapping_still_tells_the_fault(foreign: Path) -> None:
    """The mapping is asked for advice alone."""
    for broken in ("no [ toml", None):
        mapping = foreign / "mapping.toml"
        mapping.unlink() if broken is None else mapping.write_text(broken, "utf-8")
        assert "syntax error" in refusal("card no. == 'c1'", foreign)[0]


def test_of_a_long_line_the_part_at_fault_is_shown(foreign: Path) -> None:
    """Four thousand characters help nobody."""
    lines = refusal(" && ".join(["amount > 1"] * 60) + " && bad > 3", foreign)
    assert max(map(len, lines)) < 200
    place = lines[2].index("^")
    assert lines[1][place : place + 3] == "bad"


def test_nothing_of_a_file_acts_upon_the_terminal(tmp_path: Path) -> None:
    """Customers write into a shop's files: keys and values are shown, not obeyed."""
    events = [ShopEvent(at_us=START_US, card="a\x1b[2J\u202e[red]", country="x\x07")]
    write_shop(tmp_path / "shop", events, ())
    printed = run("country != 'y'", "--data", tmp_path / "shop")
    assert r"a\x1b[2J\u202e[red]" in printed
    assert r"country x\x07" in printed
    assert not set("\x1b\x07\u202e") & set(printed)


def test_no_digit_is_cut_off_on_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of figures is as wide as it must be."""
    monkeypatch.setenv("COLUMNS", "40")
    events = [ShopEvent(at_us=START_US, card="a", amount_minor=123_456_789_012)]
    write_shop(tmp_path / "shop", events, ())
    printed = run("amount > 1", "--data", tmp_path / "shop")
    assert printed.count("1,234,567,890.12") == 2


@pytest.mark.parametrize("option", ["--json", "--flags"])
def test_a_file_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """Two million events are not read for nothing; what is missing of the way is made later."""
    begun: list[object] = []
    monkeypatch.setattr(command, "run_backtest", lambda *given: begun.append(given))
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ConfigFault, match=r"flags.csv: cannot be written: .* is not a directory"):
        run("true", "--data", tmp_path, option, tmp_path / "file" / "flags.csv")
    assert begun == []
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_the_figures_are_shown_though_a_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full at the end takes nothing from who waited."""
    write_shop(tmp_path / "shop", EVENTS, ("fraud", "refunded"))

    def full(*_: object) -> None:
        raise ConfigFault("figures.json: cannot be written: No space left on device")

    monkeypatch.setattr(command, "write_json", full)
    result = CliRunner().invoke(
        command.backtest, ["true", "--data", str(tmp_path / "shop"), "--json", "figures.json"]
    )
    assert isinstance(result.exception, ConfigFault)
    assert "6 of 6 events flagged" in result.stdout


def test_the_files_are_written_though_nobody_reads_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``risk backtest ... --json F | head`` leaves F."""
    write_shop(tmp_path / "shop", EVENTS, ("fraud", "refunded"))

    def closed(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(command, "print_report", closed)
    with pytest.raises(BrokenPipeError):
        run("true", "--data", tmp_path / "shop", "--json", tmp_path / "figures.json")
    assert (tmp_path / "figures.json").exists()


def test_without_a_label_it_says_so(tmp_path: Path) -> None:
    """Four thousand unknown events are no finding."""
    write_shop(tmp_path / "shop", EVENTS[-1:], ())
    printed = run("true", "--data", tmp_path / "shop")
    assert "has no label" in printed
    assert "没有标签" in printed
