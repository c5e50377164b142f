"""What people change: versions of rules and of limit policies, lists, counters by hand."""

from enum import StrEnum

from msgspec import Struct

from risk_service.domain.listed import EntityKind, ListKind
from risk_service.domain.reservation import Adjust
from risk_service.domain.vocabulary import PromotionType

Sources = dict[str, str]


class PublishedKind(StrEnum):
    """What is published as a whole version."""

    RULES = "rules"
    LIMITS = "limits"


class PublicationState(StrEnum):
    """Proposed, then active until another is, or rejected."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    RETIRED = "retired"
    REJECTED = "rejected"


class BacktestReport(Struct, frozen=True, kw_only=True):
    """What a backtest said of one rule, as its author hands it in.

    ``sha256`` is that of the report's file, in hex; ``rule_id`` is empty for a bare condition.
    ``rule_sha256`` is of what the rule flags, see ``rules.changes``; ``data_sha256`` tells the
    data set from another one. ``signature`` is that of all the rest, empty when nobody signed.
    """

    rule_id: str
    expression: str
    sha256: str
    data: str
    events_read: int
    events_flagged: int
    abuse_flagged: int
    honest_flagged: int
    rule_sha256: str = ""
    data_sha256: str = ""
    signature: str = ""


class Evidence(Struct, frozen=True, kw_only=True):
    """What stands behind rules that are to decide; ``emergency`` says why they cannot wait."""

    backtests: tuple[BacktestReport, ...] = ()
    emergency: str = ""


NO_EVIDENCE = Evidence()


class VersionDraft(Struct, frozen=True, kw_only=True):
    """A version that is to be proposed. ``missing`` is what an emergency does without."""

    kind: PublishedKind
    version: str
    sources: Sources
    author: str
    note: str
    evidence: Evidence = NO_EVIDENCE
    missing: tuple[str, ...] = ()


class Publication(Struct, frozen=True, kw_only=True):
    """A version that was published. Its sources never change.

    ``based_on`` is the number that was in force when it was proposed, 0 for none.
    """

    number: int
    kind: PublishedKind
    version: str
    state: PublicationState
    author: str
    note: str
    created_us: int
    based_on: int = 0
    approver: str = ""
    decided_us: int = 0
    closed_by: str = ""
    evidence: Evidence = NO_EVIDENCE


class ChangeKind(StrEnum):
    """What a change of a list does once it is applied."""

    LIST_ADD = "list.add"
    LIST_IMPORT = "list.import"
    LIST_REMOVE = "list.remove"


class ChangeState(StrEnum):
    """Proposed until a second person has looked, where one must."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REJECTED = "rejected"


class Change(Struct, frozen=True, kw_only=True):
    """A change of a list. ``entries`` counts what it adds or removes.

    ``subject`` is the list. ``repeated`` counts entries that were there already, just so.
    """

    number: int
    kind: ChangeKind
    subject: str
    state: ChangeState
    author: str
    reason: str
    entries: int
    created_us: int
    repeated: int = 0
    approver: str = ""
    decided_us: int = 0
    closed_by: str = ""


class AdjustmentState(StrEnum):
    """Proposed until a second person has looked; then approved, and applied or failed."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLIED = "applied"
    REJECTED = "rejected"
    FAILED = "failed"


class Adjustment(Struct, frozen=True, kw_only=True):
    """A change of one counter by hand; the first fields are those of ``reservation.Adjust``.

    ``note`` says why it was rejected, or why the ledger refused it; ``measure`` and, of money,
    ``currency_code`` what the policy counted when it was proposed.
    """

    number: int
    adjustment_id: str
    policy_id: str
    subject: str
    token: str
    scope: str
    delta: int
    reason: str
    author: str
    state: AdjustmentState
    created_us: int
    approver: str = ""
    decided_us: int = 0
    closed_by: str = ""
    note: str = ""
    measure: str = ""
    currency_code: str = ""

    @property
    def call(self) -> Adjust:
        """Return what the ledger is to do."""
        return Adjust(
            adjustment_id=self.adjustment_id,
            actor_id=self.author,
            policy_id=self.policy_id,
            subject=self.subject,
            token=self.token,
            scope=self.scope,
            delta=self.delta,
            reason=self.reason,
        )


class ListTerms(Struct, frozen=True, kw_only=True):
    """What entries of one list share: scope, reason, source."""

    list_id: str
    reason: str
    promotion_types: tuple[PromotionType, ...] = ()
    campaigns: tuple[str, ...] = ()
    source: str = ""


class NewEntry(Struct, frozen=True, kw_only=True, gc=False):
    """An entry to be written; ``text`` is its token or plain name."""

    entity: EntityKind
    text: str
    bits: int
    terms: ListTerms
    expires_us: int = 0


class ListedEntry(Struct, frozen=True, kw_only=True):
    """An entry as people see it."""

    number: int
    kind: ListKind
    entity: EntityKind
    text: str
    terms: ListTerms
    expires_us: int
    author: str
    added_us: int
    state: str


class ListSummary(Struct, frozen=True, kw_only=True):
    """One list: how many entries are in force, and how many wait for approval."""

    list_id: str
    kind: ListKind
    created_by: str
    created_us: int
    live: int
    proposed: int


class ListDraft(Struct, frozen=True, kw_only=True):
    """A change of a list that is to be kept."""

    kind: ChangeKind
    list_id: str
    author: str
    reason: str
    needs_approval: bool
