"""The list book against a plain dict: what an order meets."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.domain.listed import NOTHING_NEEDED, EntityKind, ListKind, ListNeeds
from risk_service.domain.order import Discount, Order
from risk_service.domain.vocabulary import PromotionType
from risk_service.identity.tokenise import Tokeniser
from risk_service.rules.lists.book import EMPTY_VERSION, ListBook
from risk_service.rules.lists.entry import Entry, Terms, key_bytes
from risk_service.rules.lists.table import Table
from tests.fixtures.keys import KEY
from tests.fixtures.records import raw_order

NOW_US = 1_700_000_000_000_000
TOKENISER = Tokeniser(KEY)
RAW = replace(raw_order(), recipient_phone="13800138000")
DENY = Terms(list_id="bad", kind=ListKind.DENY, reason="seen in a ring")


def table(entries: Sequence[Entry], terms: Sequence[Terms]) -> Table:
    """Return a table of entries."""
    return Table(
        b"".join(entry.key for entry in entries),
        np.array([entry.number for entry in entries], np.int64),
        np.array([terms.index(entry.terms) for entry in entries], np.uint32),
        np.array([entry.expires_at_us for entry in entries], np.int64),
    )


def book(*entries: Entry, young: bool = False) -> ListBook:
    """Return a book of entries, in tables or in the overlay."""
    if young:
        return ListBook().changed(entries, (), version="v", needs=NOTHING_NEEDED)
    terms = list(dict.fromkeys(entry.terms for entry in entries))
    kinds = {entry.entity for entry in entries}
    tables = {kind: table([e for e in entries if e.entity is kind], terms) for kind in kinds}
    return ListBook(tables, terms, version="v")


def entry(
    number: int, entity: EntityKind, text: str, terms: Terms = DENY, expires_at_us: int = 0
) -> Entry:
    """Return an entry."""
    return Entry(
        number=number,
        entity=entity,
        key=key_bytes(entity, text),
        terms=terms,
        expires_at_us=expires_at_us,
    )


def ids(one: ListBook, order: Order, at_us: int = NOW_US, **extra: str) -> list[str]:
    """Return the ids of the entries that an order meets."""
    return [hit.entry_id for hit in one.hits(order, extra, at_us)]


ORDER = TOKENISER.order(RAW)
EVERY = {
    EntityKind.ACCOUNT: ORDER.tokens.account,
    EntityKind.DEVICE: ORDER.tokens.device,
    EntityKind.PAYMENT: ORDER.tokens.payment,
    EntityKind.IP: ORDER.tokens.ip,
    EntityKind.NETWORK: ORDER.tokens.ip_block,
    EntityKind.PHONE: ORDER.tokens.phone,
    EntityKind.ADDRESS_DOOR: ORDER.tokens.address_door,
    EntityKind.ADDRESS_BUILDING: ORDER.tokens.address_building,
    EntityKind.SKU: ORDER.lines[0].sku,
    EntityKind.SELLER: ORDER.lines[0].seller_id,
}


@pytest.mark.parametrize("young", [False, True], ids=["table", "overlay"])
@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.value)
def test_entry_meets_its_order(kind: EntityKind, young: bool) -> None:
    """Every kind of entity is found, whether the entry is old or new."""
    met = book(entry(7, kind, EVERY[kind]), young=young).hits(ORDER, {}, NOW_US)
    assert [(hit.list_id, hit.kind, hit.entity, hit.entry_id, hit.reason) for hit in met] == [
        ("bad", "deny", kind.value, "le_7", "seen in a ring")
    ]


def test_what_the_order_does_not_say_comes_beside_it() -> None:
    """The identity cluster is told by the caller; without it nothing is met."""
    one = book(entry(1, EntityKind.IDENTITY_CLUSTER, "c-9"))
    assert ids(one, ORDER, identity_cluster="c-9") == ["le_1"]
    assert ids(one, ORDER, identity_cluster="c-8") == ids(one, ORDER) == []


def test_networks_and_recipients_are_met_by_the_tokens_they_asked_for() -> None:
    """The book's needs make orders carry what its entries are about."""
    needs = ListNeeds(v4_bits=(16,), recipient=True)
    tokeniser = Tokeniser(KEY)
    tokeniser.watch(needs)
    order = tokeniser.order(RAW)
    network = order.list_tokens[0]
    one = book(entry(1, EntityKind.NETWORK, network))
    assert ids(one, order) == ["le_1"]
    assert ids(one, ORDER) == []


def test_coupon_campaign_and_drop_are_read_from_the_order() -> None:
    """What an order takes part in can be listed like who places it."""
    line = replace(ORDER.lines[0], campaign_id="cam-1")
    order = replace(
        ORDER,
        lines=(line, line),
        drop_id="drop-1",
        discounts=(Discount(amount_minor=1, coupon_id="cou-1"),),
    )
    one = book(
        entry(1, EntityKind.CAMPAIGN, "cam-1"),
        entry(2, EntityKind.COUPON, "cou-1"),
        entry(3, EntityKind.DROP, "drop-1"),
        entry(4, EntityKind.SKU, line.sku),
    )
    assert sorted(ids(one, order)) == ["le_1", "le_2", "le_3", "le_4"]


