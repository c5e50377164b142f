"""Holds of a shared ledger that are to be taken back."""

from collections.abc import Sequence
from typing import Any

import pytest

from risk_service.adapters.postgres.reserved import PostgresReserved
from risk_service.domain.errors import StoreUnavailable


def test_holds_that_cannot_be_taken_back_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """PostgreSQL went as well: the decisions fail all the same, the holds end at their time."""
    asked: list[Sequence[Any]] = []

    def away(changes: Sequence[Any]) -> None:
        asked.append(changes)
        raise StoreUnavailable("PostgreSQL: connection lost")

    reserved = PostgresReserved([], ["one", "other"], away)  # type: ignore[list-item]  # not looked at
    reserved.dropped()
    reserved.dropped()
    assert asked == [["one", "other"]]
    (told,) = caplog.records
    assert (told.message, told.orders) == ("holds_not_dropped", 2)  # type: ignore[attr-defined]  # our own fields
