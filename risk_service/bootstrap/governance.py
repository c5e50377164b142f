"""Opens governance: the store, what is in force, and the look at what other processes change."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from risk_service.adapters.clock import SystemClock
from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.governance_schema import FILE_NAME
from risk_service.adapters.sqlite.list_reader import ListReader
from risk_service.adapters.sqlite.list_store import SqliteLists
from risk_service.adapters.sqlite.publications import SqlitePublications
from risk_service.bootstrap.tasks import keep_on
from risk_service.config import Settings
from risk_service.domain.errors import ConfigFault, InvalidInput, RiskError, Violation
from risk_service.domain.governed import PublishedKind, Sources
from risk_service.governance.governance import Governance
from risk_service.governance.limit_gate import LimitGate
from risk_service.governance.listing import Listing
from risk_service.governance.publishing import Publishing, violation_of
from risk_service.governance.requirements import RuleGate, load_requirements
from risk_service.identity.tokenise import Tokeniser
from risk_service.limits.book import SHIPPED, LimitBook, read_limits, shipped_text
from risk_service.models.signature import load_trusted
from risk_service.ports import Clock
from risk_service.rules.examples import ExampleResult, run_examples
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.rule_set import RuleSet, faults_of, load_rule_set, shipped_rules
from risk_service.rules.rule_texts import read_texts

LOOK_EVERY_S = 1.0
# More do not fit into what gRPC carries with an error.
FAULTS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGovernance:
    """Governance and the file it lives in."""

    file: GovernanceFile
    governance: Governance

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def open_governance(settings: Settings, tokeniser: Tokeniser, clock: Clock) -> OpenGovernance:
    """Open the store and load what is in force.

    At the very first start that is what the operator gives: the files of the settings, else those
    that ship with the service. Once somebody has published, it is what was published.

    Raises
    ------
    ConfigFault
        Files cannot be used, or this version of the service cannot load what is in force.
    """
    # The trail says when something was done, whatever time a replay has reached.
    file = GovernanceFile(settings.governance or settings.state / FILE_NAME, SystemClock().now_us)
    publications, lists = SqlitePublications(file), SqliteLists(file)
    publishing = Publishing(
        store=publications,
        load={PublishedKind.RULES: load_rules, PublishedKind.LIMITS: load_limits},
        rule_gate=RuleGate(
            requirements=load_requirements(settings.requirements),
            store=publications,
            now_us=file.now_us,
            # Read when they are needed: keys come and go while the service runs.
            trusted=partial(load_trusted, settings.trust),
        ),
        limit_gate=LimitGate(store=publications, read=load_limits, now_us=file.now_us),
    )
    for kind, sources in _given(settings).items():
        try:
            publishing.seed(kind, sources)
        except RiskError as error:
            raise ConfigFault(f"{kind} given at the start: {error}") from error
    return OpenGovernance(
        file=file,
        governance=Governance(
            publishing,
            Listing(lists, ListReader(file, clock.now_us), tokeniser.lists.key_of, clock.now_us),
            now_us=clock.now_us,
            watch=tokeniser.watch,
        ),
    )


def load_rules(sources: Sources) -> RuleSet:
    """Return the rules of a publication, whose examples must come out as they say.

    Raises
    ------
    InvalidInput
        Rules cannot be used: the first ``FAULTS_MAX`` are told, since who meets them at an
        upgrade would have to go back for each. Or an example does not come out as it says.
    """
    try:
        rules = load_rule_set(sources)
    except RuleFileFault as error:
        found = faults_of(sources)[:FAULTS_MAX]
        raise InvalidInput(tuple(violation_of(one) for one in found)) from error
    failed = tuple(_failed(one) for one in run_examples(rules.rules.values()) if not one.passed)
    if failed:
        raise InvalidInput(failed)
    return rules


def _failed(one: ExampleResult) -> Violation:
    what = f"rule {one.rule.id}: the example {one.example.about!r}"
    zh = {"match": "命中", "no match": "不命中"}
    found, expected = (zh.get(word, word) for word in (one.found, one.expected))
    return Violation(
        field=f"{one.rule.file}:{one.example.line}",
        description=f"{what} is expected to give '{one.expected}' and gives '{one.found}' "
        "(mend the condition or the example; `risk rules test` runs them)",
        description_zh=f"规则 {one.rule.id}：示例“{one.example.about}”"
        f"应为“{expected}”，实为“{found}”（请修改条件或示例，可用 `risk rules test` 运行）",
    )


def load_limits(sources: Sources) -> LimitBook:
    """Return the limit policies of a publication, which is one file.

    Too many counters for a line are no fault here: such a file may have come into force before
    there was that bound.

    Raises
    ------
    ConfigFault
        There are several.
    InvalidInput
        The file cannot be used.
    """
    if len(sources) != 1:
        raise ConfigFault(f"limit policies stand in one file, {len(sources)} were given")
    ((name, text),) = sources.items()
    return read_limits(text, name)


async def keep_looking(governance: Governance, changes: Executor) -> None:
    """Take over what other processes change, about a second later."""
    loop = asyncio.get_running_loop()

    async def step() -> float:
        try:
            await loop.run_in_executor(changes, governance.refresh)
        finally:
            governance.settle()
        return LOOK_EVERY_S

    await keep_on(step, "governance_not_refreshed")


def _given(settings: Settings) -> dict[PublishedKind, Sources]:
    limits = {SHIPPED: shipped_text()}
    if settings.limits is not None:
        limits = read_texts(settings.limits)
    rules = shipped_rules().texts if settings.rules is None else read_texts(settings.rules)
    return {PublishedKind.RULES: rules, PublishedKind.LIMITS: limits}
