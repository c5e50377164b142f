"""Who may close a proposal, whatever it is of, and what they must say: for lists, rules, limits."""

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.errors import Forbidden
from risk_service.domain.refusals import refusal
from risk_service.governance.free_text import check_why


def check_closing(actor: Actor, author: str, note: str) -> None:
    """Let the author of a proposal close it, and whoever may approve, for a reason to keep.

    Raises
    ------
    Forbidden
        It is somebody else.
    InvalidInput
        The note is none.
    """
    if Scope.APPROVE not in actor.scopes and actor.actor_id != author:
        raise Forbidden(refusal("not_its_author", actor=actor.actor_id, scope=Scope.APPROVE))
    check_why("note", note)
