"""README and docs: links lead somewhere, commands and files that are named exist."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import click
import pytest

from risk_service.cli.main import risk
from tests.bench.__main__ import PARTS

ROOT = Path(__file__).parents[3]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
ROOMS = "docs|feature_repo|proto|risk_service|tests|training"


def names(pages: list[Path]) -> list[str]:
    """Return what tests call pages."""
    return [str(page.relative_to(ROOT)) for page in pages]


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return what links into a page may end with: its headings as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-") for one in headings}


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each ``risk`` command that a page shows, in blocks and in prose."""
    text = page.read_text("utf-8")
    blocks = "\n".join(FENCE.findall(text)).replace("\\\n", " ")
    for line in re.findall(r"^risk [a-z].*$", blocks, re.MULTILINE):
        words = shlex.split(line, comments=True)
        places = [place for place, word in enumerate(words) if word == "risk"]
        for start, end in pairwise([*places, len(words)]):
            yield [word for word in words[start + 1 : end] if word != "&&"]
    for span in CODE.findall(FENCE.sub("", text)):
        if re.match(r"risk [a-z]", span):
            yield " ".join(span.split()).replace('"', " ").replace("'", " ").split()[1:]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the words call and the words left for it."""
    command: click.Command = risk
    left = list(words)
    while isinstance(command, click.Group) and left:
        found = command.get_command(click.Context(command), left[0])
        if found is None:
            break
        command = found
        left = left[1:]
    return command, left


def unknown(words: list[str]) -> list[str]:
    """Return what of a command's words does not exist."""
    if alternatives := [word for word in words[:2] if "|" in word]:
        before, _, after = " ".join(words).partition(alternatives[0])
        each = [f"{before}{one}{after}".split() for one in alternatives[0].split("|")]
        return [word for one in each for word in unknown(one)]
    command, left = command_of(words)
    if isinstance(command, click.Group):
        # A group may be named alone.
        return left[:1] if left and re.fullmatch(r"[a-z-]+", left[0]) else []
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    asked = [word.partition("=")[0].strip("[],") for word in left if word.startswith(("-", "[--"))]
    return [f"{command.name} {word}" for word in asked if word[:2] == "--" and word not in options]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading of it."""
    lost = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page)):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_commands_exist(page: Path) -> None:
    """Every ``risk`` command, with each of its long options, is one."""
    assert [word for words in commands(page) for word in unknown(words)] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_files_and_modules_exist(page: Path) -> None:
    """Every module to run, every part of the bench and every file of a room is there."""
    text = page.read_text("utf-8")
    modules = re.findall(r"python\s+-m\s+((?:tests|training|risk_service)[\w.]*\w)", text)
    parts = re.findall(r"--only\s+([a-z|]+)", text)
    files = re.findall(rf"`((?:{ROOMS})/[\w./-]+)`", text)
    files += re.findall(r"pytest [^`\n]*?(tests/[\w./]+\.py)", text)
    assert [one for one in modules if find_spec(one) is None] == []
    assert [one for each in parts for one in each.split("|") if one not in PARTS] == []
    assert [one for one in files if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=names(DECISIONS))
def test_decisions_have_a_status_and_are_listed(page: Path) -> None:
    """A decision says whether it holds, bears the number of its file, and is in the list."""
    title, _, status = page.read_text("utf-8").split("\n", 3)[:3]
    number = int(page.name[:4])
    assert title.startswith(f"# {number}. ")
    assert status.startswith("**Status**: accepted, ")
    words = title.partition(". ")[2]
    listed = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    assert f"- [{number}]({page.name}) {words}\n" in listed


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_decisions_named_by_number_exist(page: Path) -> None:
    """Whoever reads "ADR 73" finds it."""
    numbers = {int(one) for one in re.findall(r"\bADR (\d+)", page.read_text("utf-8"))}
    assert numbers - {int(one.name[:4]) for one in DECISIONS} == set()
