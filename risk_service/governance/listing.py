"""Changes of lists: what may be listed, by whom, and what a second person must approve.

An allow list opens a door, so every entry of one needs a second person, an end and a scope. A deny
list closes one: single entries act at once, and a change of more than 1,000 entries is looked at
first, because a slip in a file would shut out as many. Grey lists decide nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from risk_service.domain.errors import InvalidInput, NotFound, Violation
from risk_service.domain.governed import (
    Change,
    ChangeKind,
    ListDraft,
    ListTerms,
    NewEntry,
)
from risk_service.domain.listed import ListKind, RawListed
from risk_service.domain.refusals import refusal
from risk_service.domain.vocabulary import PromotionType
from risk_service.governance.free_text import check_printable, check_why
from risk_service.governance.stores import ListSource, ListStore, Stage

DAY_US = 86_400_000_000
ALLOW_DAYS_MAX = 366
# A deny list changes by more than this only after a second look.
ENTRIES_UNSEEN_MAX = 1000
FAULTS_TOLD_MAX = 100
LIST_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SOURCE_CHARS_MAX, SCOPE_MAX = 200, 50

KeyOf = Callable[[RawListed], tuple[str, int]]


class RawEntry(Struct, frozen=True, kw_only=True):
    """One entry as a person wrote it. ``row`` is where: a line of a file, or a place in a call.

    ``expires_us`` is 0 for an entry without an end.
    """

    row: int
    listed: RawListed
    reason: str
    promotion_types: tuple[PromotionType, ...] = ()
    campaigns: tuple[str, ...] = ()
    source: str = ""
    expires_us: int = 0


class RowFault(Struct, frozen=True, kw_only=True):
    """What is wrong with one entry."""

    row: int
    field: str
    description: str
    description_zh: str = ""

    @classmethod
    def of(cls, row: int, error: InvalidInput) -> "RowFault":
        """Return the first of what an entry breaks."""
        one = error.violations[0]
        return cls(
            row=row,
            field=one.field,
            description=one.description,
            description_zh=one.description_zh,
        )

    @property
    def violation(self) -> Violation:
        """Return it as what is wrong with a call."""
        return Violation(
            field=f"entries[{self.row}].{self.field}",
            description=self.description,
            description_zh=self.description_zh,
        )


class ListChange(Struct, frozen=True, kw_only=True):
    """The list that is to change, and who asks; ``kind`` may be None for a list that exists."""

    list_id: str
    kind: ListKind | None
    author: str
    reason: str


class Intake:
    """Takes the entries of one change, any number of them, and keeps all or none.

    Attributes
    ----------
    faults
        What is wrong with entries, the first hundred of them.
    fault_count
        How many entries are wrong.
    """

    def __init__(
        self, store: ListStore, key_of: KeyOf, change: ListChange, kind: ListKind, now_us: int
    ) -> None:
        self._store = store
        self._key_of = key_of
        self._change = change
        self._kind = kind
        self._now_us = now_us
        self._stage: Stage = store.stage()
        self.faults: list[RowFault] = []
        self.fault_count = 0

    def put(self, entries: Iterable[RawEntry]) -> None:
        """Check and take entries; once one is wrong the others are only checked."""
        fresh = []
        for entry in entries:
            try:
                fresh.append(self._checked(entry))
            except InvalidInput as error:
                self._note(entry.row, error)
        if fresh and not self.fault_count:
            self._stage.put(fresh)

    def keep(self, kind: ChangeKind) -> Change:
        """Write the change.

        Raises
        ------
        InvalidInput
            There is no entry.
        """
        if not self._stage.count:
            raise InvalidInput.at("entries", refusal("no_entries"))
        draft = ListDraft(
            kind=kind,
            list_id=self._change.list_id,
            author=self._change.author,
            reason=self._change.reason,
            needs_approval=self._kind is ListKind.ALLOW
            or (self._kind is ListKind.DENY and self._stage.count > ENTRIES_UNSEEN_MAX),
        )
        return self._store.add(draft, self._kind, self._stage)

    def close(self) -> None:
        """Give back what the entries took while they waited."""
        self._stage.close()

    def _checked(self, entry: RawEntry) -> NewEntry:
        check_why("reason", entry.reason)
        check_printable("source", entry.source, SOURCE_CHARS_MAX)
        if len(entry.campaigns) > SCOPE_MAX:
            raise InvalidInput.at("campaigns", refusal("many_campaigns", most=SCOPE_MAX))
        for campaign in entry.campaigns:
            check_printable("campaigns", campaign, 128, low=1)
        if entry.expires_us and entry.expires_us <= self._now_us:
            raise InvalidInput.at("expires", refusal("in_the_future"))
        if self._kind is ListKind.ALLOW:
            self._check_allow(entry)
        text, bits = self._key_of(entry.listed)
        return NewEntry(
            entity=entry.listed.entity,
            text=text,
            bits=bits,
            terms=ListTerms(
                list_id=self._change.list_id,
                reason=entry.reason.strip(),
                promotion_types=tuple(sorted(set(entry.promotion_types))),
                campaigns=tuple(sorted(set(entry.campaigns))),
                source=entry.source.strip(),
            ),
            expires_us=entry.expires_us,
        )

    def _check_allow(self, entry: RawEntry) -> None:
        if not 0 < entry.expires_us <= self._now_us + ALLOW_DAYS_MAX * DAY_US:
            raise InvalidInput.at("expires", refusal("allow_ends", days=ALLOW_DAYS_MAX))
        if not entry.promotion_types and not entry.campaigns:
            raise InvalidInput.at("promotion_types", refusal("allow_scope"))

    def _note(self, row: int, error: InvalidInput) -> None:
        self.fault_count += 1
        if len(self.faults) < FAULTS_TOLD_MAX:
            self.faults.append(RowFault.of(row, error))


class Listing:
    """Changes of lists by people.

    Parameters
    ----------
    key_of
        The identity room's way from what a person wrote to a token.
    """

    def __init__(
        self, store: ListStore, source: ListSource, key_of: KeyOf, now_us: Callable[[], int]
    ) -> None:
        self.store = store
        self.source = source
        self.key_of = key_of
        self._now_us = now_us

    def begin(self, change: ListChange) -> Intake:
        """Return what takes the entries of a change; close it whatever happens.

        Raises
        ------
        InvalidInput
            The list has no proper name, or is new and its kind is not given.
        Conflict
            The list is of another kind.
        """
        if not LIST_ID.fullmatch(change.list_id):
            raise InvalidInput.at("list_id", refusal("list_id"))
        check_why("reason", change.reason, low=0)
        there = self.store.kind_of(change.list_id)
        kind = change.kind or there
        if kind is None:
            raise InvalidInput.at("kind", refusal("new_list", list=change.list_id))
        return Intake(self.store, self.key_of, change, kind, self._now_us())

    def add(self, change: ListChange, entries: Sequence[RawEntry]) -> Change:
        """Add entries.

        Raises
        ------
        InvalidInput
            Any of them is wrong; nothing was written.
        """
        intake = self.begin(change)
        try:
            intake.put(entries)
            if intake.faults:
                raise InvalidInput(tuple(one.violation for one in intake.faults))
            return intake.keep(ChangeKind.LIST_ADD)
        finally:
            intake.close()

    def remove(self, change: ListChange, numbers: Sequence[int]) -> Change:
        """Take entries out by their numbers.

        Raises
        ------
        InvalidInput, NotFound, Conflict
            No entry is named, there is no such list, or an entry is not in force.
        """
        check_why("reason", change.reason)
        kind = self.store.kind_of(change.list_id)
        if kind is None:
            raise NotFound(refusal("no_list", list=change.list_id))
        if not numbers:
            raise InvalidInput.at("entry_ids", refusal("no_entry_named"))
        draft = ListDraft(
            kind=ChangeKind.LIST_REMOVE,
            list_id=change.list_id,
            author=change.author,
            reason=change.reason,
            needs_approval=kind is ListKind.DENY and len(numbers) > ENTRIES_UNSEEN_MAX,
        )
        return self.store.remove(draft, sorted(set(numbers)))
