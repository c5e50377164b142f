"""Closed vocabularies of the field, numbered as in ``proto/risk/v1``.

Holds enums only. Numbers are part of stored records: never renumber.
"""

from enum import IntEnum, StrEnum


class Abuse(StrEnum):
    """The abuses that have a model of their own."""

    SCALPING = "scalping"
    BRUSHING = "brushing"
    REFUND = "refund"


class Outcome(IntEnum):
    """Answer to an order, ordered by severity: the worst wins."""

    ALLOW = 1
    LIMIT_QUANTITY = 2
    CHALLENGE = 3
    REVIEW = 4
    DENY = 5


class Mode(IntEnum):
    """What a decision could rest on. 6 is the client's own answer."""

    FULL = 1
    STALE = 2
    NO_FEATURES = 3
    RULES_ONLY = 4
    STATIC = 5
    NO_LIMITS = 7


class PromotionType(IntEnum):
    """Kind of promotion that a line or a discount belongs to."""

    UNSPECIFIED = 0
    NONE = 1
    FLASH_SALE = 2
    SPEND_AND_SAVE = 3
    COUPON = 4
    GIFT = 5
    GROUP_BUY = 6
    BARGAIN_HELP = 7
    POINTS = 8
    LUCKY_DRAW = 9
    INVITE_REWARD = 10
    NEW_CUSTOMER = 11
    PLATFORM_SUBSIDY = 12


class EntryPath(IntEnum):
    """How the customer reached the order page."""

    UNSPECIFIED = 0
    HOME = 1
    SEARCH = 2
    EXACT_TITLE = 3
    CATEGORY = 4
    RECOMMENDATION = 5
    ADVERTISEMENT = 6
    DIRECT_LINK = 7
    CART = 8
    LIVE_STREAM = 9


class VerificationLevel(IntEnum):
    """How far the customer's real name has been verified."""

    UNSPECIFIED = 0
    L0 = 1
    L1 = 2
    L2 = 3
    L3 = 4


class ChallengeKind(IntEnum):
    """What the customer is asked to do."""

    CAPTCHA = 1
    PHONE_CODE = 2
    REAL_NAME = 3


class ChallengeResult(IntEnum):
    """How a challenge ended."""

    PASSED = 1
    FAILED = 2


class PhonePrefixClass(IntEnum):
    """What the prefix of a phone number tells, by the numbering plan."""

    UNKNOWN = 0
    CARRIER = 1
    VIRTUAL_OPERATOR = 2
    M2M = 3
    LANDLINE = 4
    FOREIGN = 5
    SERVICE = 6
    SATELLITE = 7


class EventType(IntEnum):
    """What was reported: the life of an order, then promotion actions (from 101)."""

    PAID = 1
    CANCELLED = 2
    SHIPPED = 3
    DELIVERED = 4
    REVIEWED = 5
    REFUND_REQUESTED = 6
    REFUNDED = 7
    RETURN_RECEIVED = 8
    BLOCKED = 9
    COUPON_CLAIMED = 101
    DRAW = 102
    INVITE = 103
    GROUP_JOINED = 104
    BARGAIN_HELP = 105


class EventReason(IntEnum):
    """Why a refund was asked for."""

    UNSPECIFIED = 0
    NOT_RECEIVED = 1
    NOT_AS_DESCRIBED = 2
    CHANGED_MIND = 3
    EMPTY_PARCEL = 4
    REFUND_ONLY = 5
    PARTIAL_RETURN = 6


class RefusalReason(IntEnum):
    """Why a reported event does not count."""

    MISSING_ID = 1
    UNKNOWN_TYPE = 2
    UNKNOWN_ORDER = 3
    TOO_OLD = 4
    REUSED_ID = 5
    MALFORMED = 6