def test_entry_ends_at_its_time() -> None:
    """At the moment of its end an entry is no more; without an end it stays."""
    one = book(entry(1, EntityKind.ACCOUNT, ORDER.tokens.account, expires_at_us=NOW_US))
    assert ids(one, ORDER, NOW_US - 1) == ["le_1"]
    assert ids(one, ORDER, NOW_US) == []


def test_scope_asks_for_both_parts() -> None:
    """An entry for flash sales of one campaign leaves everything else alone."""
    terms = Terms(
        list_id="staff",
        kind=ListKind.ALLOW,
        reason="test buyers",
        promotion_types=frozenset({PromotionType.FLASH_SALE}),
        campaigns=frozenset({"c-1"}),
    )
    one = book(entry(1, EntityKind.ACCOUNT, ORDER.tokens.account, terms))
    line = replace(ORDER.lines[0], promotion_type=PromotionType.FLASH_SALE, campaign_id="c-1")
    assert ids(one, replace(ORDER, lines=(line,))) == ["le_1"]
    assert ids(one, replace(ORDER, lines=(replace(line, campaign_id="c-2"),))) == []
    other = replace(line, promotion_type=PromotionType.COUPON)
    assert ids(one, replace(ORDER, lines=(other,))) == []
    discount = Discount(amount_minor=1, promotion_type=PromotionType.FLASH_SALE)
    assert ids(one, replace(ORDER, lines=(other,), discounts=(discount,))) == ["le_1"]


def test_change_leaves_the_old_book_alone() -> None:
    """A group that reads a book sees one state, whatever is changed meanwhile."""
    first = book(entry(1, EntityKind.ACCOUNT, ORDER.tokens.account))
    second = first.changed(
        [entry(2, EntityKind.DEVICE, ORDER.tokens.device)], [1], version="w", needs=NOTHING_NEEDED
    )
    third = second.changed([], [2], version="x", needs=NOTHING_NEEDED)
    assert (ids(first, ORDER), ids(second, ORDER), ids(third, ORDER)) == (["le_1"], ["le_2"], [])
    assert [one.version for one in (ListBook(), first, second)] == [EMPTY_VERSION, "v", "w"]
    assert second.overlay == 2


def test_empty_identifier_meets_nothing() -> None:
    """An order without a phone is not the order of every other one without."""
    one = book(entry(1, EntityKind.PHONE, "k1:" + "0" * 32))
    assert ids(one, TOKENISER.order(replace(RAW, recipient_phone=""))) == []


@given(
    st.lists(
        st.tuples(st.binary(min_size=16, max_size=16) | st.sampled_from([b"\0" * 16, b"a" * 16]),
                  st.integers(0, 3)),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_table_finds_exactly_its_keys(pairs: list[tuple[bytes, int]]) -> None:
    """Equal keys are all found, every other key is not, at any size of the directory."""
    numbers = np.arange(len(pairs), dtype=np.int64)
    terms = np.array([term for _, term in pairs], np.uint32)
    made = Table(b"".join(key for key, _ in pairs), numbers, terms, numbers * 2)
    for key, _ in pairs:
        rows = sorted(made.at(place) for place in made.find(key))
        assert rows == [(n, term, 2 * n) for n, (k, term) in enumerate(pairs) if k == key]
    assert sorted(made.rows()) == sorted((k, n, t, 2 * n) for n, (k, t) in enumerate(pairs))
    absent = bytes(byte ^ 0xFF for byte in pairs[0][0])
    assert bool(list(made.find(absent))) == any(key == absent for key, _ in pairs)


@given(st.lists(st.sampled_from(sorted(EVERY)), max_size=6), st.data())
def test_tables_and_overlay_agree(kinds: list[EntityKind], data: st.DataObject) -> None:
    """However a state of the lists came about, an order meets the same entries."""
    entries = [
        entry(number, kind, EVERY[kind] or "k1:" + "1" * 32, expires_at_us=data.draw(
            st.sampled_from([0, NOW_US, NOW_US + 1])))
        for number, kind in enumerate(kinds)
    ]  # fmt: skip
    gone = data.draw(st.sets(st.integers(0, 6)))
    split = data.draw(st.integers(0, len(entries)))
    left = [one for one in entries if one.number not in gone]
    grown = book(*entries[:split]).changed(
        entries[split:], gone, version="v", needs=NOTHING_NEEDED
    ).changed([], gone, version="v", needs=NOTHING_NEEDED)  # fmt: skip
    assert sorted(ids(grown, ORDER)) == sorted(ids(book(*left), ORDER))
