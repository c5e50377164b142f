"""Records of before there were rules, lists and limits can still be read."""

import msgspec

from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.positional import by_name, reader
from risk_service.domain.vocabulary import VerificationLevel
from tests.fixtures.desk import Desk, attempt

LATER_IN_DECISION = (
    "causes", "rule_hits", "list_hits", "limit_uses", "granted", "held_until_us", "blocking",
    "required_level",
)  # fmt: skip
LATER_IN_VERSIONS = ("rules", "lists", "limits")
LATER_IN_ORDER = ("balance_due_at_us", "list_tokens", "member_level")


def test_a_record_without_the_later_fields_reads_as_nothing_found() -> None:
    """What an earlier service wrote decodes, with empty findings and the same answer."""
    desk = Desk()
    (answer,) = desk.pipeline().decide([attempt("r", units=9)])
    assert isinstance(answer, Decision)
    record = desk.store.by_decision_id(answer.decision_id)
    assert record is not None
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(by_name(record)))
    for table, names in (
        (stored["decision"], LATER_IN_DECISION),
        (stored["decision"]["versions"], LATER_IN_VERSIONS),
        (stored["order"], LATER_IN_ORDER),
        (stored, ("thresholds",)),
    ):
        for name in names:
            del table[name]
    read = reader(DecisionRecord)(msgspec.msgpack.encode(stored))
    decision = read.decision
    assert (decision.outcome, decision.reasons) == (answer.outcome, answer.reasons)
    assert (decision.causes, decision.limit_uses, decision.held_until_us) == ((), (), 0)
    assert decision.required_level is VerificationLevel.UNSPECIFIED
    assert (decision.versions.rules, read.thresholds) == ("", ())


def test_the_thresholds_that_decided_are_kept_with_the_order() -> None:
    """Twelve scores: four actions for each abuse, on the scale of the answer's scores."""
    desk = Desk()
    (answer,) = desk.pipeline().decide([attempt("r")])
    assert isinstance(answer, Decision)
    record = desk.store.by_decision_id(answer.decision_id)
    assert record is not None
    assert record.thresholds == (40, 80, 200, 500) * 3
