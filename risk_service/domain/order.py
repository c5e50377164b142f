"""The order, before and after its identifiers are turned into tokens.

``RawOrder`` lives only between the edge (or a data set reader) and the identity
room. ``Order`` is what features, models, records and logs may see: it holds no raw
identifier. Money is in minor units, times are microseconds since 1970 UTC.
"""

import math

from msgspec import Struct

from risk_service.domain.positional import Positional
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel


class OrderLine(Positional, frozen=True, gc=False):
    """One line of the basket. ``spu`` and ``category`` are empty when the shop does not say."""

    sku: str
    quantity: int
    unit_price_minor: int
    seller_id: str
    campaign_id: str = ""
    promotion_type: PromotionType = PromotionType.UNSPECIFIED
    spu: str = ""
    category: str = ""


class Discount(Positional, frozen=True, gc=False):
    """One price reduction; ``coupon_id`` is empty when it is no coupon."""

    amount_minor: int
    coupon_id: str = ""
    promotion_type: PromotionType = PromotionType.UNSPECIFIED


class RawOrder(Struct, frozen=True, gc=False):
    """An order with raw identifiers. Never stored, never logged.

    ``account_registered_at_us`` and ``page_open_to_submit_ms`` are None when unknown,
    ``balance_due_at_us`` when the order is no deposit presale. Texts that the shop did not
    send are empty.
    """

    order_id: str
    ordered_at_us: int
    account_id: str
    account_registered_at_us: int | None
    device_id: str
    ip: str
    payment_instrument_id: str
    payer_name: str
    recipient_name: str
    recipient_phone: str
    real_name_id: str
    address_region: str
    address_city: str
    address_district: str
    address_detail: str
    address_postcode: str
    lines: tuple[OrderLine, ...]
    discounts: tuple[Discount, ...]
    currency_code: str
    goods_minor: int
    discount_minor: int
    shipping_minor: int
    payable_minor: int
    page_open_to_submit_ms: int | None
    entry_path: EntryPath
    drop_id: str
    verification_level: VerificationLevel
    balance_due_at_us: int | None = None
    member_level: str = ""

    def __repr__(self) -> str:
        """Keep raw identifiers out of logs and tracebacks."""
        return f"RawOrder(order_id={self.order_id!r}, ...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Keep them out of what rich prints as well: it does not ask ``__repr__``."""
        return [("order_id", self.order_id)]


class Tokens(Positional, frozen=True, gc=False):
    """Keyed HMAC tokens of the identifiers; empty where the order had none.

    Each is ``<key id>:<32 hex digits>``; equal tokens mean equal normalised identifiers.
    """

    account: str
    device: str
    payment: str
    ip: str
    ip_block: str
    address_door: str
    address_building: str
    phone: str
    real_name: str


class IdentityTraits(Positional, frozen=True, gc=False):
    """Coarse attributes derived from identifiers before they were tokenised.

    Flags are 1.0, 0.0 or NaN where they cannot be told. None of them identifies a
    person by itself: regions come from a closed list, ages are whole years.
    ``phone_prefix_class`` is a ``PhonePrefixClass``; ``ip_version`` is 4, 6, or 0 without one.
    """

    ip_version: int
    ip_is_private: float
    phone_prefix_class: int
    phone_is_virtual: float
    phone_region: str
    address_region: str
    address_has_door: float
    phone_region_matches_address: float
    payer_matches_recipient: float
    id_checksum_ok: float
    id_age_years: float
    name_length: int
    ip_is_reserved: float = math.nan


class Order(Positional, frozen=True, gc=False):
    """A tokenised order: the only form that goes past the identity room.

    ``list_tokens`` are those of networks and of the recipient, as far as lists asked for them;
    ``member_level`` is the shop's own word, which tiers of limits may ask for.
    """

    order_id: str
    ordered_at_us: int
    account_registered_at_us: int | None
    tokens: Tokens
    traits: IdentityTraits
    lines: tuple[OrderLine, ...]
    discounts: tuple[Discount, ...]
    currency_code: str
    goods_minor: int
    discount_minor: int
    shipping_minor: int
    payable_minor: int
    page_open_to_submit_ms: int | None
    entry_path: EntryPath
    drop_id: str
    verification_level: VerificationLevel
    balance_due_at_us: int | None = None
    list_tokens: tuple[str, ...] = ()
    member_level: str = ""

    @property
    def lead_line(self) -> OrderLine:
        """Line of the greatest amount, the first of equals: it names SKU and seller."""
        if len(self.lines) == 1:
            return self.lines[0]
        return max(self.lines, key=lambda line: line.quantity * line.unit_price_minor)
