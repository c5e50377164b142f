"""Changes of lists: who may, what needs a second look, all or nothing, and never a raw value."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.adapters.sqlite.list_reader import ListReader
from risk_service.domain.audit import AuditFilter
from risk_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from risk_service.domain.governed import ChangeState
from risk_service.domain.listed import EntityKind, ListKind, ListNeeds, RawListed
from risk_service.governance import listing as rules_of_lists
from risk_service.governance.listing import ListChange, RawEntry
from risk_service.identity.tokenise import Tokeniser
from risk_service.rules.lists import book as books
from tests.fixtures.governing import ANN, BOB, DAY_US, NOW_US, Desk, account, open_desk, order
from tests.fixtures.keys import KEY
from tests.fixtures.records import raw_order

DENY, ALLOW, GREY = ListKind.DENY, ListKind.ALLOW, ListKind.GREY


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return an empty store."""
    opened = open_desk(tmp_path / "governance.sqlite3")
    yield opened
    opened.file.close()


def met(desk: Desk, account_id: str) -> list[str]:
    """Return the ids of entries in force that an account meets, by memory and by the store."""
    desk.governance.settle()
    now = desk.governance.governing.now.lists
    again = desk.reader.book(now.version, NOW_US)
    hits = [hit.entry_id for hit in now.hits(order(account_id), {}, NOW_US)]
    assert hits == [hit.entry_id for hit in again.hits(order(account_id), {}, NOW_US)]
    assert now.needs == again.needs
    return hits


def test_deny_entry_acts_at_once(desk: Desk) -> None:
    """One entry needs no second person; the version moves on and names what it holds."""
    change = desk.add("ring", DENY, "a-1", "a-2")
    assert (change.state, change.entries, change.author) == (ChangeState.APPLIED, 2, "ann")
    assert len(met(desk, "a-1")) == 1
    assert met(desk, "a-3") == []
    version = desk.governance.governing.now.lists.version
    assert version.startswith("lists-1-")
    desk.add("ring", DENY, "a-3")
    desk.governance.settle()
    assert desk.governance.governing.now.lists.version.startswith("lists-2-")


def test_allow_entry_waits_for_a_second_person(desk: Desk) -> None:
    """Until then it is not there; its author cannot let it in."""
    change = desk.add("vip", ALLOW, "a-1")
    assert change.state is ChangeState.PROPOSED
    assert met(desk, "a-1") == []
    with pytest.raises(Forbidden, match="cannot approve"):
        desk.governance.approve_change(change.number, ANN)
    assert met(desk, "a-1") == []
    done = desk.governance.approve_change(change.number, BOB)
    assert (done.state, done.approver) == (ChangeState.APPLIED, "bob")
    assert met(desk, "a-1") == ["le_1"]
    with pytest.raises(Conflict, match="is applied, not proposed"):
        desk.governance.approve_change(change.number, BOB)


def test_rejected_change_never_acts(desk: Desk) -> None:
    """A closed proposal cannot be approved any more, and the same may be proposed again."""
    change = desk.add("vip", ALLOW, "a-1")
    store = desk.governance.listing.store
    assert store.reject(change.number, "bob", "who is that?").closed_by == "bob"
    with pytest.raises(Conflict, match="is rejected"):
        desk.governance.approve_change(change.number, BOB)
    assert desk.add("vip", ALLOW, "a-1").entries == 1
    assert met(desk, "a-1") == []


def test_large_deny_change_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in a file must not shut out thousands at once; a grey list decides nothing."""
    monkeypatch.setattr(rules_of_lists, "ENTRIES_UNSEEN_MAX", 2)
    assert desk.add("ring", DENY, "a", "b").state is ChangeState.APPLIED
    change = desk.add("ring", DENY, "c", "d", "e")
    assert change.state is ChangeState.PROPOSED
    assert met(desk, "c") == []
    assert desk.add("odd", GREY, "a", "b", "c").state is ChangeState.APPLIED
    desk.governance.approve_change(change.number, BOB)
    assert len(met(desk, "c")) == 2


def test_removed_entry_is_gone_at_once(desk: Desk) -> None:
    """It stays known, and cannot be removed twice; the same entry may come again."""
    desk.add("ring", DENY, "a-1")
    change = ListChange(list_id="ring", kind=None, author="ann", reason="not them")
    desk.governance.took(desk.governance.listing.remove(change, [1]))
    assert met(desk, "a-1") == []
    with pytest.raises(Conflict, match="le_1 is not in force in the list ring"):
        desk.governance.listing.remove(change, [1])
    assert [one.state for one in desk.reader.entries("ring", 0, 9, every=True)] == ["removed"]
    desk.add("ring", DENY, "a-1")
    assert met(desk, "a-1") == ["le_2"]


def test_repeated_entry_is_counted_and_not_doubled(desk: Desk) -> None:
    """The same file again adds nothing; another end or reason does."""
    desk.add("ring", DENY, "a-1", "a-1", "a-2")
    again = desk.add("ring", DENY, "a-1", "a-3")
    assert (again.entries, again.repeated) == (1, 1)
    assert len(met(desk, "a-1")) == 1
    longer = replace(account(0, "a-1"), expires_us=NOW_US + DAY_US)
    change = ListChange(list_id="ring", kind=None, author="ann", reason="")
    assert desk.governance.took(desk.governance.listing.add(change, [longer])).entries == 1


def test_what_only_waits_is_not_there_yet(desk: Desk) -> None:
    """A corrected proposal brings all of its entries, whatever becomes of the first one."""
    first = desk.add("vip", ALLOW, "a-1", "a-2")
    second = desk.add("vip", ALLOW, "a-1", "a-3")
    desk.governance.listing.store.reject(first.number, "bob", "a-2 is wrong")
    desk.governance.approve_change(second.number, BOB)
    assert (second.entries, second.repeated) == (2, 0)
    assert met(desk, "a-1") == ["le_3"]


def test_waiting_file_keeps_no_entry_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry acts at once also while a file that has it waits, and once more after that."""
    monkeypatch.setattr(rules_of_lists, "ENTRIES_UNSEEN_MAX", 2)
    file = desk.add("ring", DENY, "a-1", "a-2", "a-3")
    desk.add("ring", DENY, "a-1")
    assert met(desk, "a-1") == ["le_4"]
    desk.governance.approve_change(file.number, BOB)
    assert len(met(desk, "a-1")) == 2


