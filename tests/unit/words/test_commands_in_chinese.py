"""The offline commands end in the language of who runs them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from risk_service.cli.main import risk
from tests.fixtures.own_data import write_example

DATES = ("--train-from", "2024-01-01", "--train-to", "2024-02-01")
LATER = ("--test-from", "2034-02-08", "--test-to", "2034-03-01")
TESTED = ("--test-from", "2024-02-08", "--test-to", "2024-03-01")


def run(*arguments: object) -> Result:
    """Run a command in Chinese."""
    return CliRunner().invoke(risk, [*map(str, arguments), "--lang", "zh"])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write a small set of own events."""
    write_example(tmp_path / "shop")
    return tmp_path / "shop"


def test_a_training_asks_for_what_is_missing(shop: Path, tmp_path: Path) -> None:
    """Options that do not fit end with code 2, as in English."""
    told = run("train", "--data", shop, "--out", tmp_path / "run", "--label", "fraud")
    assert told.exit_code == 2
    assert f"{shop} 是自有事件数据集；缺少这些选项：--train-from, --train-to" in told.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--label", "nosuch", *DATES, *TESTED), "没有标签 'nosuch'；可用："),
        (("--label", "fraud", *DATES, *LATER), "该时段没有事件；数据集的事件从"),
        (("--label", "fraud", *TESTED, *DATES[:2], "--train-to", "soon"), "'soon' 不是日期，请写"),
    ],
)
def test_a_training_is_refused(
    shop: Path, tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    """A label or a window that is not there, with those that are."""
    told = run("train", "--data", shop, "--out", tmp_path / "run", *given)
    assert told.exit_code == 1
    assert "错误：" in told.stderr
    assert said in told.stderr


def test_an_evaluation_is_refused(tmp_path: Path) -> None:
    """What is missing, and how it is named."""
    assert "不是 `risk train` 的结果目录" in run("evaluate", tmp_path).stderr
    (tmp_path / "bundle").mkdir()
    assert "缺少 --data：请写明训练 RUN 所用的原始数据集" in run("evaluate", tmp_path).stderr
    told = run("evaluate", tmp_path, "--data", tmp_path).stderr
    assert f"{tmp_path}/keys/signing.pub：文件不存在；请用 --trust 写明公钥" in told


def test_a_world_is_refused(tmp_path: Path) -> None:
    """A number out of its bounds."""
    told = run("simulate", "--seed", 1, "--days", 3, "--orders", 2_000, "--out", tmp_path / "w")
    assert "错误：--days 须在 7.." in told.stderr
    assert "之内，现为 3" in told.stderr
    again = run("demo", "--once", "--days", 3, "--work", tmp_path / "demo")
    assert "--days 须在 7.." in again.stderr


def test_a_backtest_is_refused(shop: Path) -> None:
    """The place of a fault in a condition, and what would be right."""
    told = run("backtest", "amout > 3", "--data", shop).stderr
    assert told.startswith("错误：规则第 1 行第 1 列：没有变量 amout\n  amout > 3\n  ^^^^^\n")
    assert run("backtest", "--data", shop).stderr.endswith("缺少 RULE：请写表达式或规则编号\n")


def test_a_key_that_is_missing_or_open_is_told(tmp_path: Path) -> None:
    """The way to a key, or to closing it."""
    key = tmp_path / "identity.key"
    given = (
        "dataset",
        "prepare",
        "--data",
        tmp_path,
        "--identity-key",
        key,
        "--out",
        tmp_path / "o",
    )
    said = f"错误：身份密钥 {key}：文件不存在；请用 `risk keys init` 创建\n"
    assert run(*given).stderr == said
    key.write_text("{}")
    key.chmod(0o644)
    assert f"其他用户可打开（权限 0644）；请运行 `chmod 600 {key}`" in run(*given).stderr


def test_options_that_do_not_go_together_are_told() -> None:
    """Of commands that look at a service as well."""
    told = run("explain", "k", "--server", "127.0.0.1:1", "--state", "s").stderr
    assert "请只写一个" in told


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The name in front; what the system says of it is its own."""
    world = ("simulate", "--seed", 1, "--days", 28, "--orders", 2_000, "--out", tmp_path / "w")
    told = run(*world, "--json", tmp_path / "none" / "s.json")
    assert told.stderr.endswith(f"错误：{tmp_path}/none/s.json：No such file or directory\n")
