"""A promotion action, before and after its identifiers are turned into tokens.

Claims, draws, invitations and help come before or beside an order and belong to none.
"""

from msgspec import Struct


class RawAction(Struct, frozen=True, kw_only=True, gc=False):
    """An action with raw identifiers; texts that the shop did not send are empty.

    ``related_account_id`` is the invited account, or the one that is joined or helped.
    ``at_us`` is when it happened, in microseconds since 1970 UTC.
    """

    action_id: str
    action_type: str
    at_us: int
    account_id: str
    device_id: str
    ip: str
    campaign_id: str
    related_account_id: str

    def __repr__(self) -> str:
        """Keep raw identifiers out of logs and tracebacks."""
        return f"RawAction(action_id={self.action_id!r}, ...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Keep them out of what rich prints as well: it does not ask ``__repr__``."""
        return [("action_id", self.action_id)]


class Action(Struct, frozen=True, kw_only=True, gc=False):
    """A tokenised action: the only form that goes past the identity room."""

    action_id: str
    action_type: str
    at_us: int
    account: str
    device: str
    ip: str
    ip_block: str
    campaign: str
    related: str
