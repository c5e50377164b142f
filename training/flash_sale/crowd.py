"""Who comes to the sale, what they share, and when they press the button.

Everything is invented from a seed. Who is one person, and who belongs to a ring, is the
truth: the decision never sees it, only the figures do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from risk_service.domain.errors import ConfigFault
from risk_service.domain.order import OrderLine, RawOrder
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from training.words import fault

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
# 10:00 in Shanghai.
SALE_US = 1_782_871_200 * SECOND_US
SKU, CAMPAIGN, DROP, SELLER = "limited-sneaker", "sale-618", "drop-618", "flagship"
PRICE_MINOR = 29_900
RING_ACCOUNTS = 50
# Scripts are ready when the page opens, people take a while.
RING_MEAN_S, HONEST_MEAN_S = 6.0, 20.0
FAMILY_SHARE, FAMILY_SIZE = 0.12, 3
DORMITORY_SHARE, DORMITORY_SIZE = 0.05, 60
TWO_UNITS_SHARE = 0.2
REPEAT_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleSettings:
    """The size of a sale."""

    orders: int = 50_000
    units: int = 2_000
    seconds: int = 60
    ring_share: float = 0.3
    units_per_person: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse what is no sale."""
        if not 100 <= self.orders <= 1_000_000:
            told = {"option": "--orders", "low": 100, "high": 1_000_000, "given": self.orders}
            raise ConfigFault(fault("within", **told))
        if not 0.0 <= self.ring_share <= 0.9:
            given = self.ring_share
            raise ConfigFault(fault("within", option="--ring-share", low=0, high=0.9, given=given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """One account with what it shows of itself; ``person`` and ``ring`` are the truth.

    ``ring`` is -1 for an honest customer. A ring is one person: who pays for it. ``shares``
    tells whether any value is used by another account, too.
    """

    account: str
    device: str
    payment: str
    phone: str
    door: str
    ip: str
    person: int
    ring: int
    shares: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press of the button."""

    order_id: str
    at_us: int
    buyer: Buyer
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Everybody who comes, and what they do, in order of time."""

    buyers: tuple[Buyer, ...]
    presses: tuple[Press, ...]


def gather(settings: SaleSettings) -> Crowd:
    """Return the crowd of a sale."""
    draw = np.random.default_rng(settings.seed)
    by_rings = round(settings.orders * settings.ring_share)
    rings = max(1, by_rings // RING_ACCOUNTS) if by_rings else 0
    members = [buyer for ring in range(rings) for buyer in _ring(ring)]
    honest = list(_honest(int((settings.orders - by_rings) / (1 + REPEAT_SHARE)), rings, draw))
    chosen = [members[n % len(members)] for n in range(by_rings)]
    left = settings.orders - by_rings - len(honest)
    chosen += honest + [honest[n] for n in draw.integers(0, len(honest), left)]
    mean_s = np.array([HONEST_MEAN_S if one.ring < 0 else RING_MEAN_S for one in chosen])
    at_s = draw.exponential(mean_s)
    # Who would come after the end comes at some moment of it.
    at_s = np.where(at_s < settings.seconds, at_s, draw.random(at_s.size) * settings.seconds)
    two = draw.random(len(chosen)) < TWO_UNITS_SHARE
    presses = [
        Press(
            order_id=f"sale-{n}",
            at_us=SALE_US + int(at_s[n] * SECOND_US),
            buyer=buyer,
            # A ring takes what one account may have.
            quantity=settings.units_per_person if buyer.ring >= 0 else 1 + int(two[n]),
        )
        for n, buyer in enumerate(chosen)
    ]
    return Crowd(
        buyers=(*members, *honest),
        presses=tuple(sorted(presses, key=lambda one: (one.at_us, one.order_id))),
    )


def _ring(ring: int) -> Iterator[Buyer]:
    """Return the accounts of a ring: half of the rings share devices, half spread out.

    A ring that spreads has a device and a phone for each account; each two neighbours share a
    card or a door, so that no single value is used by more than two, and all hang together.
    """
    spreads = ring % 2 == 1
    for n in range(RING_ACCOUNTS):
        device = n if spreads else n // 8
        payment = n // 2 if spreads else n // 10
        yield Buyer(
            account=f"r{ring}-a{n}",
            device=f"r{ring}-d{device}",
            payment=f"r{ring}-p{payment}",
            phone=_phone(1_000_000 + ring * RING_ACCOUNTS + n),
            door=_door(1_000_000 + ring * RING_ACCOUNTS + (n + 1) // 2),
            ip=f"198.18.{ring % 256}.{1 + n}",
            person=ring,
            ring=ring,
            shares=True,
        )


def _honest(count: int, rings: int, draw: np.random.Generator) -> Iterator[Buyer]:
    """Return honest customers: most alone, some families, some in dormitories."""
    kinds = draw.random(count)
    family, dormitory = 0, 0
    for n in range(count):
        payment, door = f"h{n}", _door(n)
        if kinds[n] < FAMILY_SHARE:
            home = family // FAMILY_SIZE
            payment = f"f{home}" if family % FAMILY_SIZE < 2 else payment
            door = _door(2_000_000 + home)
            family += 1
        elif kinds[n] < FAMILY_SHARE + DORMITORY_SHARE:
            door = f"学院路{1 + dormitory // DORMITORY_SIZE}号学生公寓"
            dormitory += 1
        yield Buyer(
            account=f"h{n}",
            device=f"h{n}",
            payment=payment,
            phone=_phone(n),
            door=door,
            ip=f"10.{n // 65_536}.{n // 256 % 256}.{n % 256}",
            person=rings + n,
            ring=-1,
            shares=kinds[n] < FAMILY_SHARE,
        )


def sale_order(press: Press) -> RawOrder:
    """Return the order of a press."""
    line = OrderLine(
        sku=SKU,
        quantity=press.quantity,
        unit_price_minor=PRICE_MINOR,
        seller_id=SELLER,
        campaign_id=CAMPAIGN,
        promotion_type=PromotionType.FLASH_SALE,
    )
    return _order(press.order_id, press.at_us, press.buyer, line, DROP)


def earlier_order(number: int, buyer: Buyer, at_us: int) -> RawOrder:
    """Return an ordinary order of the days before: it links an account to what it shares."""
    line = OrderLine(
        sku=f"everyday-{number % 500}", quantity=1, unit_price_minor=4_900, seller_id="corner-shop"
    )
    return _order(f"before-{number}", at_us, buyer, line, "")


def _order(order_id: str, at_us: int, buyer: Buyer, line: OrderLine, drop: str) -> RawOrder:
    goods_minor = line.quantity * line.unit_price_minor
    return RawOrder(
        order_id=order_id,
        ordered_at_us=at_us,
        account_id=buyer.account,
        account_registered_at_us=SALE_US - 200 * DAY_US,
        device_id=buyer.device,
        ip=buyer.ip,
        payment_instrument_id=buyer.payment,
        payer_name="",
        recipient_name="",
        recipient_phone=buyer.phone,
        real_name_id="",
        address_region="上海市",
        address_city="上海市",
        address_district="浦东新区",
        address_detail=buyer.door,
        address_postcode="",
        lines=(line,),
        discounts=(),
        currency_code="CNY",
        goods_minor=goods_minor,
        discount_minor=0,
        shipping_minor=0,
        payable_minor=goods_minor,
        page_open_to_submit_ms=4_000,
        entry_path=EntryPath.DIRECT_LINK,
        drop_id=drop,
        verification_level=VerificationLevel.L1,
    )


def _phone(number: int) -> str:
    return f"138{number % 10**8:08d}"


def _door(number: int) -> str:
    return f"世纪大道{1 + number // 600}号{1 + number // 30 % 20}栋{1 + number % 30}01室"
