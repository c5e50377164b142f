"""``risk dataset import``: figures as JSON, a summary to read, one clear error."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from risk_service.cli.main import main
from risk_service.domain.errors import ConfigFault
from training.cli import dataset as command
from training.cli.dataset import dataset


@pytest.fixture
def files(tmp_path: Path, payments: str, mapped: Callable[..., str]) -> list[str]:
    """Write mapping and source, and return the command's arguments."""
    (tmp_path / "m.toml").write_text(mapped(), encoding="utf-8")
    (tmp_path / "s.csv").write_text(payments, encoding="utf-8")
    return [
        "import", "--mapping", str(tmp_path / "m.toml"), str(tmp_path / "s.csv"),
        "--out", str(tmp_path / "out"),
    ]  # fmt: skip


def test_the_command_tells_what_it_wrote(files: list[str], tmp_path: Path) -> None:
    """Rows, range, labels and missing cells, as text and as JSON."""
    result = CliRunner().invoke(
        dataset, [*files, "--json", str(tmp_path / "f.json")], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "4 events of 4 rows, 2024-05-01 to 2024-05-02, entities card, shop" in result.output
    assert "label fraud: 1 positive, 2 negative, 1 without a label" in result.output
    assert "entity__card: missing in 25.0% of the events" in result.output
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["events"] == 4
    assert figures["labels"]["fraud"]["positives"] == 1
    assert figures["missing"]["entity__shop"] == 1


def test_the_command_tells_what_to_do_next(files: list[str], payments: str, tmp_path: Path) -> None:
    """A training to copy, when events with labels span days enough for one; else why there is none.

    Of the newest events, whose labels are not known yet, none would be measured.
    """
    short = CliRunner().invoke(dataset, files, catch_exceptions=False)
    assert "next" not in short.output
    assert "label fraud: too few days to train and to test with 7d between them" in short.output
    source = payments.replace("2024-05-02T09:00:00Z,4711,,1e2,", "2024-08-02T09:00:00Z,4711,,1e2,0")
    source += "a5,2024-12-31T09:00:00Z,4711,,1e2,\n"
    (tmp_path / "s.csv").write_text(source, encoding="utf-8")
    found = CliRunner().invoke(dataset, [*files[:-1], str(tmp_path / "new")])
    (command_line,) = [line for line in found.output.splitlines() if line.startswith("next")]
    assert command_line.partition(": risk ")[2] == (
        f"train --data {tmp_path}/new --label fraud --train-from 2024-05-01 --train-to 2024-06-30"
        f" --test-from 2024-07-07 --test-to 2024-08-03 --out {tmp_path}/new-run"
    )


def test_an_error_ends_the_command_with_its_words(
    files: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``risk`` prints "Error: FILE, row N: ..." and ends with code 1, as everywhere."""
    (tmp_path / "s.csv").write_text("id,time,card,shop,price,fraud\na,never,c,s,1,1\n")
    monkeypatch.setattr("sys.argv", ["risk", "dataset", *files])
    with pytest.raises(SystemExit) as caught:
        main()
    assert str(caught.value.code) == (
        f"Error: {tmp_path}/s.csv, row 2: column time: 'never' is not an ISO 8601 time"
    )
    assert not (tmp_path / "out").exists()


def test_the_command_speaks_chinese(
    files: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What came of an import, and what a row is refused for: file, row, column and value."""
    told = CliRunner().invoke(dataset, [*files, "--lang", "zh"], catch_exceptions=False).output
    assert f"{tmp_path}/out：4 行得到 4 个事件，2024-05-01 至 2024-05-02，实体：card、shop" in told
    assert "标签 fraud：正 1，负 2，无标签 1" in told
    assert "entity__card：25.0% 的事件缺失" in told
    (tmp_path / "s.csv").write_text("id,time,card,shop,price,fraud\na,never,c,s,1,1\n")
    monkeypatch.setenv("RISK_LANG", "zh")
    refused = CliRunner().invoke(dataset, [*files[:-1], str(tmp_path / "new")])
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"错误：{tmp_path}/s.csv 第 2 行：列 time：'never' 不是 ISO 8601 时间\n"
    )


def test_a_mapping_is_refused_in_chinese(files: list[str], tmp_path: Path) -> None:
    """The key, what it says, and what would be right."""
    path = tmp_path / "m.toml"
    path.write_text(path.read_text().replace('delay = "7d"', 'delay = "soon"'), "utf-8")
    told = CliRunner().invoke(dataset, [*files, "--lang", "zh"]).stderr
    said = 'labels.fraud.delay：\'soon\' 不是时长；请写 "7d"、"36h"、"90min" 或 "0s"'
    assert told == f"错误：{path}：{said}\n"
    path.write_text("format = ", "utf-8")
    told = CliRunner().invoke(dataset, [*files, "--lang", "zh"]).stderr
    assert told == f"错误：{path}：无法按 TOML 读取：值无效（文件末尾）\n"


def test_a_guessed_mapping_is_told_in_chinese(payments: str, tmp_path: Path) -> None:
    """Its comments; what programs read is the same in both languages."""
    (tmp_path / "s.csv").write_text(payments, encoding="utf-8")
    given = ["mapping", str(tmp_path / "s.csv")]
    english = CliRunner().invoke(dataset, given, catch_exceptions=False).output
    chinese = CliRunner().invoke(dataset, [*given, "--lang", "zh"], catch_exceptions=False).output
    assert chinese.startswith("# 根据 s.csv 的前几行推测：请更正有误之处。\n")
    assert "# 多久之后标签已知：请如实填写" in chinese
    assert tomllib.loads(chinese) == tomllib.loads(english)


def test_a_quick_import_shows_no_bar(
    files: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Bars are for what takes more than two seconds."""
    quick = CliRunner().invoke(dataset, files, catch_exceptions=False)
    assert "reading" not in quick.stderr
    monkeypatch.setattr(command, "_BAR_AFTER_S", -1.0)
    slow = CliRunner().invoke(dataset, [*files[:-1], str(tmp_path / "out2")])
    assert "reading" in slow.stderr
    assert "writing" in slow.stderr


def test_nothing_is_left_when_the_import_is_interrupted(
    files: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ctrl-C in the middle of the writing leaves neither a target nor a partial one."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.datasets.importing.run.describe", interrupted)
    CliRunner().invoke(dataset, files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.toml", "s.csv"]


def test_the_target_is_checked_before_the_source_is_read(files: list[str], tmp_path: Path) -> None:
    """An hour of reading must not end with "exists already"."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ConfigFault, match="exists already"):
        CliRunner().invoke(dataset, files, catch_exceptions=False)


def test_help_shows_an_example() -> None:
    """A command that can be copied stands in the help."""
    result = CliRunner().invoke(dataset, ["import", "--help"])
    # A shell goes on behind the backslash that ends a line.
    words = result.output.replace("\\\n", " ").split()
    example = "risk dataset import --mapping mapping.toml payments.csv.gz --out payments"
    assert example in " ".join(words)
