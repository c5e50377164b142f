"""From a raw order to a tokenised one: the only way past the identity room.

Normalise, derive the coarse traits that features and lists need, then replace each
identifier by ``<key id>:<32 hex digits>`` of HMAC-SHA256 under a subkey of its kind. Nothing
personal is remembered between orders: a cache of raw values would keep it in memory for
longer than one order needs it (docs/adr/0011-no-cache-of-raw-values.md).
"""

import math
from operator import attrgetter

from risk_service.domain.action import Action, RawAction
from risk_service.domain.listed import NOTHING_NEEDED, ListNeeds
from risk_service.domain.order import IdentityTraits, Order, RawOrder, Tokens
from risk_service.domain.vocabulary import PhonePrefixClass
from risk_service.identity.address import Address, parse_address
from risk_service.identity.hashing import keyed_text_token, keyed_token
from risk_service.identity.ip import IpFacts, parse_ip
from risk_service.identity.keys import IdentityKey
from risk_service.identity.listing import ListTokens, recipient_text
from risk_service.identity.names import match_names, normalise_name
from risk_service.identity.phone import Phone, parse_phone
from risk_service.identity.real_name import RealNameId, age_years, parse_real_name_id
from risk_service.identity.text import MAX_TEXT_CHARS, check_length, opaque

# Attribute of the raw order, field of the public contract.
_TEXT_FIELDS = (
    ("account_id", "order.account.account_id"),
    ("device_id", "order.device_id"),
    ("ip", "order.ip"),
    ("payment_instrument_id", "order.payment_instrument.payment_instrument_id"),
    ("payer_name", "order.payment_instrument.payer_name"),
    ("recipient_name", "order.recipient.name"),
    ("recipient_phone", "order.recipient.phone"),
    ("real_name_id", "order.real_name_id"),
    ("address_region", "order.address.region"),
    ("address_city", "order.address.city"),
    ("address_district", "order.address.district"),
    ("address_detail", "order.address.detail"),
    ("address_postcode", "order.address.postcode"),
)
_TEXTS = attrgetter(*(attribute for attribute, _ in _TEXT_FIELDS))
# By the number of a ``PhonePrefixClass``: 1.0, 0.0, or NaN where the class is unknown.
_IS_VIRTUAL = tuple(
    float(member is PhonePrefixClass.VIRTUAL_OPERATOR) if member else math.nan
    for member in PhonePrefixClass
)


