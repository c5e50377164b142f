"""Keyed digest of a request's payload, to tell a repeated request from another one.

The digest is keyed because a payload holds a phone number and an address: without a key
a stored digest would confirm a guess.
"""

from risk_service.identity.hashing import keyed_digest
from risk_service.identity.keys import IdentityKey


class Fingerprinter:
    """Makes fingerprints of payloads under one key.

    Parameters
    ----------
    key
        The identity key; fingerprints of different keys are not comparable.
    """

    def __init__(self, key: IdentityKey) -> None:
        self._digest = keyed_digest(key, "fingerprint", "payload")

    def fingerprint(self, payload: bytes) -> bytes:
        """Return 32 bytes that are equal for equal payloads only."""
        return self._digest(payload)
