"""Keys of list entries: an entry meets the orders it is about, and holds nothing raw."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.domain.errors import InvalidInput
from risk_service.domain.listed import EntityKind, ListNeeds, RawListed
from risk_service.domain.order import Order, RawOrder
from risk_service.identity.listing import ListTokens, shown_network
from risk_service.identity.tokenise import Tokeniser
from tests.fixtures.keys import KEY
from tests.fixtures.records import raw_order

LISTS = ListTokens(KEY)
RAW = replace(raw_order(), recipient_phone="13800138000")
PARTS = (
    RAW.address_region, RAW.address_city, RAW.address_district, RAW.address_detail,
    RAW.address_postcode,
)  # fmt: skip


def key(entity: EntityKind, value: str = "", **more: object) -> str:
    """Return the key of an entry."""
    return LISTS.key_of(RawListed(entity=entity, value=value, **more))[0]  # type: ignore[arg-type]  # fields of the struct


def order(raw: RawOrder, needs: ListNeeds | None = None) -> Order:
    """Return an order as the service sees it when lists have these needs."""
    tokeniser = Tokeniser(KEY)
    tokeniser.watch(needs or ListNeeds())
    return tokeniser.order(raw)


@pytest.mark.parametrize(
    ("entity", "value"),
    [
        (EntityKind.ACCOUNT, RAW.account_id),
        (EntityKind.DEVICE, f" {RAW.device_id} "),
        (EntityKind.PAYMENT, RAW.payment_instrument_id),
        (EntityKind.IP, RAW.ip),
        (EntityKind.PHONE, f"+86 {RAW.recipient_phone[:3]} {RAW.recipient_phone[3:]}"),
    ],
)
def test_entry_has_the_token_of_the_order(entity: EntityKind, value: str) -> None:
    """However the identifier is spelled, its entry and its orders have one token."""
    token = key(entity, value)
    assert token == getattr(order(RAW).tokens, entity.value)
    assert value.strip() not in token


def test_address_meets_the_order_at_both_levels() -> None:
    """The same address is listed by door or by building."""
    tokens = order(RAW).tokens
    assert key(EntityKind.ADDRESS_DOOR, address=PARTS) == tokens.address_door != ""
    assert key(EntityKind.ADDRESS_BUILDING, address=PARTS) == tokens.address_building != ""


def test_recipient_is_a_name_at_a_building() -> None:
    """Another room or phone is the same recipient, another name is not; masked ones are none."""
    token = key(EntityKind.RECIPIENT, name=RAW.recipient_name, address=PARTS)
    needs = ListNeeds(recipient=True)
    elsewhere = replace(RAW, recipient_phone="13900139000")
    assert order(elsewhere, needs).list_tokens == (token,)
    assert order(replace(RAW, recipient_name="赵六"), needs).list_tokens != (token,)
    assert order(replace(RAW, recipient_name="张*"), needs).list_tokens == ()
    with pytest.raises(InvalidInput, match="full name"):
        key(EntityKind.RECIPIENT, name="张*", address=PARTS)


def test_real_name_must_be_sound() -> None:
    """A slip in an id number would list nobody, or somebody else."""
    token = key(EntityKind.REAL_NAME, "11010519491231002x")
    assert token == order(replace(RAW, real_name_id="11010519491231002X")).tokens.real_name
    with pytest.raises(InvalidInput, match="check digit"):
        key(EntityKind.REAL_NAME, "110105194912310021")


@given(
    st.one_of(
        st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).filter(lambda a: int(a) >> 48).map(str)
    ),
    st.data(),
)
def test_any_prefix_meets_exactly_its_addresses(address: str, data: st.DataObject) -> None:
    """An order has the token of a network of any length just when its address lies in it."""
    width = ipaddress.ip_address(address).max_prefixlen
    bits = data.draw(st.integers(8 if width == 32 else 16, width - 1))
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    token, length = LISTS.key_of(RawListed(entity=EntityKind.NETWORK, value=str(network)))
    needs = ListNeeds(
        v4_bits=(length,) if length > 0 else (), v6_bits=(-length,) if length < 0 else ()
    )
    other = ipaddress.ip_address(int(ipaddress.ip_address(address)) ^ (1 << (width - bits)))
    assert met(order(replace(RAW, ip=address), needs), token)
    assert not met(order(replace(RAW, ip=str(other)), needs), token)


def met(one: Order, token: str) -> bool:
    """Tell whether an order has the token of a network."""
    return token in (one.tokens.ip, one.tokens.ip_block, *one.list_tokens)


def test_shown_network_can_be_listed_again() -> None:
    """What an export shows of a network is taken back, with the length that orders must carry."""
    for value in ("203.0.112.0/20", "2001:db8::/32", "203.0.113.0/24"):
        token, bits = LISTS.key_of(RawListed(entity=EntityKind.NETWORK, value=value))
        shown = shown_network(token, bits)
        assert LISTS.key_of(RawListed(entity=EntityKind.NETWORK, value=shown)) == (token, bits)


def test_usual_blocks_need_no_further_token() -> None:
    """A /24, a /56 and single addresses are matched by what every order has."""
    for value in ("203.0.113.0/24", "2001:db8:1:1200::/56", "203.0.113.9/32", "2001:db8::1/128"):
        assert LISTS.key_of(RawListed(entity=EntityKind.NETWORK, value=value))[1] == 0
    assert LISTS.key_of(RawListed(entity=EntityKind.NETWORK, value="10.0.0.0/9"))[1] == 9
    assert LISTS.key_of(RawListed(entity=EntityKind.NETWORK, value="2001:db8::/32"))[1] == -32


def test_token_of_a_decision_is_taken_as_it_stands() -> None:
    """An analyst lists what a decision shows without ever seeing the identifier."""
    token = order(RAW).tokens.device
    assert key(EntityKind.DEVICE, token) == token
    block = order(RAW).tokens.ip_block
    assert key(EntityKind.NETWORK, block) == block


def test_what_is_no_person_stays_readable() -> None:
    """Goods, sellers, campaigns and coupons keep their names."""
    assert key(EntityKind.SKU, " sku-1 ") == "sku-1"
    assert key(EntityKind.SELLER, "s 1") == "s 1"


@pytest.mark.parametrize(
    ("entity", "value", "words"),
    [
        (EntityKind.ACCOUNT, "  ", "must not be empty"),
        (EntityKind.PHONE, "", "must be a phone number"),
        (EntityKind.IP, "", "must be an IP address"),
        (EntityKind.IP, "300.1.1.1", "not an IP address"),
        (EntityKind.NETWORK, "203.0.113.0", "must be a network"),
        (EntityKind.NETWORK, "203.0.113.0/", "must be a network"),
        (EntityKind.NETWORK, "203.0.113.0/²", "must be a network"),
        (EntityKind.NETWORK, "203.0.113.0/33", "must be /8 to /32"),
        (EntityKind.NETWORK, "0.0.0.0/0", "must be /8 to /32"),
        (EntityKind.NETWORK, "2001:db8::/8", "must be /16 to /128"),
        (EntityKind.NETWORK, "203.0.113.7/24", "bits set behind its /24"),
        (EntityKind.ADDRESS_DOOR, "", "address: needs an address down to the room"),
        (EntityKind.SKU, "", "must not be empty"),
        (EntityKind.DEVICE, "d" * 1025, "longer than 1024"),
    ],
)
def test_wrong_value_is_named_without_being_repeated(
    entity: EntityKind, value: str, words: str
) -> None:
    """The message says what would be right and shows no identifier."""
    with pytest.raises(InvalidInput, match=words) as caught:
        key(entity, value)
    assert not value.strip() or value not in str(caught.value)


def test_no_needs_no_tokens() -> None:
    """While no list asks for more, an order carries nothing more."""
    assert order(RAW).list_tokens == ()
    assert len(order(RAW, ListNeeds(v4_bits=(8, 9, 10))).list_tokens) == 3


def test_raw_values_stay_out_of_tracebacks() -> None:
    """What a person typed is in no representation."""
    assert "138" not in repr(RawListed(entity=EntityKind.PHONE, value="13800138000"))
