"""What governance needs of its store, as Protocols."""

from collections.abc import Sequence
from typing import Any, Protocol

from risk_service.domain.governed import (
    Adjustment,
    AdjustmentState,
    Change,
    ChangeState,
    ListDraft,
    ListedEntry,
    ListSummary,
    NewEntry,
    Publication,
    PublishedKind,
    Sources,
    VersionDraft,
)
from risk_service.domain.listed import EntityKind, ListKind, ListNeeds
from risk_service.domain.reservation import Adjust
from risk_service.rules.lists.book import ListBook
from risk_service.rules.lists.entry import Entry


class PublicationStore(Protocol):
    """Published versions; every change writes its row of the trail in the same transaction."""

    def seed(self, kind: PublishedKind, version: str, sources: Sources) -> None:
        """Put the operator's own sources in force as long as nobody has published others."""

    def propose(self, draft: VersionDraft) -> Publication:
        """Keep a version for a second person to approve."""

    def approve(self, kind: PublishedKind, number: int, version: str, approver: str) -> Publication:
        """Put a proposed version in force."""

    def reject(self, kind: PublishedKind, number: int, actor_id: str, note: str) -> Publication:
        """Close a proposal."""

    def rollback_target(self, kind: PublishedKind, number: int) -> Publication:
        """Return the version that a rollback goes to."""

    def rollback(self, kind: PublishedKind, number: int, actor_id: str, note: str) -> Publication:
        """Put a version in force again that was approved before."""

    def active(self, kind: PublishedKind) -> Publication | None:
        """Return what is in force."""

    def publication(self, kind: PublishedKind, number: int) -> Publication:
        """Return one publication."""

    def sources(self, number: int) -> Sources:
        """Return the sources of a publication."""

    def publications(self, kind: PublishedKind, limit: int) -> list[Publication]:
        """Return the newest publications, the newest first."""

    def history(self, kind: PublishedKind, limit: int) -> list[tuple[int, int]]:
        """Return when which number came into force, the newest first."""


class AdjustmentStore(Protocol):
    """Counters changed by hand; every step writes its row of the trail with it."""

    def propose(self, call: Adjust, confirmed: int, measure: str, currency_code: str) -> Adjustment:
        """Keep a change for a second person; what is there just so is returned as it stands.

        Parameters
        ----------
        measure, currency_code
            What the policy counts now; the currency of one on money, else empty.
        """

    def approve(self, number: int, approver: str) -> Adjustment:
        """Let a proposed change go on to the ledger."""

    def reject(self, number: int, actor_id: str, note: str) -> Adjustment:
        """Close a proposed change."""

    def applied(self, number: int, actor_id: str, confirmed: tuple[int, int]) -> Adjustment:
        """Write that the ledger has an approved change, and what was confirmed before and after."""

    def failed(self, number: int, actor_id: str, note: str) -> Adjustment:
        """Write that the ledger has refused an approved change."""

    def adjustment(self, number: int) -> Adjustment:
        """Return one change."""

    def adjustments(self, state: AdjustmentState | None, limit: int) -> list[Adjustment]:
        """Return the newest changes, the newest first."""


class Stage(Protocol):
    """Where the entries of one change wait; closed whatever happens."""

    @property
    def count(self) -> int:
        """Return how many were put here."""

    def close(self) -> None:
        """Give the place back."""

    def put(self, entries: Sequence[NewEntry]) -> None:
        """Add entries."""


class ListStore(Protocol):
    """Lists and their changes; every change writes its row of the trail with it."""

    def stage(self) -> Stage:
        """Return a place for the entries of one change."""

    def add(self, draft: ListDraft, list_kind: ListKind, stage: Any) -> Change:
        """Keep the staged entries as one change."""

    def remove(self, draft: ListDraft, entries: Sequence[int]) -> Change:
        """Take entries out, or propose that."""

    def approve(self, number: int, approver: str) -> Change:
        """Apply a proposed change."""

    def reject(self, number: int, actor_id: str, note: str) -> Change:
        """Close a proposed change."""

    def kind_of(self, list_id: str) -> ListKind | None:
        """Return the kind of a list, or None."""

    def change(self, number: int) -> Change:
        """Return one change."""

    def changes(self, state: ChangeState | None, limit: int) -> list[Change]:
        """Return the newest changes, the newest first."""

    def sequence(self) -> tuple[int, str]:
        """Return how many changes are in force, and the name of that state."""


class ListSource(Protocol):
    """Reads what lists hold."""

    def book(self, version: str, now_us: int) -> ListBook:
        """Return the entries in force that have not expired by now."""

    def needs(self) -> ListNeeds:
        """Return what the entries in force need of orders."""

    def added_by(self, change: int) -> list[Entry]:
        """Return the entries of a change that is in force."""

    def removed_by(self, change: int) -> list[int]:
        """Return the numbers of the entries that a change takes out."""

    def summaries(self) -> list[ListSummary]:
        """Return every list with its counts."""

    def entries(self, list_id: str, after: int, limit: int, *, every: bool) -> list[ListedEntry]:
        """Return entries of a list in the order of their numbers."""

    def of_change(self, change: int, limit: int) -> list[ListedEntry]:
        """Return the first entries that a change adds or removes."""

    def find(self, entity: EntityKind, text: str) -> list[ListedEntry]:
        """Return every entry in force, or proposed, about one entity."""
