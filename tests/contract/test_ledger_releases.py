"""What comes back of a paid reservation in every ledger: once per id, its share of the money."""

import pytest

from risk_service.domain.errors import Conflict, InvalidInput, RequestIdReused
from risk_service.domain.reservation import Confirm, Release, ReleasedLine, ReleaseReason
from risk_service.limits import paying
from tests.fixtures.ledger_calls import done, in_use, reserve, use
from tests.fixtures.ledgers import START_US, LedgerHouse, demand, line
from tests.fixtures.limit_texts import policy


def returned(release_id: str, sku: str = "sku-1", quantity: int = 1) -> Release:
    """Return the call that gives units of a SKU of the order o1 back."""
    return coming_back(release_id, ReleasedLine(sku=sku, quantity=quantity))


def coming_back(
    release_id: str, *lines: ReleasedLine, reason: ReleaseReason = ReleaseReason.RETURN
) -> Release:
    """Return the call that gives lines of the order o1 back."""
    return Release(reservation_id="o1", release_id=release_id, reason=reason, lines=lines)


def refusal(house: LedgerHouse, call: Release) -> Exception:
    """Return the error that a call is answered by."""
    answer = house.ledger.run([call], START_US)[0]
    assert isinstance(answer, Exception), answer
    return answer


def test_a_release_id_stands_for_one_release(house: LedgerHouse) -> None:
    """Its repetition with other lines or another reason is an error and gives nothing back."""
    reserve(house, demand("o1", line(quantity=2)))
    done(house, Confirm(reservation_id="o1"))
    done(house, returned("x1"))
    refund = coming_back("x1", *returned("x1").lines, reason=ReleaseReason.REFUND)
    for other in (returned("x1", quantity=2), returned("x1", "sku-2"), refund):
        assert isinstance(refusal(house, other), RequestIdReused)
    assert in_use(house) == (1, 0)


def test_only_what_was_reserved_comes_back(house: LedgerHouse) -> None:
    """A SKU that the order has not is an error, which names the line, and gives nothing back."""
    reserve(house, demand("o1", line(quantity=2)))
    done(house, Confirm(reservation_id="o1"))
    lines = (*returned("x1").lines, *returned("x1", "sku-2").lines)
    error = refusal(house, coming_back("x1", *lines))
    assert isinstance(error, InvalidInput)
    assert error.violations[0].field == "lines[1].quantity"
    assert in_use(house) == (2, 0)


def test_releases_of_a_reservation_have_an_end(
    house: LedgerHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than the most is an error; the repetition of one that counted is not."""
    monkeypatch.setattr(paying, "RELEASES_MAX", 2)
    use(house, policy(cap=4))
    reserve(house, demand("o1", line(quantity=4)))
    done(house, Confirm(reservation_id="o1"))
    first = done(house, returned("x1"))
    done(house, returned("x2"))
    assert isinstance(refusal(house, returned("x3")), Conflict)
    assert done(house, returned("x1")) == first
    assert in_use(house) == (2, 0)


@pytest.mark.parametrize("measure", ["amount", "discount"])
def test_money_comes_back_by_the_unit_and_to_the_last_cent(
    house: LedgerHouse, measure: str
) -> None:
    """What the units left make up of a line's money stays counted, rounded up."""
    use(house, policy(measure=measure, cap=1000) + 'currency = "CNY"\n')
    whole = {"amount": 300, "discount": 100}[measure]
    reserve(house, demand("o1", line(quantity=3, price_minor=100, discount_minor=100)))
    done(house, Confirm(reservation_id="o1"))
    left = [in_use(house)[0]]
    for number in range(3):
        done(house, returned(f"x{number}"))
        left.append(in_use(house)[0])
    assert left == [whole, -(-whole * 2 // 3), -(-whole // 3), 0]
