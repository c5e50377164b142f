"""What an operator types about a person, what is refused of it, and what is printed."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from risk_service.adapters.key_mark import hold_to_key
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.cli import progress as progress_module
from risk_service.cli.main import risk
from risk_service.cli.person_words import PersonWords
from risk_service.cli.progress import Progress
from risk_service.identity.keys import write_identity_key
from tests.fixtures.keys import KEY
from tests.fixtures.records import record

SECRET = "13912345678"  # noqa: S105 - a phone number of nobody


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return the state directory of a service with one refused order of ``acc-1``."""
    directory = tmp_path / "state"
    directory.mkdir()
    store = SqliteDecisionStore(directory)
    kept = record("r-1", with_reasons=True)
    decision = replace(kept.decision, reasons=kept.decision.reasons)
    store.commit([replace(kept, decision=decision)])
    store.close()
    GovernanceFile(directory / "governance.sqlite3", lambda: 1).close()
    hold_to_key(directory, KEY)
    write_identity_key(tmp_path / "identity.key", KEY)
    return directory


def run(state: Path, *arguments: str, typed: str = "") -> Any:
    """Run the command."""
    key = str(state.parent / "identity.key")
    command = ["person", "--state", str(state), "--identity-key", key, *arguments]
    return CliRunner().invoke(risk, command, input=typed)


def trail(state: Path) -> list[str]:
    """Return who was read, as the trail has it."""
    with sqlite3.connect(state / "governance.sqlite3") as db:
        return [row[0] for row in db.execute("SELECT subject FROM audit")]


@pytest.mark.parametrize(
    ("option", "wrong", "words"),
    [
        ("--state", "nostate", "there is no log of decisions; give the --state of the service"),
        ("--identity-key", "nokey", "no such file"),
    ],
)
def test_a_wrong_path_is_told_before_anything_is_asked(
    state: Path, option: str, wrong: str, words: str
) -> None:
    """Nobody types a phone number to learn that the directory is another one."""
    done = run(state, "--ask", "phone", option, str(state.parent / wrong), typed=f"{SECRET}\n")
    assert words in str(done.exception)
    assert "phone" not in done.output


@pytest.mark.parametrize(("lang", "words"), [("en", "by account"), ("zh", "依据 账号")])
def test_a_refused_order_is_told_with_its_reason(state: Path, lang: str, words: str) -> None:
    """Outcome, reason, the id to go on with, and by what the order is the person's."""
    done = run(state, "--ask", "account", "--lang", lang, typed="acc-1\n")
    assert done.exit_code == 0
    for text in ("ORDER_QUANTITY", "dec-r-1", "o-1", "risk explain", words):
        assert text in done.stdout
    assert "acc-1" not in done.output
    (subject,) = trail(state)
    assert subject.startswith("person/account/k1:")


def test_an_address_is_asked_for_part_by_part(state: Path) -> None:
    """And is one down to its door: a building has many people."""
    typed = "上海\n\n浦东新区\n世纪大道100号8栋1201室\n200120\n"
    assert "dec-r-1" in run(state, "--ask", "address", typed=typed).stdout
    refused = run(state, "--ask", "address", typed="上海\n\n\n世纪大道100号8栋\n\n")
    assert refused.exit_code == 1
    assert "address" in str(refused.exception)
    assert "世纪大道" not in refused.output + str(refused.exception)


HOSTILE = {
    "no TOML": f"phone = {SECRET}-",
    "a number": f"phone = {SECRET}",
    "no kind": f'"{SECRET}" = "phone"',
    "an IP": 'ip = "203.0.113.7"',
    "a table": f'phone = {{ number = "{SECRET}" }}',
    "an address of one text": f'address = "{SECRET}"',
    "an unknown part": f'address = {{ door = "{SECRET}" }}',
    "a list in a list": f'phone = [["{SECRET}"]]',
    "too long": f'account = "{SECRET * 200}"',
    "too many": "account = [" + ", ".join(f'"{SECRET}-{n}"' for n in range(101)) + "]",
    "an id with a wrong digit": f'real_name = "31010119900307{SECRET[:4]}"',
    "nothing": "",
    "deep": "account = " + "[" * 5_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_identifier_is_refused_without_being_repeated(
    state: Path, text: str, lang: str
) -> None:
    """One line, no trace in the trail, and nothing of what was typed."""
    done = run(state, "--from", "-", "--lang", lang, typed=text)
    assert done.exit_code == 1
    told = f"{done.output}{done.exception}"
    assert SECRET not in told
    assert SECRET[:4] not in told
    assert "Traceback" not in told
    assert trail(state) == []


def test_a_file_that_others_may_read_is_refused(state: Path) -> None:
    """It holds what the service keeps nowhere."""
    file = state.parent / "who.toml"
    assert "who.toml" in str(run(state, "--from", str(file)).exception)
    file.write_text('account = "acc-1"', "utf-8")
    file.chmod(0o644)
    assert "chmod 600" in str(run(state, "--from", str(file)).exception)
    file.chmod(0o600)
    assert "dec-r-1" in run(state, "--from", str(file)).stdout


def test_a_directory_without_a_mark_leaves_open_whether_the_key_is_right(state: Path) -> None:
    """That of a service of before; an empty answer must not be taken for a true one."""
    (state / "identity-key.mark").unlink()
    assert "身份密钥" in run(state, "--ask", "account", "--lang", "zh", typed="nobody\n").stdout
    assert not (state / "identity-key.mark").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("--token", "k1:x"), ("--token", f"account={SECRET}"), ("--token", f"ip=k1:{'0' * 32}"),
        ("--order", ""), ("--order", "o\x1b[2J"), ("--order", "o-1", "--why", f"call {SECRET}"),
        ("--order", "o-1", "--since", "2026-01-02", "--until", "2026-01-02"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_and_leaves_no_trace(
    state: Path, arguments: tuple[str, ...]
) -> None:
    """Nobody, no token, no order, a reason that names somebody, no span of time."""
    done = run(state, *arguments)
    assert done.exit_code == 1
    assert SECRET not in f"{done.output}{done.exception}"
    assert trail(state) == []


def test_without_a_trail_nothing_is_read(state: Path) -> None:
    """A trail of another program, of a newer service, or none; a copy is read by saying so."""
    place = state / "governance.sqlite3"
    with sqlite3.connect(place) as db:
        db.execute("PRAGMA user_version = 99")
    assert "of this version" in str(run(state, "--order", "o-1").exception)
    place.unlink()
    assert "--without-trail" in str(run(state, "--order", "o-1").exception)
    assert not place.exists()
    done = run(state, "--order", "o-1", "--without-trail", "--until", "2020-01-01T00:00:00+08:00")
    assert done.exit_code == 0
    assert "dec-r-1" not in done.stdout
    assert not place.exists()


def test_progress_is_told_after_two_seconds_and_not_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, so that the answer stays clean."""
    now_s = 0.0
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now_s)
    with Progress(PersonWords("zh")) as progress:
        now_s = 1.9
        progress.tell("events", 1, 10)
        assert capsys.readouterr().err == ""
        now_s = 2.0
        progress.tell("events", 4, 10)
        progress.tell("events", 5, 10)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "正在读取事件：40 %\n")
