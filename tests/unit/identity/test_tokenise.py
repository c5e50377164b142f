"""Tokens: keyed, one per kind, and nothing raw behind them."""

import hmac
import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple
from rich.pretty import pretty_repr

from risk_service.domain.errors import InvalidInput
from risk_service.domain.order import Order, RawOrder
from risk_service.identity.keys import IdentityKey, new_identity_key
from risk_service.identity.payload import Fingerprinter
from risk_service.identity.text import MAX_TEXT_CHARS, clean
from risk_service.identity.tokenise import Tokeniser

MakeOrder = Callable[..., RawOrder]
IDENTIFIERS = (
    "account_id", "device_id", "payment_instrument_id", "payer_name", "recipient_name",
    "recipient_phone", "real_name_id", "address_region", "address_city", "address_district",
    "address_detail", "address_postcode", "ip",
)  # fmt: skip
TOKEN = re.compile(r"k1:[0-9a-f]{32}")
hostile = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs", "Cc", "Cf", "Mn"]),
        st.sampled_from("0123456789-#号楼栋单元室路街弄层室省市区北京朝阳一二十百張樓號*转xf之"),
    ),
    max_size=60,
)


def _everything(order: Order) -> str:
    return repr(order) + msgspec.json.encode(order).decode()


def test_no_raw_identifier_is_reachable_from_the_order(
    tokeniser: Tokeniser, make_order: MakeOrder
) -> None:
    """Neither ``repr`` nor the stored form holds any identifier or a part of one."""
    raw = make_order(address_region="四川省", address_city="成都市", address_district="锦江区")
    text = _everything(tokeniser.order(raw))
    for name in IDENTIFIERS:
        value = getattr(raw, name)
        assert value not in text, name
    for part in ("建国路", "501", "138001", "61.135", "1949", "锦江", "成都", "张"):
        assert part not in text


def test_a_raw_order_prints_without_its_identifiers(make_order: MakeOrder) -> None:
    """Neither ``repr`` nor rich, which reads the fields on its own, shows any of them."""
    raw = make_order()
    for text in (repr(raw), pretty_repr(raw), pretty_repr([raw], max_width=10)):
        assert raw.order_id in text
        assert not [name for name in IDENTIFIERS if getattr(raw, name) in text]


@settings(deadline=None, max_examples=60)
@given(marker=st.sampled_from(IDENTIFIERS[:-1]), word=st.text("qzjkv", min_size=12, max_size=20))
def test_whatever_stands_in_an_identifier_stays_behind(
    tokeniser: Tokeniser, make_order: MakeOrder, marker: str, word: str
) -> None:
    """A text in the wrong field, such as a name in the region, does not leak either."""
    # Without a city that tells the region, the region's own text is all there is.
    places = {"address_city": "", "address_detail": "5 High Street"}
    order = tokeniser.order(make_order(**(places | {marker: word})))
    assert word not in _everything(order)


def test_tokens_have_one_form_and_differ_by_kind(
    tokeniser: Tokeniser, make_order: MakeOrder
) -> None:
    """The same text as account, device, payment and phone gives four tokens."""
    same = "13800138000"
    raw = make_order(
        account_id=same, device_id=same, payment_instrument_id=same, recipient_phone=same
    )
    tokens = astuple(tokeniser.order(raw).tokens)
    assert all(TOKEN.fullmatch(token) for token in tokens)
    assert len(set(tokens)) == len(tokens)


def test_another_key_gives_other_tokens(tokeniser: Tokeniser, make_order: MakeOrder) -> None:
    """No token survives a change of the secret, even under the same key id."""
    other = Tokeniser(IdentityKey(key_id="k1", secret=bytes(32)))
    left, right = tokeniser.order(make_order()).tokens, other.order(make_order()).tokens
    assert not set(astuple(left)) & set(astuple(right))


def test_a_token_is_hmac_sha256(key: IdentityKey, tokeniser: Tokeniser) -> None:
    """The fast form equals the standard library's."""
    subkey = hmac.digest(key.secret, b"promoguard/token/v1/account", "sha256")
    expected = hmac.digest(subkey, b"account-7781", "sha256").hex()[:32]
    assert tokeniser.account("account-7781") == f"k1:{expected}"


def test_every_token_is_made_of_its_own_identifier(
    key: IdentityKey, tokeniser: Tokeniser, make_order: MakeOrder
) -> None:
    """Each stands in its place, under the subkey of its kind."""
    building = "\x1f".join(("北京", "朝阳", "建国路88", "3"))
    identifiers = {
        "account": b"account-7781",
        "device": b"device-5512",
        "payment": b"wallet-9931",
        "ip": bytes((61, 135, 7, 9)),
        "ip_block": bytes((61, 135, 7)),
        "address_door": "\x1f".join((building, "2", "", "501")).encode(),
        "address_building": building.encode(),
        "phone": b"+8613800138000",
        "real_name": b"11010519491231002X",
    }
    tokens = tokeniser.order(make_order()).tokens
    for kind, identifier in identifiers.items():
        subkey = hmac.digest(key.secret, f"promoguard/token/v1/{kind}".encode(), "sha256")
        expected = hmac.digest(subkey, identifier, "sha256").hex()[:32]
        assert getattr(tokens, kind) == f"k1:{expected}", kind


