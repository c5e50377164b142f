"""What a customer or a seller hands in to support a claim, numbered as in ``proto/risk/v1``."""

from enum import IntEnum


class Evidence(IntEnum):
    """A piece of evidence. Numbers are part of stored records: never renumber."""

    PHOTOS = 1
    WEIGHT = 2
    RETURN_FIRST = 3
    TRANSACTION_PROOF = 4
    SHIPPING_DOCUMENTS = 5
    REAL_NAME = 6
