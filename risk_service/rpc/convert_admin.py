"""Between the messages of ``admin.proto`` and what is governed, and nothing else."""

from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.audit.leaf import leaf_hash
from risk_service.domain.audit import NumberedRow
from risk_service.domain.errors import InvalidInput
from risk_service.domain.governed import (
    BacktestReport,
    Change,
    ChangeState,
    Evidence,
    ListedEntry,
    ListSummary,
    Publication,
    PublicationState,
    PublishedKind,
    Sources,
)
from risk_service.domain.listed import EntityKind, ListKind, RawListed
from risk_service.domain.refusals import refusal
from risk_service.domain.vocabulary import PromotionType
from risk_service.governance.listing import RawEntry, RowFault
from risk_service.pb.risk.v1 import admin_pb2
from risk_service.rpc.validate import micros
from risk_service.rules.lists.entry import ENTRY_PREFIX, entry_id

MICROS = 1_000_000
YEAR_10000_US = 253_402_300_800 * MICROS
# Numbers of the contract; 0 is unset in each.
KINDS = {1: PublishedKind.RULES, 2: PublishedKind.LIMITS}
LIST_KINDS = {1: ListKind.ALLOW, 2: ListKind.DENY, 3: ListKind.GREY}
ENTITIES = {
    value.number: EntityKind(name.removeprefix("ENTITY_KIND_").lower())
    for name, value in admin_pb2.EntityKind.DESCRIPTOR.values_by_name.items()
    if value.number
}
STATES = {1: ChangeState.PROPOSED, 2: ChangeState.APPLIED, 3: ChangeState.REJECTED}
_PUBLICATION_STATES = {
    PublicationState.PROPOSED: 1,
    PublicationState.ACTIVE: 2,
    PublicationState.RETIRED: 3,
    PublicationState.REJECTED: 4,
}
_REPORT_FIELDS = (
    "rule_id", "expression", "data", "events_read", "events_flagged", "abuse_flagged",
    "honest_flagged", "rule_sha256", "data_sha256", "signature",
)  # fmt: skip
_KIND_NUMBERS = {kind: number for number, kind in KINDS.items()}
_LIST_KIND_NUMBERS = {kind: number for number, kind in LIST_KINDS.items()}
_ENTITY_NUMBERS = {kind: number for number, kind in ENTITIES.items()}
_STATE_NUMBERS = {state: number for number, state in STATES.items()}


def published_kind(number: int) -> PublishedKind:
    """Return the kind that a request names."""
    if number not in KINDS:
        raise InvalidInput.at("kind", "must be rules or limits")
    return KINDS[number]


def list_kind(number: int) -> ListKind | None:
    """Return the kind of list that a request names, None when it leaves that open."""
    if number and number not in LIST_KINDS:
        raise InvalidInput.at("kind", refusal("list_kind"))
    return LIST_KINDS.get(number)


def limit_of(number: int, default: int, most: int) -> int:
    """Return how much is asked for."""
    if not 0 <= number <= most:
        raise InvalidInput.at("limit", f"must be 1 to {most}, or 0 for {default}")
    return number or default


def entry_number(text: str, field: str) -> int:
    """Return the number in an entry id."""
    digits = text.removeprefix(ENTRY_PREFIX)
    if not text.startswith(ENTRY_PREFIX) or not digits.isascii() or not digits.isdigit():
        raise InvalidInput.at(field, refusal("entry_id", example=f"{ENTRY_PREFIX}17"))
    if len(digits) > 18:
        raise InvalidInput.at(field, refusal("no_entry_id"))
    return int(digits)


def sources_of(files: Iterable[Any]) -> Sources:
    """Return files by name."""
    sources: Sources = {}
    for file in files:
        if file.name in sources:
            raise InvalidInput.at("files", refusal("file_twice", file=file.name))
        sources[file.name] = file.text.replace("\r\n", "\n")
    return sources


def files_of(sources: Sources) -> list[admin_pb2.SourceFile]:
    """Return sources as messages."""
    return [admin_pb2.SourceFile(name=name, text=sources[name]) for name in sorted(sources)]


def evidence_of(request: Any) -> Evidence:
    """Return what an author hands in beside the rules."""
    backtests = tuple(
        [
            BacktestReport(
                sha256=one.sha256.hex(), **{name: getattr(one, name) for name in _REPORT_FIELDS}
            )
            for one in request.backtests
        ]
    )
    return Evidence(backtests=backtests, emergency=request.emergency.strip())


def _report_message(one: BacktestReport) -> admin_pb2.BacktestReport:
    return admin_pb2.BacktestReport(
        sha256=bytes.fromhex(one.sha256), **{name: getattr(one, name) for name in _REPORT_FIELDS}
    )


