"""Governance as a whole: what changes, and what that puts in force.

Changes run on a thread of their own; what they put in force is taken over by ``settle``, on
the thread that decides orders, between two groups.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from risk_service.domain.actor import Actor
from risk_service.domain.errors import ConfigFault
from risk_service.domain.governed import Change, ChangeKind, ChangeState, Publication, PublishedKind
from risk_service.domain.listed import ListNeeds
from risk_service.governance.in_force import Governing, InForce
from risk_service.governance.listing import Intake, Listing
from risk_service.governance.publishing import Publishing, Versioned
from risk_service.limits.book import LimitBook
from risk_service.rules.lists.book import OVERLAY_MAX, ListBook
from risk_service.rules.rule_set import RuleSet

log = logging.getLogger(__name__)


class Governance:
    """Rules, limit policies and lists of one service.

    Parameters
    ----------
    watch
        Told what lists need of orders, before they are in force.

    Attributes
    ----------
    governing
        What the decision reads.
    """

    def __init__(
        self,
        publishing: Publishing,
        listing: Listing,
        *,
        now_us: Callable[[], int],
        watch: Callable[[ListNeeds], None],
    ) -> None:
        self.publishing = publishing
        self.listing = listing
        self._now_us = now_us
        self._watch = watch
        self._sequence, version = listing.store.sequence()
        # Which publication of a kind is taken over, or was found not to load here.
        self._numbers = {kind: self._active_number(kind) for kind in PublishedKind}
        self._next = InForce(
            rules=cast("RuleSet", publishing.in_force(PublishedKind.RULES)),
            limits=cast("LimitBook", publishing.in_force(PublishedKind.LIMITS)),
            lists=listing.source.book(version, now_us()),
        )
        watch(self._next.lists.needs)
        self.governing = Governing(self._next)

    def settle(self) -> None:
        """Put in force what changes have brought; called by the thread that decides."""
        coming = self._next
        if coming is self.governing.now:
            return
        self._watch(coming.lists.needs)
        self.governing.now = coming
        log.info(
            "in_force",
            extra={
                "rules": coming.rules.version,
                "limits": coming.limits.version,
                "lists": coming.lists.version,
            },
        )

    # Everything below belongs to the thread of changes.

    def approve(self, kind: PublishedKind, number: int, version: str, actor: Actor) -> Publication:
        """Put a proposed version in force."""
        done, loaded = self.publishing.approve(kind, number, version, actor.actor_id)
        self._take(kind, done.number, loaded)
        return done

    def rollback(self, kind: PublishedKind, number: int, actor: Actor, note: str) -> Publication:
        """Put an earlier version in force again."""
        done, loaded = self.publishing.rollback(kind, number, actor.actor_id, note)
        self._take(kind, done.number, loaded)
        return done

    def kept(self, intake: Intake, kind: ChangeKind) -> Change:
        """Write the change of an intake, and put it in force unless it waits for approval."""
        return self._took(intake.keep(kind))

    def approve_change(self, number: int, actor: Actor) -> Change:
        """Apply a proposed change of a list."""
        return self._took(self.listing.store.approve(number, actor.actor_id))

    def took(self, change: Change) -> Change:
        """Put a change of lists in force that has just been written."""
        return self._took(change)

    def refresh(self) -> None:
        """Take over what is in force and not known here, as when another process changed it.

        Raises
        ------
        ConfigFault
            This version of the service cannot use it. It is told once; everything else that
            has changed is taken over all the same.
        """
        unusable: list[ConfigFault] = []
        for kind in PublishedKind:
            number = self._active_number(kind)
            if number == self._numbers[kind]:
                continue
            try:
                self._take(kind, number, self.publishing.in_force(kind))
            except ConfigFault as error:
                self._numbers[kind] = number
                unusable.append(error)
        if self.listing.store.sequence()[0] != self._sequence:
            self._reload_lists()
        if unusable:
            raise ConfigFault("; ".join(map(str, unusable)))

    def _active_number(self, kind: PublishedKind) -> int:
        active = self.publishing.store.active(kind)
        return 0 if active is None else active.number

    def _take(self, kind: PublishedKind, number: int, loaded: Versioned) -> None:
        self._numbers[kind] = number
        if kind is PublishedKind.RULES:
            self._next = replace(self._next, rules=cast("RuleSet", loaded))
        else:
            self._next = replace(self._next, limits=cast("LimitBook", loaded))

    def _took(self, change: Change) -> Change:
        if change.state is ChangeState.APPLIED:
            sequence, version = self.listing.store.sequence()
            small = change.entries + self._next.lists.overlay <= OVERLAY_MAX
            if small and sequence == self._sequence + 1:
                self._put(self._grown(change, version), sequence)
            else:
                self._reload_lists()
        return change

    def _grown(self, change: Change, version: str) -> ListBook:
        source, lists = self.listing.source, self._next.lists
        if change.kind is ChangeKind.LIST_REMOVE:
            removed = source.removed_by(change.number)
            return lists.changed((), removed, version=version, needs=source.needs())
        added = source.added_by(change.number)
        return lists.changed(added, (), version=version, needs=source.needs())

    def _reload_lists(self) -> None:
        sequence, version = self.listing.store.sequence()
        self._put(self.listing.source.book(version, self._now_us()), sequence)

    def _put(self, lists: ListBook, sequence: int) -> None:
        self._sequence = sequence
        self._next = replace(self._next, lists=lists)