def test_entry_taken_out_twice_was_there_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal waits; what somebody else takes out meanwhile is not taken off the list again."""
    monkeypatch.setattr(rules_of_lists, "ENTRIES_UNSEEN_MAX", 2)
    for name in ("a-1", "a-2", "a-3", "a-4"):
        desk.add("ring", DENY, name)
    change = ListChange(list_id="ring", kind=None, author="ann", reason="not them")
    many = desk.governance.listing.remove(change, [1, 2, 3])
    assert many.state is ChangeState.PROPOSED
    assert [met(desk, name) for name in ("a-1", "a-3")] == [["le_1"], ["le_3"]]
    desk.governance.took(desk.governance.listing.remove(change, [1]))
    desk.governance.approve_change(many.number, BOB)
    assert [met(desk, name) for name in ("a-1", "a-3", "a-4")] == [[], [], ["le_4"]]
    assert desk.reader.summaries()[0].live == 1


def test_an_entry_that_ended_is_told_as_expired(desk: Desk) -> None:
    """It was told, counted and exported as in force, though it decided nothing any more."""
    end_us = NOW_US + DAY_US
    entries = [replace(account(0, "a-1"), expires_us=end_us), account(1, "a-2")]
    change = ListChange(list_id="ring", kind=DENY, author="ann", reason="")
    desk.governance.took(desk.governance.listing.add(change, entries))
    for now_us, state in ((end_us - 1, "live"), (end_us, "expired")):
        reader = ListReader(desk.file, lambda at_us=now_us: at_us)  # type: ignore[misc]  # bound now
        told = {one.expires_us: one.state for one in reader.entries("ring", 0, 9, every=False)}
        assert told == {end_us: state, 0: "live"}
        assert reader.summaries()[0].live == (2 if state == "live" else 1)


def test_one_wrong_entry_keeps_all_out(desk: Desk) -> None:
    """Each wrong entry is told by its place; nothing of the change is written."""
    entries = [account(0, "a-1"), account(1, " "), account(2, "a-3"), replace(account(3, "a"),
               reason="")]  # fmt: skip
    change = ListChange(list_id="ring", kind=DENY, author="ann", reason="")
    with pytest.raises(InvalidInput) as caught:
        desk.governance.listing.add(change, entries)
    assert [one.field for one in caught.value.violations] == [
        "entries[1].value",
        "entries[3].reason",
    ]
    assert desk.reader.summaries() == []
    assert desk.lists.changes(None, 10) == []
    assert len(desk.file.rows(AuditFilter())) == 2


@pytest.mark.parametrize(
    ("kind", "spoil", "words"),
    [
        (ALLOW, {"expires_us": 0}, "expires: an allow entry must end within 366 days"),
        (ALLOW, {"expires_us": NOW_US + 367 * DAY_US}, "end within 366 days"),
        (ALLOW, {"promotion_types": ()}, "must name promotion types or campaigns"),
        (DENY, {"expires_us": NOW_US}, "expires: must lie in the future"),
        (DENY, {"reason": ""}, "reason: must be 1 to 500"),
        (DENY, {"reason": "calls from 13800138000"}, "looks like a phone or id number"),
        (DENY, {"source": "x" * 201}, "source: must be 0 to 200"),
        (DENY, {"campaigns": ("c",) * 51}, "names more than 50 campaigns"),
        (DENY, {"campaigns": ("",)}, "campaigns: must be 1 to 128"),
        (DENY, {"listed": RawListed(entity=EntityKind.IP, value="x")}, "not an IP address"),
    ],
)
def test_entry_must_be_sound(
    desk: Desk, kind: ListKind, spoil: dict[str, object], words: str
) -> None:
    """An allow entry needs an end and a scope; every entry a reason without identifiers."""
    entry = replace(account(0, "a-1", kind), **spoil)
    change = ListChange(list_id="some", kind=kind, author="ann", reason="")
    with pytest.raises(InvalidInput, match=words):
        desk.governance.listing.add(change, [entry])


def test_list_keeps_its_kind_and_has_a_name(desk: Desk) -> None:
    """A new list says what it is; a deny list never becomes an allow list."""
    desk.add("ring", DENY, "a-1")
    begin = desk.governance.listing.begin
    for list_id, kind, words in (
        ("new", None, "say whether it is allow, deny or grey"),
        ("Bad Name", DENY, "must be 1 to 64 of a-z"),
        ("x" * 65, DENY, "must be 1 to 64 of a-z"),
    ):
        with pytest.raises(InvalidInput, match=words):
            begin(ListChange(list_id=list_id, kind=kind, author="ann", reason=""))
    with pytest.raises(Conflict, match="is a list of kind deny, not grey"):
        desk.add("ring", GREY, "a-2")
    with pytest.raises(NotFound, match="there is no list other"):
        desk.governance.listing.remove(
            ListChange(list_id="other", kind=None, author="ann", reason="x"), [1]
        )


def test_networks_tell_what_orders_must_carry(desk: Desk) -> None:
    """As soon as a network or a recipient is in force, orders get the tokens for it."""
    listed = [
        RawListed(entity=EntityKind.NETWORK, value="203.0.112.0/20"),
        RawListed(entity=EntityKind.NETWORK, value="2001:db8::/32"),
        RawListed(entity=EntityKind.RECIPIENT, name="张三丰",
                  address=("浙江省", "杭州市", "西湖区", "文三路1号2幢301室", "")),
    ]  # fmt: skip
    entries = [RawEntry(row=row, listed=one, reason="r") for row, one in enumerate(listed)]
    change = ListChange(list_id="nets", kind=DENY, author="ann", reason="")
    desk.governance.took(desk.governance.listing.add(change, entries))
    assert desk.needs == [ListNeeds()]
    desk.governance.settle()
    assert desk.needs[-1] == ListNeeds(v4_bits=(20,), v6_bits=(32,), recipient=True)
    assert met(desk, "a-1") == []
    tokeniser = Tokeniser(KEY)
    tokeniser.watch(desk.needs[-1])
    hits = desk.governance.governing.now.lists.hits(tokeniser.order(raw_order()), {}, NOW_US)
    assert [(hit.entity, hit.list_id) for hit in hits] == [("network", "nets")]


def test_no_raw_value_is_stored(desk: Desk, tmp_path: Path) -> None:
    """The file holds tokens of accounts, phones and addresses, and the names of goods."""
    listed = [
        RawListed(entity=EntityKind.ACCOUNT, value="account-77"),
        RawListed(entity=EntityKind.PHONE, value="13800138000"),
        RawListed(entity=EntityKind.NETWORK, value="198.51.100.0/21"),
        RawListed(entity=EntityKind.SKU, value="sku-77"),
    ]
    entries = [RawEntry(row=row, listed=one, reason="r") for row, one in enumerate(listed)]
    change = ListChange(list_id="mixed", kind=DENY, author="ann", reason="")
    with pytest.raises(InvalidInput, match="bits set"):
        desk.governance.listing.add(change, entries)
    entries[2] = replace(entries[2], listed=replace(listed[2], value="198.51.100.0/22"))
    desk.governance.listing.add(change, entries)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"sku-77" in kept
    for raw in (b"account-77", b"13800138000", b"198.51.100"):
        assert raw not in kept


def test_large_change_is_read_anew_and_small_ones_are_laid_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways lead to the same book."""
    monkeypatch.setattr(books, "OVERLAY_MAX", 3)
    monkeypatch.setattr("risk_service.governance.governance.OVERLAY_MAX", 3)
    for number in range(8):
        desk.add("ring", DENY, f"a-{number}", f"b-{number}")
        assert len(met(desk, f"a-{number}")) == len(met(desk, "b-0")) == 1
        assert desk.governance.governing.now.lists.overlay <= 3


def test_other_process_is_followed(desk: Desk, tmp_path: Path) -> None:
    """Entries of another process are in force here once this one looks."""
    other = open_desk(tmp_path / "governance.sqlite3")
    other.add("ring", DENY, "a-1")
    desk.governance.refresh()
    assert met(desk, "a-1") == ["le_1"]
    desk.add("ring", DENY, "a-2")
    other.governance.refresh()
    assert met(other, "a-2") == ["le_2"]
    assert desk.lists.sequence() == other.lists.sequence()
    other.file.close()


def test_reasons_of_one_change_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason per entry would be kept in memory once per entry."""
    monkeypatch.setattr("risk_service.adapters.sqlite.list_stage.TERMS_MAX", 2)
    entries = [replace(account(row, f"a-{row}"), reason=f"r {row}") for row in range(3)]
    change = ListChange(list_id="ring", kind=DENY, author="ann", reason="")
    with pytest.raises(TooLarge, match="differ in more than 2 ways"):
        desk.governance.listing.add(change, entries)
    assert desk.reader.summaries() == []
