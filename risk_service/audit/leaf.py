"""The one form in which a row of the trail is hashed.

A tree over the trail (RFC 6962) is made of these leaves; whoever keeps the hashes of today can
tell tomorrow whether a row was changed.
"""

import json
from hashlib import sha256

from risk_service.domain.audit import NumberedRow

_LEAF = b"\x00"


def canonical(row: NumberedRow) -> bytes:
    """Return the bytes of a row: a JSON array, without blanks, in UTF-8."""
    one = row.row
    values = [row.number, one.at_us, one.actor_id, one.action, one.subject, one.before, one.after]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def leaf_hash(row: NumberedRow) -> bytes:
    """Return the hash of a row as a leaf."""
    return sha256(_LEAF + canonical(row)).digest()
