"""Records of a person that lie beside the log: old orders, verifications of other services."""

from pathlib import Path

from risk_service.adapters.sqlite.connection import connect, transaction
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.past_orders import write_past_orders
from risk_service.adapters.sqlite.person_log import SqlitePersonLog
from risk_service.adapters.sqlite.schema import migrate
from risk_service.adapters.sqlite.shared_verifications import FILE_NAME, SHARED_VERIFICATIONS
from risk_service.adapters.sqlite.verifications import INSERT_IF_NEW, SqliteVerifications, row_of
from risk_service.decisions.person.records import Found, PersonRecords
from risk_service.domain.listed import EntityKind
from risk_service.domain.person import Asker, Identifier, PersonQuestion
from risk_service.domain.reported import PastOrder
from risk_service.domain.verification import RealNameResult, Verification
from risk_service.domain.vocabulary import VerificationLevel
from risk_service.features.windows.declaration import load_windows

ANN, BOB, NAME = (f"k1:{digit * 32}" for digit in "abc")
L0 = VerificationLevel.L0


def found(directory: Path, kind: EntityKind, token: str, *orders: str) -> Found:
    """Return what is kept of a person."""
    log = SqlitePersonLog(directory, lambda *_told: None)
    use_case = PersonRecords(log=log, reservations=[log], governed=None, trail=None)
    question = PersonQuestion(identifiers=(Identifier(kind=kind, token=token),), orders=orders)
    return use_case.read(question, Asker(actor_id="os:ann", why=""))


def past(**tokens: str) -> PastOrder:
    """Return an order of before that shows these tokens."""
    return PastOrder(tuple(tokens.get(name, "") for name in load_windows().fields), ())


def attempt(request_id: str, account: str, *, refused_name: str = "") -> Verification:
    """Return a verification that failed."""
    return Verification(
        request_id=request_id, fingerprint=b"", account=account, real_name="",
        result=RealNameResult.MISMATCH, level=L0, verified_at_us=1, expires_at_us=0,
        provider="local", accounts_of_real_name=0, in_force_level=L0, in_force_until_us=0,
        policy="", service="", refused_name=refused_name,
    )  # fmt: skip


def test_orders_from_before_the_service_are_told(tmp_path: Path) -> None:
    """By the token in its own field, or by their id; those of others are not."""
    SqliteDecisionStore(tmp_path).close()
    orders = [
        ("old-1", past(account=ANN)), ("old-2", past(account=BOB, device=ANN)),
        ("old-3", past(address=ANN)), ("old-4", past(account=BOB)),
    ]  # fmt: skip
    write_past_orders(tmp_path, orders)
    told = found(tmp_path, EntityKind.ACCOUNT, ANN, "old-4").kinds["past_orders"]
    assert [(row.order_id, row.by) for row in told.rows] == [  # type: ignore[attr-defined]  # past orders
        ("old-1", ("account",)), ("old-4", ("order",)),
    ]  # fmt: skip
    told = found(tmp_path, EntityKind.ADDRESS_DOOR, ANN).kinds["past_orders"]
    assert [row.order_id for row in told.rows] == ["old-3"]  # type: ignore[attr-defined]  # as above


def test_verifications_of_other_services_are_told_once(tmp_path: Path) -> None:
    """An attempt with the person's number by another account is the person's as well."""
    SqliteDecisionStore(tmp_path).close()
    log = SqliteEventLog(tmp_path)
    own = attempt("v-own", ANN)
    SqliteVerifications(log).commit([own])
    log.close()
    copy = connect(tmp_path / FILE_NAME, "NORMAL")
    migrate(copy, FILE_NAME, SHARED_VERIFICATIONS)
    with transaction(copy):
        others = [own, attempt("v-other", BOB, refused_name=NAME), attempt("v-bob", BOB)]
        copy.executemany(INSERT_IF_NEW, [row_of(one) for one in others])
    copy.close()
    for kind, token, expected in (
        (EntityKind.ACCOUNT, ANN, ["v-own"]), (EntityKind.REAL_NAME, NAME, ["v-other"]),
        (EntityKind.ACCOUNT, BOB, ["v-other", "v-bob"]), (EntityKind.DEVICE, ANN, []),
    ):  # fmt: skip
        told = found(tmp_path, kind, token).kinds["verifications"]
        assert [row.request_id for row in told.rows] == expected  # type: ignore[attr-defined]  # verifications