def publication_message(one: Publication) -> admin_pb2.Publication:
    """Return a publication as a message."""
    message = admin_pb2.Publication(
        number=one.number,
        version=one.version,
        author=one.author,
        note=one.note,
        created_at=_time(one.created_us),
        based_on=one.based_on,
        approver=one.approver,
        decided_at=_time(one.decided_us),
        closed_by=one.closed_by,
        emergency=one.evidence.emergency,
        backtests=[_report_message(report) for report in one.evidence.backtests],
    )
    message.kind = _KIND_NUMBERS[one.kind]  # type: ignore[assignment]  # an enum is its number
    message.state = _PUBLICATION_STATES[one.state]  # type: ignore[assignment]  # as above
    return message


def change_message(one: Change) -> admin_pb2.Change:
    """Return a change as a message."""
    message = admin_pb2.Change(
        number=one.number,
        kind=one.kind.value,
        subject=one.subject,
        author=one.author,
        reason=one.reason,
        entries=one.entries,
        repeated_entries=one.repeated,
        created_at=_time(one.created_us),
        approver=one.approver,
        decided_at=_time(one.decided_us),
        closed_by=one.closed_by,
    )
    message.state = _STATE_NUMBERS[one.state]  # type: ignore[assignment]  # an enum is its number
    return message


def entry_message(one: ListedEntry) -> admin_pb2.ListEntry:
    """Return an entry as a message."""
    message = admin_pb2.ListEntry(
        entry_id=entry_id(one.number),
        list_id=one.terms.list_id,
        value=one.text,
        reason=one.terms.reason,
        campaigns=one.terms.campaigns,
        source=one.terms.source,
        expires_at=_time(one.expires_us),
        author=one.author,
        added_at=_time(one.added_us),
        state=one.state,
    )
    message.promotion_types.extend(one.terms.promotion_types)  # type: ignore[arg-type]  # numbers
    message.kind = _LIST_KIND_NUMBERS[one.kind]  # type: ignore[assignment]  # an enum is its number
    message.entity = _ENTITY_NUMBERS[one.entity]  # type: ignore[assignment]  # as above
    return message


def summary_message(one: ListSummary) -> admin_pb2.ListSummary:
    """Return what is told of a list."""
    message = admin_pb2.ListSummary(
        list_id=one.list_id,
        created_by=one.created_by,
        created_at=_time(one.created_us),
        live=one.live,
        proposed=one.proposed,
    )
    message.kind = _LIST_KIND_NUMBERS[one.kind]  # type: ignore[assignment]  # an enum is its number
    return message


def row_message(one: NumberedRow) -> admin_pb2.AuditRow:
    """Return a row of the trail with its hash."""
    row = one.row
    return admin_pb2.AuditRow(
        number=one.number,
        at=_time(row.at_us),
        actor_id=row.actor_id,
        action=row.action,
        subject=row.subject,
        before=row.before,
        after=row.after,
        leaf_sha256=leaf_hash(one),
    )


def error_messages(faults: Sequence[RowFault]) -> list[admin_pb2.RowError]:
    """Return faults of rows as messages."""
    return [
        admin_pb2.RowError(
            row=one.row,
            field=one.field,
            description=one.description,
            description_zh=one.description_zh,
        )
        for one in faults
    ]


def listed_of(message: Any) -> RawListed:
    """Return whom or what a message is about."""
    if message.entity not in ENTITIES:
        known = ", ".join(kind.value for kind in EntityKind)
        raise InvalidInput.at("entity", refusal("entity", known=known))
    address = message.address
    return RawListed(
        entity=ENTITIES[message.entity],
        value=message.value,
        name=message.name,
        address=(
            address.region, address.city, address.district, address.detail, address.postcode,
        ),
    )  # fmt: skip


def raw_entries(messages: Sequence[Any], first_row: int) -> tuple[list[RawEntry], list[RowFault]]:
    """Return entries, and what cannot even be read as one."""
    entries, faults = [], []
    for place, message in enumerate(messages, first_row):
        row = message.row or place
        try:
            entries.append(_raw_entry(message, row))
        except InvalidInput as error:
            faults.append(RowFault.of(row, error))
    return entries, faults


def _raw_entry(message: Any, row: int) -> RawEntry:
    try:
        promotions = tuple(PromotionType(number) for number in message.promotion_types)
    except ValueError:
        raise InvalidInput.at("promotion_types", refusal("promotion_unknown")) from None
    return RawEntry(
        row=row,
        listed=listed_of(message.listed),
        reason=message.reason,
        promotion_types=promotions,
        campaigns=tuple(message.campaigns),
        source=message.source,
        expires_us=_expiry(message),
    )


def _expiry(message: Any) -> int:
    if not message.HasField("expires_at"):
        return 0
    try:
        expires_us = micros(message.expires_at)
    except ValueError:
        expires_us = -1
    if not 0 < expires_us < YEAR_10000_US:
        raise InvalidInput.at("expires", refusal("expiry"))
    return expires_us


def _time(time_us: int) -> Timestamp | None:
    if not time_us:
        return None
    seconds, rest = divmod(time_us, MICROS)
    return Timestamp(seconds=seconds, nanos=rest * 1000)
