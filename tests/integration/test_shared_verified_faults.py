"""Verified levels stay shared over outages of Redis, damaged entries, gaps and backups."""

import logging
import shutil
import sqlite3
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.connection import connect
from risk_service.adapters.sqlite.schema import FileKind, migrate
from risk_service.adapters.sqlite.shared_verifications import FILE_NAME, SHARED_VERIFICATIONS
from risk_service.domain.vocabulary import VerificationLevel
from tests.fixtures.offices import L1, L2, LATER_US, NOW_US, OpenOffice
from tests.fixtures.offices import open_office as open_at
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.shared_shop import KEEPING
from tests.fixtures.waiting import wait_until


def test_verifications_go_on_while_redis_is_away(
    open_office: OpenOffice, redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Own ones count at once; afterwards the others have them. Each turn is said once."""
    one, other = open_office(tmp_path / "one"), open_office(tmp_path / "other")
    one.follow()
    redis.kill()
    one.verify("a", L2, "name")
    for _ in range(2):
        assert not one.feed.follow(LATER_US)
        assert one.feed.is_lost
    assert caplog.messages == ["verifications_lost"]
    assert "Redis at" in caplog.records[0].error  # type: ignore[attr-defined]  # an extra
    assert one.verified.level("a", NOW_US) is L2
    redis.start()
    caplog.set_level(logging.INFO)
    for office in (one, other):
        wait_until(office.is_back, "verifications are followed again")
        office.follow()
    assert caplog.messages == ["verifications_lost", "verifications_back"]
    assert other.verified.level("a", NOW_US) is L2


@pytest.mark.parametrize(
    ("head", "items"),
    [(None, b"\xc1"), (None, b"\x91\x81\xa7account\xa1\xff"), (b"short", b"\x90")],
    ids=["no items", "no text", "no head"],
)
def test_an_entry_that_cannot_be_read_stops_nothing(
    open_office: OpenOffice,
    redis: RedisServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    head: bytes | None,
    items: bytes,
) -> None:
    """It is missed, which is said once, and what comes behind it is known."""
    one, other = open_office(tmp_path / "one"), open_office(tmp_path / "other")
    one.verify("a", L1)
    one.follow()
    redis.damage_last("{verified:1}", head, items)
    one.verify("b", L1)
    one.follow()
    for _ in range(2):
        other.follow()
    assert other.missed == ["gap"]
    assert caplog.messages.count("verifications_missed") == 1
    assert other.verified.level("b", NOW_US) is L1


def test_a_gap_is_said_and_a_copied_file_fills_it(open_office: OpenOffice, tmp_path: Path) -> None:
    """A service that comes when the log was trimmed starts from another's copy."""
    one = open_office(tmp_path / "one", entries_kept=100)
    one.follow()
    for number in range(350):
        one.verify(f"acc-{number}", L1)
        one.feed.follow(LATER_US)
    late = open_office(tmp_path / "late")
    late.follow()
    assert late.missed == ["gap"]
    assert late.verified.level("acc-0", NOW_US) is VerificationLevel.UNSPECIFIED
    mended = tmp_path / "mended"
    mended.mkdir()
    one.follow()
    with (
        closing(sqlite3.connect(tmp_path / "one" / FILE_NAME)) as theirs,
        closing(sqlite3.connect(mended / FILE_NAME)) as copy,
    ):
        theirs.backup(copy)
    fresh = open_office(mended)
    fresh.verify("mine", L1)
    fresh.follow()
    late.follow()
    assert not fresh.missed
    assert fresh.verified.level("acc-0", NOW_US) is L1
    assert late.verified.level("mine", NOW_US) is L1


def lived_on(open_office: OpenOffice, directory: Path) -> list[str]:
    """Let a service go on from a backup, and return whom it verified before it was copied."""
    back, new = open_office(directory / "backup" / "one"), [f"new-{number}" for number in range(4)]
    for name in new:
        back.verify(name, L1)
    shutil.copytree(directory / "backup" / "one", directory / "again" / "one")
    return new


def backed_up(open_office: OpenOffice, directory: Path) -> None:
    """Let a service verify two more accounts after a backup of it was made."""
    one = open_office(directory / "one")
    one.verify("a", L1)
    one.follow()
    shutil.copytree(directory / "one", directory / "backup" / "one")
    for name in "bc":
        one.verify(name, L1)
    one.follow()


@pytest.mark.parametrize("count", [1, 4])
def test_verifications_after_a_backup_was_put_back_are_shared(
    open_office: OpenOffice, redis: RedisServer, tmp_path: Path, count: int
) -> None:
    """Their places are those of others that the backup has not got, which all services know."""
    backed_up(open_office, tmp_path)
    other = open_office(tmp_path / "other")
    back = open_office(tmp_path / "backup" / "one")
    new = [f"new-{number}" for number in range(count)]
    for name in new:
        back.verify(name, L1)
    for office in (back, other, back):
        office.follow()
    known = {name: other.verified.level(name, NOW_US) for name in ("a", "b", "c", *new)}
    assert {*known.values()} == {L1}
    assert back.verified.level("c", NOW_US) is L1
    assert not other.missed
    length = redis.call("XLEN", "{verified:1}")
    shutil.copytree(tmp_path / "backup" / "one", tmp_path / "killed" / "one")
    open_office(tmp_path / "killed" / "one").follow()
    assert redis.call("XLEN", "{verified:1}") == length


def test_a_backup_is_noticed_when_redis_comes_back_after_a_restart(
    open_office: OpenOffice, redis: RedisServer, tmp_path: Path
) -> None:
    """By then the log is as long as it was: the copy that knew more of it has told at once."""
    backed_up(open_office, tmp_path)
    for file in (tmp_path / "one").glob(f"{FILE_NAME}*"):
        shutil.copy(file, tmp_path / "backup" / "one")
    redis.kill()
    new = lived_on(open_office, tmp_path)
    redis.start()
    again, other = open_office(tmp_path / "again" / "one"), open_office(tmp_path / "other")
    for office in (again, other):
        wait_until(office.is_back, "verifications are followed again")
        office.follow()
    assert {other.verified.level(name, NOW_US) for name in new} == {L1}


def test_a_whole_directory_that_was_put_back_is_noticed_after_restarts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log was shorter when it was opened first; that it is as long again deceives nobody."""
    with redis_server(*KEEPING) as keeping, ExitStack() as ends:
        open_here = partial(open_at, ends, keeping)
        backed_up(open_here, tmp_path)
        keeping.kill()
        new = lived_on(open_here, tmp_path)
        keeping.start()
        again, other = open_here(tmp_path / "again" / "one"), open_here(tmp_path / "other")
        for office in (again, other, again):
            office.follow()
        assert {other.verified.level(name, NOW_US) for name in ("c", *new)} == {L1}
        assert caplog.messages.count("verifications_published_anew") == 1
        length = keeping.call("XLEN", "{verified:1}")
        shutil.copytree(tmp_path / "again" / "one", tmp_path / "killed" / "one")
        open_here(tmp_path / "killed" / "one").follow()
        assert keeping.call("XLEN", "{verified:1}") == length


def test_a_copy_of_before_opens(
    open_office: OpenOffice, redis: RedisServer, tmp_path: Path
) -> None:
    """It knows nothing of when it was opened, and goes on from its place."""
    one = open_office(tmp_path / "one")
    one.verify("a", L1)
    one.follow()
    old = tmp_path / "old" / "one"
    shutil.copytree(tmp_path / "one", old)
    for file in old.glob(f"{FILE_NAME}*"):
        file.unlink()
    kind = FileKind(
        name=SHARED_VERIFICATIONS.name,
        application_id=SHARED_VERIFICATIONS.application_id,
        steps=SHARED_VERIFICATIONS.steps[:2],
    )
    with closing(connect(old / FILE_NAME, "NORMAL")) as before:
        migrate(before, FILE_NAME, kind)
        place = (one.store.origin, one.store.entry_us, one.store.published)
        before.execute("INSERT INTO place VALUES (1, ?, ?, ?)", place)
    again = open_office(old)
    assert again.store.published == 1
    again.verify("b", L1)
    again.follow()
    assert redis.call("XLEN", "{verified:1}") == 2
    assert again.store.origin == "one"
