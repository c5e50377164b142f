"""``--help`` in Chinese: texts of `cli/help`, the page made of them, and what is kept from it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from risk_service.cli.help.page import prose_of
from risk_service.cli.help.texts import ROOT, SHARED, SUMMARIES, tables
from risk_service.cli.main import SUMMARIES as ENGLISH_SUMMARIES
from risk_service.cli.main import risk
from risk_service.domain.shown import width

SERVICE, OFFLINE = "risk_service.cli.help", "training.cli.help"
# Files of click's own words, which are no command's.
OF_CLICK = {"words", "misuse"}
CHINESE = re.compile("[\u3400-\u9fff]")
NARROW = re.compile(r"[\u3400-\u9fff][,;:?!]|[,;?!][\u3400-\u9fff]")
Text = tuple[str, str, str, str]


def contexts(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of a command, and of all below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            below = type(context)(command, parent=context, info_name=name)
            yield from contexts(below)


EVERY = {each.command_path: each for each in contexts(risk.context_class(risk, info_name=ROOT))}


def own_file(path: str) -> tuple[str, str]:
    """Return the package and the name of the file that has the texts of a command."""
    name = path.split()[1] if " " in path else ROOT
    callback = EVERY[path].command.callback
    assert callback is not None
    return f"{callback.__module__.partition('.')[0]}.cli.help", name


def told_by_pages() -> Iterator[Text]:
    """Yield every text that a page may tell: of which command and parameter, and the English."""
    for path, context in EVERY.items():
        package, name = own_file(path)
        yield package, f"{name} {path}", "help", prose_of(context.command.help)
        for parameter in context.command.params:
            key = str(parameter.name)
            if english := getattr(parameter, "help", None):
                yield package, f"{name} {path}", key, english
            if isinstance(default := getattr(parameter, "show_default", None), str):
                yield package, f"{name} {path}", f"{key}_default", default


ASKED = tuple(told_by_pages())


def found(package: str, place: str, key: str, english: str) -> tuple[str, str, str, str] | None:
    """Return where a text stands: its package, file, table and key."""
    name, _, path = place.partition(" ")
    pairs = [(package, name, path), (package, name, SHARED), (SERVICE, ROOT, SHARED)]
    for at, file, table in pairs:
        pair = tables(at, file).get(table, {}).get(key)
        if pair and (table == path or pair[0] == english):
            return at, file, table, key
    return None


def written() -> Iterator[Text]:
    """Yield where each text of the files stands."""
    for package in (SERVICE, OFFLINE):
        folder = Path(sys.modules[package].__file__ or "") if package in sys.modules else None
        assert folder is not None
        for file in {one.stem for one in folder.parent.glob("*.toml")} - OF_CLICK:
            for table, pairs in tables(package, file).items():
                yield from ((package, file, table, key) for key in pairs)


def test_every_text_of_a_command_has_chinese_beside_the_same_english() -> None:
    """Whoever changes what an option says in English sees here that the Chinese is to follow."""
    places = {text: found(*text) for text in ASKED}
    assert [text[1:] for text, place in places.items() if place is None] == []
    for (_, path, key, english), place in places.items():
        assert place is not None
        package, file, table, _ = place
        en, zh = tables(package, file)[table][key]
        assert "\n\n".join(" ".join(one.split()) for one in en.strip().split("\n\n")) == english
        assert CHINESE.search(zh), (path, key)
        assert not NARROW.search(zh), "signs beside Chinese are wide"
        assert zh.count("\n\n") == en.count("\n\n"), (path, key)


def test_no_text_is_left_of_what_is_gone() -> None:
    """A command, an option or a summary that went takes its Chinese with it."""
    told = {found(*text) for text in ASKED}
    summaries = {(SERVICE, ROOT, SUMMARIES, name) for name in ENGLISH_SUMMARIES}
    assert set(written()) == {place for place in told if place} | summaries


def test_the_list_of_commands_is_told_from_the_same_english() -> None:
    """It is written by hand in both languages, since it imports no command."""
    summaries = tables(SERVICE, ROOT)[SUMMARIES]
    assert {name: en for name, (en, _) in summaries.items()} == ENGLISH_SUMMARIES
    assert all(CHINESE.search(zh) for _, zh in summaries.values())


@pytest.mark.parametrize("path", sorted(EVERY))
def test_a_page_is_chinese_and_fits_a_terminal(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese takes two columns a character; nothing of the English page is left but names."""
    english = page(path)
    monkeypatch.setenv("RISK_LANG", "zh")
    told = page(path)
    # Choices of an option stand in one line, however many; click breaks no name.
    assert all(width(line) <= 80 for line in told.splitlines() if CHINESE.search(line))
    for word in ("Usage", "Options", "Commands", "Show this", "Example:", "[default", "[required"):
        assert word not in told
    texts = [text for _, place, _, text in ASKED if place.endswith(f" {path}")]
    assert not [text for text in texts if text.split("\n")[0] in told]
    # Names of options and commands, and the examples, are those of the English page.
    assert names(told, "选项：") == names(english, "Options:")
    assert examples(told, "示例：") == examples(english, "Example: ")


def page(path: str) -> str:
    """Return what ``--help`` of a command prints."""
    run = CliRunner().invoke(risk, [*path.split()[1:], "--help"], terminal_width=80, prog_name=ROOT)
    assert run.exit_code == 0
    return run.output


def names(text: str, heading: str) -> list[str]:
    """Return the options and commands of a page."""
    return re.findall(r"^  (-\S+|[a-z]\S*)", text.partition(heading)[2], re.MULTILINE)


def examples(text: str, label: str) -> list[str]:
    """Return the commands shown, each as one line."""
    lines = text.replace("\\\n", " ").splitlines()
    parts = [line.split(label)[1] for line in lines if line.strip().startswith(label)]
    return [" ".join(part.split()) for part in parts]


def test_help_of_one_command_speaks_the_language_it_is_asked_in() -> None:
    """``--lang zh`` before ``--help`` is enough; ``--lang en`` goes before ``RISK_LANG``."""
    run = CliRunner().invoke(risk, ["audit", "list", "--lang", "zh", "--help"])
    assert "选项：" in run.output
    run = CliRunner().invoke(
        risk, ["audit", "list", "--lang", "en", "--help"], env={"RISK_LANG": "zh"}
    )
    assert "Options:" in run.output
    assert "Options:" in CliRunner().invoke(risk, ["--help"], env={"RISK_LANG": "fr"}).output


def test_pages_are_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow one gets narrow lines, as in English."""
    monkeypatch.setenv("RISK_LANG", "zh")
    run = CliRunner().invoke(risk, ["rules", "--help"], terminal_width=50)
    assert max(map(width, run.output.splitlines())) <= 50
    assert "  rollback   恢复当前版本所替换的版本，或编号为\n" in run.output


def test_help_in_chinese_imports_no_offline_half() -> None:
    """The list of all commands is read from one file, whichever half they are of."""
    program = (
        "import sys; from risk_service.cli.main import risk; risk(standalone_mode=False);"
        "print(sorted({'training', 'feast', 'numpy', 'grpc'} & set(sys.modules)))"
    )
    for language, expected in (("zh", "命令："), ("en", "Commands:")):
        run = subprocess.run(
            [sys.executable, "-c", program, "--help"],
            capture_output=True, text=True, check=True, env=os.environ | {"RISK_LANG": language},
        )  # fmt: skip
        assert expected in run.stdout
        assert run.stdout.endswith("[]\n")
