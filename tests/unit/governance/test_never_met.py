"""Rules and limits that ask for what no order has: refused anew, untouched where they decide."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.publications import SqlitePublications
from risk_service.bootstrap.governance import load_limits, load_rules
from risk_service.domain.errors import InvalidInput
from risk_service.domain.governed import Evidence, PublishedKind, VersionDraft
from risk_service.governance.publishing import Publishing
from tests.fixtures.governing import NOW_US
from tests.fixtures.limit_texts import policy
from tests.fixtures.rule_texts import file_text, rule_text

RULES, LIMITS = PublishedKind.RULES, PublishedKind.LIMITS
WHEN = "known(order__page_open_ms) && order__page_open_ms < 300"
KNOWN = "order__page_open_ms = 1"
TIER = "[[policy.tier]]\nwhen = { address_region = '上海市' }\ncap = 4\n"
WRONG = {
    RULES: file_text(rule_text("[rule.scope]\nregions = ['上海市']", KNOWN, when=WHEN)),
    LIMITS: f"format = 1\n{policy('p')}{TIER}",
}
PLACE = {
    RULES: "my.toml:20: rule fast_submit: 上海市 is not",
    LIMITS: "my.toml:18: policy `p`, tier 1",
}


@pytest.fixture
def publishing(tmp_path: Path) -> Iterator[Publishing]:
    """Return publishing on an empty store, without gates."""
    file = GovernanceFile(tmp_path / "governance.sqlite3", lambda: NOW_US)
    load = {RULES: load_rules, LIMITS: load_limits}
    yield Publishing(store=SqlitePublications(file), load=load)
    file.close()


def right(kind: PublishedKind) -> dict[str, str]:
    """Return sources that orders can meet."""
    return {"my.toml": WRONG[kind].replace("上海市", "上海")}


def wrong(kind: PublishedKind) -> dict[str, str]:
    """Return sources that no order meets."""
    return {"my.toml": WRONG[kind]}


def of_before(publishing: Publishing, kind: PublishedKind) -> VersionDraft:
    """Return what a version of the service that took everything would have proposed."""
    version = publishing.loaded(kind, wrong(kind)).version
    return VersionDraft(kind=kind, version=version, sources=wrong(kind), author="ann", note="n")


@pytest.mark.parametrize("kind", [RULES, LIMITS])
def test_nothing_of_the_kind_is_put_in_force_anew(
    publishing: Publishing, kind: PublishedKind
) -> None:
    """Neither at the first start, nor published, nor in an emergency, nor approved."""
    with pytest.raises(InvalidInput, match="write 上海"):
        publishing.seed(kind, wrong(kind))
    publishing.seed(kind, right(kind))
    for evidence in (Evidence(), Evidence(emergency="attack")):
        with pytest.raises(InvalidInput, match="write 上海") as refused:
            publishing.publish(kind, wrong(kind), "ann", "why", evidence)
        (fault,) = refused.value.violations
        assert f"{fault.field}: {fault.description}".startswith(PLACE[kind])
    before = publishing.store.propose(of_before(publishing, kind))
    with pytest.raises(InvalidInput, match="write 上海"):
        publishing.approve(kind, before.number, before.version, "bob")


@pytest.mark.parametrize("kind", [RULES, LIMITS])
def test_what_decides_already_goes_on(publishing: Publishing, kind: PublishedKind) -> None:
    """Given at the start of an older version, or published there: a start, and a way back."""
    draft = of_before(publishing, kind)
    publishing.store.seed(kind, draft.version, draft.sources)
    publishing.seed(kind, wrong(kind))
    assert publishing.in_force(kind).version == draft.version
    other = publishing.publish(kind, right(kind), "ann", "mended")
    publishing.approve(kind, other.number, other.version, "bob")
    back, _ = publishing.rollback(kind, 0, "ann", "back")
    assert back.version == draft.version
