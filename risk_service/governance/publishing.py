"""Publishing rules and limit policies: checked, proposed, approved by another person, in force.

A version that does not load is never kept, so what is in force can always be loaded again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from risk_service.domain.actor import SHIPPED
from risk_service.domain.errors import ConfigFault, Conflict, InvalidInput, Violation
from risk_service.domain.governed import (
    NO_EVIDENCE,
    Evidence,
    Publication,
    PublicationState,
    PublishedKind,
    Sources,
    VersionDraft,
)
from risk_service.domain.refusals import refusal
from risk_service.governance.free_text import check_why
from risk_service.governance.limit_gate import LimitGate
from risk_service.governance.requirements import RuleGate, check_evidence
from risk_service.governance.stores import PublicationStore
from risk_service.limits.book import LimitBook
from risk_service.limits.parse import unmet
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.rule_set import RuleSet
from risk_service.rules.unmet import unmet_of

log = logging.getLogger(__name__)

FILES_MAX = 200
SOURCES_CHARS_MAX = 2_000_000


class Versioned(Protocol):
    """What sources become."""

    @property
    def version(self) -> str:
        """Return what tells it from every other."""


Load = Callable[[Sources], Versioned]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Proposes, approves, rejects and rolls back versions.

    Parameters
    ----------
    load
        Per kind, makes of sources what is put in force.
    rule_gate
        Holds rules against what is required of them; None lets all pass.
    limit_gate
        Holds limit policies against what their counters remember; None lets all pass.
    """

    store: PublicationStore
    load: Mapping[PublishedKind, Load]
    rule_gate: RuleGate | None = None
    limit_gate: LimitGate | None = None

    def seed(self, kind: PublishedKind, sources: Sources) -> None:
        """Put the operator's own sources in force as long as nobody has published others.

        Raises
        ------
        InvalidInput
            They cannot be used, or are limits that may not be put in force anew.
        """
        loaded = self.loaded(kind, sources)
        active = self.store.active(kind)
        stays = active is not None and (
            active.author != SHIPPED or active.version == loaded.version
        )
        faults = _never_met(loaded, sources)
        if isinstance(loaded, LimitBook):
            faults += loaded.too_many
        if faults and not stays:
            raise InvalidInput(faults)
        self.store.seed(kind, loaded.version, sources)

    def publish(
        self,
        kind: PublishedKind,
        sources: Sources,
        actor_id: str,
        note: str,
        evidence: Evidence = NO_EVIDENCE,
    ) -> Publication:
        """Propose a version.

        Raises
        ------
        InvalidInput
            The sources cannot be used, or rules lack what is required of them and it is no
            emergency; each violation names file and line.
        Conflict
            The version is in force or proposed already.
        """
        check_why("note", note)
        check_evidence(evidence)
        loaded = self.loaded(kind, sources)
        missing = self._required(loaded, sources, evidence)
        return self.store.propose(
            VersionDraft(
                kind=kind,
                version=loaded.version,
                sources=sources,
                author=actor_id,
                note=note,
                evidence=evidence,
                missing=tuple([f"{one.field}: {one.description}" for one in missing]),
            )
        )

    def approve(
        self, kind: PublishedKind, number: int, version: str, actor_id: str
    ) -> tuple[Publication, Versioned]:
        """Put a proposed version in force; return what it became as well.

        Raises
        ------
        InvalidInput
            The sources could be used when they were published, and cannot any more; or rules
            lack what is required of them by now.
        NotFound, Conflict, Forbidden
            As the store has it.
        """
        proposed = self.store.publication(kind, number)
        sources = self.store.sources(number)
        loaded = self.loaded(kind, sources)
        if loaded.version != proposed.version:
            raise Conflict(
                refusal(
                    "other_service",
                    kind=kind,
                    number=number,
                    now=loaded.version,
                    version=proposed.version,
                )
            )
        if proposed.state is PublicationState.PROPOSED:
            self._required(loaded, sources, proposed.evidence)
        return self.store.approve(kind, number, version, actor_id), loaded

    def _required(
        self, loaded: Versioned, sources: Sources, evidence: Evidence
    ) -> tuple[Violation, ...]:
        """Return what an emergency does without.

        Raises
        ------
        InvalidInput
            Rules lack something and it is no emergency, or limits may not be put in force, or
            either asks for what no order has.
        """
        faults = _never_met(loaded, sources)
        if faults:
            raise InvalidInput(faults)
        if isinstance(loaded, LimitBook):
            self._check_limits(loaded, sources)
        if not isinstance(loaded, RuleSet) or self.rule_gate is None:
            return ()
        missing = self.rule_gate.missing(loaded, evidence)
        if missing and not evidence.emergency:
            raise InvalidInput(missing)
        return missing

    def _check_limits(self, book: LimitBook, sources: Sources) -> None:
        """Refuse limits that count a line in too many counters, or would forget too early."""
        faults = book.too_many
        if self.limit_gate is not None:
            faults += self.limit_gate.faults(book, next(iter(sources)))
        if faults:
            raise InvalidInput(faults)

    def rollback(
        self, kind: PublishedKind, number: int, actor_id: str, note: str
    ) -> tuple[Publication, Versioned]:
        """Put an earlier version in force again; 0 means the one before.

        Raises
        ------
        InvalidInput
            The note is none; the sources cannot be used by this version of the service, or
            limits would forget too early, as when they are published.
        NotFound, Conflict
            As the store has it.
        """
        check_why("note", note)
        target = self.store.rollback_target(kind, number)
        sources = self.store.sources(target.number)
        loaded = self.loaded(kind, sources)
        if isinstance(loaded, LimitBook):
            self._check_limits(loaded, sources)
        return self.store.rollback(kind, target.number, actor_id, note), loaded

    def in_force(self, kind: PublishedKind) -> Versioned:
        """Return what is in force, loaded.

        Limits that an older version of the service took and that could not be published today
        stay in force: they guard goods. What is to be changed about them is told in the log.

        Raises
        ------
        ConfigFault
            This version of the service cannot use it.
        """
        active = self.store.active(kind)
        if active is None:
            raise ConfigFault(f"no {kind} are in force; the governance store was never started")
        try:
            loaded = self.loaded(kind, self.store.sources(active.number))
            if isinstance(loaded, LimitBook) and loaded.too_many:
                _tell_too_many(loaded)
            return loaded
        except InvalidInput as error:
            raise ConfigFault(
                f"the {kind} in force (number {active.number}, {active.version}) cannot be used by "
                f"this version of the service: {error}. Go back to the version of the service that "
                f"published them, publish {kind} that both can use, and upgrade again"
            ) from error

    def loaded(self, kind: PublishedKind, sources: Sources) -> Versioned:
        """Return what sources become.

        Raises
        ------
        InvalidInput
            They cannot be used.
        """
        _check_size(sources)
        try:
            return self.load[kind](sources)
        except RuleFileFault as error:
            raise InvalidInput((violation_of(error),)) from error
        except ConfigFault as error:
            raise InvalidInput.at("sources", str(error), error.zh) from error


