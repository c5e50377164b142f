"""Vocabulary inside the world: strategies, personas, claims, and the empty order row.

The numbers never leave the world except as names in the ground truth.
"""

import numpy as np

from risk_service.domain.vocabulary import Abuse
from training.simulate.arrays import Columns

STRATEGIES = (
    "",
    "device_farm",
    "crowd_hired",
    "coupon_farming",
    "seller_brushing",
    "crowd_brushing",
    "serial_refunder",
    "refund_ring",
    "empty_parcel",
    "spend_and_save_splitting",
)
(
    HONEST,
    DEVICE_FARM,
    CROWD_HIRED,
    COUPON_FARMING,
    SELLER_BRUSHING,
    CROWD_BRUSHING,
    SERIAL_REFUNDER,
    REFUND_RING,
    EMPTY_PARCEL,
    SPLITTING,
) = range(10)

ABUSES: tuple[Abuse, ...] = (Abuse.SCALPING, Abuse.BRUSHING, Abuse.REFUND)
# Position in ABUSES of each strategy's abuse, -1 for the honest.
ABUSE_OF_STRATEGY = np.array([-1, 0, 0, 0, 1, 1, 2, 2, 2, 2], dtype=np.int8)
MATURITY_DAYS = (7, 21, 30)

PERSONAS = (
    "",
    "plain",
    "family",
    "office",
    "dormitory",
    "community_agent",
    "corporate_buyer",
    "frequent_returner",
    "first_time_buyer",
    "quick_shopper",
    "gift_sender",
    "camouflage",
)
(
    NO_PERSONA,
    PLAIN,
    FAMILY,
    OFFICE_WORKER,
    STUDENT,
    COMMUNITY_AGENT,
    CORPORATE,
    RETURNER,
    FIRST_TIME,
    QUICK,
    GIFT_SENDER,
    CAMOUFLAGE,
) = range(12)

CLAIMS = (
    "",
    "NOT_RECEIVED",
    "NOT_AS_DESCRIBED",
    "CHANGED_MIND",
    "EMPTY_PARCEL",
    "REFUND_ONLY",
    "PARTIAL_RETURN",
)
(
    NO_CLAIM,
    NOT_RECEIVED,
    NOT_AS_DESCRIBED,
    CHANGED_MIND,
    EMPTY_CLAIM,
    REFUND_ONLY,
    PARTIAL_RETURN,
) = range(7)

_INT64 = ("at", "account", "device", "ip", "payment", "payer", "recipient", "phone", "address")
_DEFAULTS: dict[str, tuple[int | float, str]] = {
    **dict.fromkeys(_INT64, (0, "i8")),
    "basket": (0, "i8"),
    "multiplier": (1, "i4"),
    "page_ms": (-1, "i4"),
    "entry": (1, "i1"),
    "drop": (-1, "i4"),
    "city": (0, "i2"),
    "promo": (1, "i1"),
    "campaign": (-1, "i4"),
    "coupon": (0, "i1"),
    "spelling": (-1, "i1"),
    "strategy": (HONEST, "i1"),
    "ring": (-1, "i4"),
    "persona": (NO_PERSONA, "i1"),
    "claim": (NO_CLAIM, "i1"),
    "claim_wait_h": (0.0, "f8"),
    "cancels": (0, "i1"),
    "review": (0, "i1"),
    "ship_weight": (1.0, "f8"),
    "return_weight": (1.0, "f8"),
}


def blank_orders(n: int) -> Columns:
    """Return n order rows with defaults: no drop, no promotion, no claim, honest."""
    return {name: np.full(n, value, dtype=kind) for name, (value, kind) in _DEFAULTS.items()}