class Tokeniser:
    """Turns raw orders into tokenised ones under one key. Holds no state of orders.

    Parameters
    ----------
    key
        The identity key. Tokens of different keys never meet; data sets and the service
        must use the same one.
    """

    def __init__(self, key: IdentityKey) -> None:
        self._account = keyed_text_token(key, "account")
        self._device = keyed_text_token(key, "device")
        self._payment = keyed_text_token(key, "payment")
        self._ip = keyed_token(key, "ip")
        self._ip_block = keyed_token(key, "ip_block")
        self._door = keyed_text_token(key, "address_door")
        self._building = keyed_text_token(key, "address_building")
        self._phone = keyed_text_token(key, "phone")
        self._real_name = keyed_text_token(key, "real_name")
        self.lists = ListTokens(key)
        self._needs: ListNeeds | None = None

    def watch(self, needs: ListNeeds) -> None:
        """From now on give orders the tokens that lists need beside those of every order."""
        self._needs = needs if needs != NOTHING_NEEDED else None

    def order(self, raw: RawOrder) -> Order:
        """Return the order with tokens and traits in place of identifiers.

        Raises
        ------
        InvalidInput
            A text is longer than 1,024 characters, or the IP address is none.
        """
        _check_lengths(raw)
        ip = parse_ip(raw.ip)
        phone = parse_phone(raw.recipient_phone)
        real_name = parse_real_name_id(raw.real_name_id)
        address = parse_address(
            raw.address_region,
            raw.address_city,
            raw.address_district,
            raw.address_detail,
            raw.address_postcode,
        )
        return Order(
            raw.order_id,
            raw.ordered_at_us,
            raw.account_registered_at_us,
            self._tokens(raw, ip, phone, real_name, address),
            _traits(raw, ip, phone, real_name, address),
            raw.lines,
            raw.discounts,
            raw.currency_code,
            raw.goods_minor,
            raw.discount_minor,
            raw.shipping_minor,
            raw.payable_minor,
            raw.page_open_to_submit_ms,
            raw.entry_path,
            raw.drop_id,
            raw.verification_level,
            raw.balance_due_at_us,
            self._listed(self._needs, raw, ip, address) if self._needs else (),
            raw.member_level,
        )

    def action(self, raw: RawAction) -> Action:
        """Return the action with tokens in place of identifiers.

        Raises
        ------
        InvalidInput
            A text is longer than 1,024 characters, or the IP address is none.
        """
        for attribute in ("account_id", "device_id", "ip", "related_account_id"):
            check_length(f"action.{attribute}", getattr(raw, attribute))
        ip = parse_ip(raw.ip)
        return Action(
            action_id=raw.action_id,
            action_type=raw.action_type,
            at_us=raw.at_us,
            account=self._account(opaque(raw.account_id)),
            device=self._device(opaque(raw.device_id)),
            ip=self._ip(ip.packed) if ip else "",
            ip_block=self._ip_block(ip.block) if ip else "",
            campaign=raw.campaign_id,
            related=self._account(opaque(raw.related_account_id)),
        )

    def account(self, account_id: str) -> str:
        """Return the token of an account id, as in ``Order.tokens.account``."""
        return self._account(opaque(account_id))

    def real_name(self, text: str) -> str:
        """Return the token of a document's number, as in ``Order.tokens.real_name``."""
        parsed = parse_real_name_id(text)
        return self._real_name(parsed.canonical) if parsed else ""

    def _listed(
        self, needs: ListNeeds, raw: RawOrder, ip: IpFacts | None, address: Address
    ) -> tuple[str, ...]:
        return self.lists.of_order(needs, ip, lambda: recipient_text(raw.recipient_name, address))

    def _tokens(
        self,
        raw: RawOrder,
        ip: IpFacts | None,
        phone: Phone | None,
        real_name: RealNameId | None,
        address: Address,
    ) -> Tokens:
        return Tokens(
            self._account(opaque(raw.account_id)),
            self._device(opaque(raw.device_id)),
            self._payment(opaque(raw.payment_instrument_id)),
            self._ip(ip.packed) if ip else "",
            self._ip_block(ip.block) if ip else "",
            self._door(address.door),
            self._building(address.building),
            self._phone(phone.canonical) if phone else "",
            self._real_name(real_name.canonical) if real_name else "",
        )


def _check_lengths(raw: RawOrder) -> None:
    # Together they are rarely longer than one may be, and joining is one step in C.
    if len("".join(_TEXTS(raw))) <= MAX_TEXT_CHARS:
        return
    for attribute, field in _TEXT_FIELDS:
        check_length(field, getattr(raw, attribute))


def _traits(
    raw: RawOrder,
    ip: IpFacts | None,
    phone: Phone | None,
    real_name: RealNameId | None,
    address: Address,
) -> IdentityTraits:
    recipient = normalise_name(raw.recipient_name)
    same_text = raw.payer_name == raw.recipient_name
    payer = recipient if same_text else normalise_name(raw.payer_name)
    phone_region = phone.region if phone else ""
    prefix_class = int(phone.prefix_class) if phone else 0
    return IdentityTraits(
        ip.version if ip else 0,
        float(ip.is_private) if ip else math.nan,
        prefix_class,
        _IS_VIRTUAL[prefix_class],
        phone_region,
        address.region,
        float(bool(address.door)) if address.building else math.nan,
        _equal_if_known(phone_region, address.region),
        match_names(payer, recipient),
        real_name.checksum_ok if real_name else math.nan,
        age_years(real_name.born if real_name else None, raw.ordered_at_us),
        len(recipient),
        float(ip.is_reserved) if ip else math.nan,
    )


def _equal_if_known(left: str, right: str) -> float:
    return float(left == right) if left and right else math.nan