def _never_met(loaded: Versioned, sources: Sources) -> tuple[Violation, ...]:
    """Return where rules or limits ask for what no order has; those in force since before stay."""
    if isinstance(loaded, LimitBook):
        return tuple([one for name, text in sources.items() for one in unmet(text, name)])
    if isinstance(loaded, RuleSet):
        return tuple(map(violation_of, unmet_of(loaded.rules.values(), sources)))
    return ()


def violation_of(fault: RuleFileFault) -> Violation:
    """Return the fault of a rule file as a broken constraint: place, rule, fault and remedy."""
    where = f"{fault.file}:{fault.line}" + (f":{fault.column}" if fault.column else "")
    rule, rule_zh = ("", "")
    if fault.rule_id:
        rule, rule_zh = f"rule {fault.rule_id}: ", f"规则 {fault.rule_id}："
    words = fault.message.en + (f" ({fault.hint.en})" if fault.hint.en else "")
    words_zh = fault.message.zh + (f"（{fault.hint.zh}）" if fault.hint.zh else "")
    return Violation(field=where, description=rule + words, description_zh=rule_zh + words_zh)


def _tell_too_many(book: LimitBook) -> None:
    for fault in book.too_many:
        log.error(
            "limits_in_force_count_too_much",
            extra={
                "version": book.version,
                "file": fault.field,
                "error": f"{fault.description}. They stay in force as they are, an order that "
                "touches too many counters is refused; what is published next must be within",
            },
        )


def _check_size(sources: Sources) -> None:
    if not sources:
        raise InvalidInput.at("sources", refusal("no_file"))
    if len(sources) > FILES_MAX:
        raise InvalidInput.at("sources", refusal("many_files", found=len(sources), most=FILES_MAX))
    chars = sum(map(len, sources.values()))
    if chars > SOURCES_CHARS_MAX:
        raise InvalidInput.at(
            "sources", refusal("many_characters", found=chars, most=SOURCES_CHARS_MAX)
        )
    for name in sources:
        if not 0 < len(name) <= 200 or not name.isprintable():
            raise InvalidInput.at("sources", refusal("file_name"))