def test_what_is_no_identifier_stays_as_it_was(tokeniser: Tokeniser, make_order: MakeOrder) -> None:
    """Every field that both forms of an order have holds the same value."""
    raw = make_order(
        account_registered_at_us=7,
        drop_id="d-1",
        shipping_minor=3,
        balance_due_at_us=11,
        member_level="gold",
    )
    order = tokeniser.order(raw)
    shared = set(RawOrder.__struct_fields__) & set(Order.__struct_fields__)
    assert len(shared) == 16
    for name in shared:
        assert getattr(order, name) == getattr(raw, name), name


def test_account_alone_equals_account_in_an_order(
    tokeniser: Tokeniser, make_order: MakeOrder
) -> None:
    """Account tables and orders meet on the token."""
    order = tokeniser.order(make_order(account_id=" account-7781 "))
    assert order.tokens.account == tokeniser.account("account-7781")


def test_absent_identifiers_have_no_token_and_unknown_traits(
    tokeniser: Tokeniser, make_order: MakeOrder
) -> None:
    """Nothing given is nothing told: empty tokens, NaN flags."""
    order = tokeniser.order(make_order(**dict.fromkeys(IDENTIFIERS, "")))
    assert set(astuple(order.tokens)) == {""}
    flags = (
        order.traits.ip_is_private, order.traits.ip_is_reserved, order.traits.phone_is_virtual,
        order.traits.address_has_door, order.traits.phone_region_matches_address,
        order.traits.payer_matches_recipient, order.traits.id_checksum_ok,
        order.traits.id_age_years,
    )  # fmt: skip
    assert all(math.isnan(flag) for flag in flags)


@pytest.mark.parametrize(
    ("changes", "trait", "expected"),
    [
        ({}, "phone_is_virtual", 0.0),
        ({"recipient_phone": "17000138000"}, "phone_is_virtual", 1.0),
        ({}, "phone_region_matches_address", math.nan),
        ({"recipient_phone": "010-88886666"}, "phone_region_matches_address", 1.0),
        ({"recipient_phone": "0755-83212345"}, "phone_region_matches_address", 0.0),
        ({}, "address_has_door", 1.0),
        ({"address_detail": "建国路88号"}, "address_has_door", 0.0),
        ({}, "address_region", "北京"),
        ({"ip": "10.0.0.1"}, "ip_is_private", 1.0),
        ({"ip": "2409:8a00::1"}, "ip_version", 6),
        ({"payer_name": "李*"}, "payer_matches_recipient", 0.0),
        ({}, "id_checksum_ok", 1.0),
        ({}, "id_age_years", 76.0),
        ({"recipient_name": " 张 三 丰 "}, "name_length", 3),
    ],
)
def test_traits_are_derived_before_tokens_replace_identifiers(
    tokeniser: Tokeniser,
    make_order: MakeOrder,
    changes: dict[str, str],
    trait: str,
    expected: Any,
) -> None:
    """Each trait says what its identifier told."""
    found = getattr(tokeniser.order(make_order(**changes)).traits, trait)
    matches = (
        found == pytest.approx(expected, nan_ok=True)
        if trait[-6:] != "region"
        else (found == expected)
    )
    assert matches


@settings(deadline=None, max_examples=400)
@given(name=st.sampled_from(IDENTIFIERS), text=hostile)
def test_hostile_texts_never_raise_anything_undefined(
    tokeniser: Tokeniser, make_order: MakeOrder, name: str, text: str
) -> None:
    """Surrogates, NUL, bidi and marks anywhere: an order, or InvalidInput of the IP."""
    try:
        order = tokeniser.order(make_order(**{name: text}))
    except InvalidInput:
        assert name == "ip"
    else:
        assert msgspec.json.encode(order)


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize("unit", ["a", "\u0301", "(", "1-", "张", "\ud800", "３号楼"])
def test_too_long_texts_are_refused_by_name(
    tokeniser: Tokeniser, make_order: MakeOrder, name: str, unit: str
) -> None:
    """100,000 characters are refused at once, with the field's path."""
    with pytest.raises(InvalidInput) as caught:
        tokeniser.order(make_order(**{name: unit * 100_000}))
    path = caught.value.violations[0].field
    assert path.startswith("order.")
    assert name.removeprefix("address_").removeprefix("recipient_") in path


@settings(deadline=None, max_examples=400)
@given(text=hostile)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Cleaned texts are fixed points."""
    assert clean(clean(text)) == clean(text)


def test_the_longest_text_still_is_cleaned_to_a_fixed_point() -> None:
    """A row of combining marks reaches its canonical order within the bound."""
    text = "\u0301\u0323" * (MAX_TEXT_CHARS // 2)
    assert clean(clean(text)) == clean(text)


@settings(deadline=None, max_examples=200)
@given(text=hostile)
def test_a_normalised_phone_is_its_own_normal_form(
    tokeniser: Tokeniser, make_order: MakeOrder, text: str
) -> None:
    """Tokens of a phone do not depend on how often it was normalised."""
    wide = text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert _token(tokeniser, make_order(recipient_phone=text)) == _token(
        tokeniser, make_order(recipient_phone=wide)
    )


def _token(tokeniser: Tokeniser, raw: RawOrder) -> str:
    return tokeniser.order(raw).tokens.phone


def test_fingerprints_are_keyed_and_tell_payloads_apart(key: IdentityKey) -> None:
    """Equal payloads and key: equal bytes; anything else: other bytes."""
    mine, other = Fingerprinter(key), Fingerprinter(new_identity_key())
    assert mine.fingerprint(b"a") == Fingerprinter(key).fingerprint(b"a")
    assert len(mine.fingerprint(b"a")) == 32
    assert len({mine.fingerprint(b"a"), mine.fingerprint(b"b"), other.fingerprint(b"a")}) == 3
