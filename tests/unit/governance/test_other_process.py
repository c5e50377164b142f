"""What another process puts in force is taken over by each that shares the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.governed import PublishedKind, Sources
from tests.fixtures.governing import BOB, LIMITS, RULES, Desk, Plain, open_desk


@pytest.fixture
def other(desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """Return another process's desk over the store of ``desk``."""
    opened = open_desk(tmp_path / "governance.sqlite3")
    yield opened
    opened.file.close()


def put_in_force(desk: Desk, kind: PublishedKind, text: str) -> None:
    """Publish and approve."""
    published = desk.governance.publishing.publish(kind, {"f.toml": text}, "ann", "why")
    desk.governance.approve(kind, published.number, text, BOB)


def in_force(desk: Desk) -> tuple[str, str]:
    """Return the versions of rules and limits that decide from the next group of orders on."""
    desk.governance.settle()
    now = desk.governance.governing.now
    return now.rules.version, now.limits.version


def test_other_process_is_followed(desk: Desk, other: Desk) -> None:
    """What one process puts in force decides in the other after its next look, between groups."""
    put_in_force(other, RULES, "rules-2")
    desk.governance.refresh()
    assert desk.governance.governing.now.rules.version == "rules-1"
    assert in_force(desk) == ("rules-2", "limits-1")
    desk.governance.refresh()
    assert in_force(desk) == ("rules-2", "limits-1")


def test_own_change_hides_none_of_another_process(desk: Desk, other: Desk) -> None:
    """Limits approved elsewhere a moment before own rules are in force here after the next look."""
    put_in_force(other, LIMITS, "limits-2")
    put_in_force(desk, RULES, "rules-2")
    desk.governance.refresh()
    assert in_force(desk) == ("rules-2", "limits-2")


def test_rules_that_cannot_be_loaded_keep_no_limits_out(
    desk: Desk, other: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer service publishes rules that this one cannot load: told once, the rest follows."""
    newer = other.governance.publishing.load
    monkeypatch.setitem(newer, RULES, lambda sources: Plain(version="".join(sources.values())))
    put_in_force(other, RULES, "broken here")
    put_in_force(other, LIMITS, "limits-2")
    with pytest.raises(ConfigFault, match="cannot be used by this version"):
        desk.governance.refresh()
    desk.governance.refresh()
    assert in_force(desk) == ("rules-1", "limits-2")


def test_a_store_that_is_away_for_a_moment_hides_no_change(
    desk: Desk, other: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be read at one look is taken over at the next."""
    put_in_force(other, RULES, "rules-2")

    def away(_number: int) -> Sources:
        raise StoreUnavailable("it is away")

    with monkeypatch.context() as patch:
        patch.setattr(desk.publications, "sources", away)
        with pytest.raises(StoreUnavailable):
            desk.governance.refresh()
    desk.governance.refresh()
    assert in_force(desk) == ("rules-2", "limits-1")
