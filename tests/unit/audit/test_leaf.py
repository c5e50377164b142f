"""The canonical form of a row: any change of it is another leaf."""

from hashlib import sha256

import pytest
from msgspec.structs import replace

from risk_service.audit.leaf import canonical, leaf_hash
from risk_service.domain.audit import AuditRow, NumberedRow

ROW = NumberedRow(
    number=7,
    row=AuditRow(
        at_us=1, actor_id="ann", action="rules.approve", subject="rules/7", before="{}", after="值"
    ),
)


def test_leaf_is_the_hash_of_a_zero_byte_and_the_row() -> None:
    """As RFC 6962 has it, so that a leaf can never be taken for a node."""
    assert canonical(ROW) == '[7,1,"ann","rules.approve","rules/7","{}","值"]'.encode()
    assert leaf_hash(ROW) == sha256(b"\x00" + canonical(ROW)).digest()


@pytest.mark.parametrize("field", AuditRow.__struct_fields__)
def test_every_field_counts(field: str) -> None:
    """No field of a row can be changed without changing its leaf."""
    other = 2 if field == "at_us" else "x"
    changed = NumberedRow(number=7, row=replace(ROW.row, **{field: other}))
    assert leaf_hash(changed) != leaf_hash(ROW)
    assert leaf_hash(NumberedRow(number=8, row=ROW.row)) != leaf_hash(ROW)


def test_fields_cannot_run_into_each_other() -> None:
    """What moves from one field into the next is another row."""
    moved = replace(ROW.row, action='rules.approve","rules/7', subject="")
    assert leaf_hash(NumberedRow(number=7, row=moved)) != leaf_hash(ROW)
