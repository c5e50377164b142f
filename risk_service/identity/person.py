"""From what an operator typed about a person to the tokens that records hold."""

from collections.abc import Mapping
from types import MappingProxyType

from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.listed import EntityKind, RawListed
from risk_service.domain.person import PERSON_KINDS, Identifier
from risk_service.domain.refusals import refusal
from risk_service.identity.keys import IdentityKey
from risk_service.identity.listing import TOKEN, ListTokens

# What people call the kinds; an address is one down to its door.
KIND_OF: Mapping[str, EntityKind] = MappingProxyType(
    {("address" if kind is EntityKind.ADDRESS_DOOR else kind.value): kind for kind in PERSON_KINDS}
)


def identified(raw: RawListed, key: IdentityKey, field: str) -> Identifier:
    """Return the identifier of what was typed.

    Parameters
    ----------
    field
        What an error calls it.

    Raises
    ------
    InvalidInput
        It is none of its kind; names the field, never the value.
    """
    try:
        token, _ = ListTokens(key).key_of(raw)
    except InvalidInput as error:
        told = tuple(_named(field, one) for one in error.violations)
        raise InvalidInput(told) from None
    return Identifier(kind=raw.entity, token=token)


def shown_token(kind: EntityKind, text: str, field: str) -> Identifier:
    """Return the identifier of a token that a record shows; needs no key.

    Raises
    ------
    InvalidInput
        It is no token. It may be an identifier, so the message does not repeat it.
    """
    token = text.strip()
    if not TOKEN.fullmatch(token):
        raise InvalidInput.at(field, refusal("no_token_of_record"))
    return Identifier(kind=kind, token=token)


def key_id_of(identifier: Identifier) -> str:
    """Return the id of the key that a token was made with."""
    return identifier.token.partition(":")[0]


def _named(field: str, fault: Violation) -> Violation:
    return Violation(
        field=field, description=fault.description, description_zh=fault.description_zh
    )
