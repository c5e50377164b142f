"""Runs the sale through the real decision: windows, clusters, policy, ledger, one file.

Scores and rules are left out, so that what is seen is the work of the limits alone. The
clock follows the orders; nobody pays within the minute, so every hold stands.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from risk_service.adapters.clock import ReplayClock
from risk_service.adapters.embedded import EmbeddedState, open_state
from risk_service.adapters.ids import TimeSortedIds
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.decisions.attempt import Attempt
from risk_service.decisions.cases import Cases
from risk_service.decisions.findings import InForce, Ungoverned
from risk_service.decisions.limiting import Limiting
from risk_service.decisions.link_log import OwnLinks
from risk_service.decisions.linked import Linked
from risk_service.decisions.live import DecisionIds, Live
from risk_service.decisions.pipeline import Pipeline
from risk_service.decisions.policy import load_policy
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.records import Records
from risk_service.decisions.scoring import Scoring
from risk_service.domain.decision import Decision
from risk_service.domain.order import Order, RawOrder
from risk_service.feature_ports import StoredFeatures
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.schema import FeatureSchema, load_schema
from risk_service.features.windows.declaration import load_windows
from risk_service.identity.keys import IdentityKey
from risk_service.identity.tokenise import Tokeniser
from risk_service.limits.book import LimitBook, parse_limits
from risk_service.ports import Clock
from training.flash_sale.crowd import (
    DAY_US,
    SALE_US,
    Crowd,
    SaleSettings,
    earlier_order,
    gather,
    sale_order,
)
from training.flash_sale.figures import SaleFigures, Tally

GROUP = 64
STALE_AFTER_US = 10**18
HEAD = "format = 1\n"
STOCK_ID, PERSON_ID = "stock", "person"
LIMIT = """
[[policy]]
id = "{id}"
name = {{ zh = "{zh}", en = "{en}" }}
description = "{en}."
owner = "simulation"
approver = "reviewers"
state = "active"
priority = {priority}
subject = {subject}
{missing}
include = {{ promotion_types = ["FLASH_SALE"] }}
count_per = "sku"
measure = "units"
window = "session"
cap = {cap}
on_exceed = "{on_exceed}"
release_on = ["payment_timeout"]
"""
SIGNS = ("account", "device", "payment", "phone")
CLUSTER = "identity_cluster"
VARIANTS = {
    "no limit per person": (),
    "per account, device, card, phone": SIGNS,
    "the same and per identity cluster": (*SIGNS, CLUSTER),
}
Progress = Callable[[str, int], None]


class NoHistory:
    """Stored features of nobody."""

    def __init__(self, schema: FeatureSchema) -> None:
        self._width = len(schema.stored)

    def read(self, orders: Sequence[Order], now_us: int) -> StoredFeatures:
        """Return that nothing is known of anybody, and that this is up to date."""
        values = np.full((len(orders), self._width), np.nan)
        return StoredFeatures(values=values, materialized_until_us=now_us)


def run_sale(settings: SaleSettings, progress: Progress) -> list[SaleFigures]:
    """Return the figures of each variant of the limits, on the same crowd."""
    progress("crowd", 0)
    crowd = gather(settings)
    return [_variant(name, signs, crowd, settings, progress) for name, signs in VARIANTS.items()]


def limits_of(signs: Sequence[str], settings: SaleSettings) -> LimitBook:
    """Return the limits of a variant: the stock, and units per sign of a person."""
    text = LIMIT.format(
        id=STOCK_ID,
        zh="库存",
        en="Units of the drop",
        priority=100,
        subject='"GLOBAL"',
        missing="",
        cap=settings.units,
        on_exceed="cap_quantity",
    )
    if signs:
        names = ", ".join(f'"{sign}"' for sign in signs)
        text += LIMIT.format(
            id=PERSON_ID,
            zh="每人限购",
            en="Units per person",
            priority=200,
            subject=f"{{ any_of = [{names}] }}",
            missing='missing_dimension = { "*" = "challenge" }',
            cap=settings.units_per_person,
            on_exceed="cap_quantity",
        )
    return parse_limits(HEAD + text, "flash-sale")


def _variant(
    name: str, signs: Sequence[str], crowd: Crowd, settings: SaleSettings, progress: Progress
) -> SaleFigures:
    progress(f"{name}: days before", 0)
    book = limits_of(signs, settings)
    with tempfile.TemporaryDirectory(prefix="flash-sale-") as scratch:
        state = open_state(Path(scratch), _nothing)
        ledger = SqliteLedger(Path(scratch), lambda: book)
        try:
            start_us = SALE_US - 2 * DAY_US
            pipeline = _pipeline(state, ledger, book, ReplayClock(start_us))
            _days_before(pipeline, crowd, lambda done: progress(f"{name}: days before", done))
            tally = Tally(settings.units)
            _sale(pipeline, crowd, tally, lambda done: progress(f"{name}: sale", done))
        finally:
            ledger.close()
            state.close()
    return tally.figures(name)


def _pipeline(
    state: EmbeddedState, ledger: SqliteLedger, book: LimitBook, clock: Clock
) -> Pipeline:
    schema, ids, policy = load_schema(), TimeSortedIds(), load_policy()
    tokeniser = Tokeniser(IdentityKey(key_id="sale", secret=bytes(range(32))))
    scoring = Scoring(schema, NoHistory(schema), None, stale_after_us=STALE_AFTER_US)
    windows = state.windows.store
    declared = (load_windows(), load_clusters())
    linked = Linked(OwnLinks(state.clusters.state, state.logged_us), declared, windows)
    return Pipeline(
        cases=Cases(tokenise=tokeniser.order, store=state.store, decision_ids=DecisionIds(ids)),
        live=Live(windows, linked, state.compiled, state.stamps),
        scoring=scoring,
        in_force=InForce(schema, Ungoverned(limits=book)),
        policy=policy,
        limiting=Limiting(policy, ledger),
        records=Records(scoring=scoring, policy=policy, reasons=load_reasons(schema), ids=ids),
        store=state.store,
        clock=clock,
    )


def _days_before(pipeline: Pipeline, crowd: Crowd, done: Callable[[int], None]) -> None:
    """Let those who share anything order something two days before: that links accounts."""
    linked = [buyer for buyer in crowd.buyers if buyer.shares]
    start_us, step_us = SALE_US - 2 * DAY_US, DAY_US // max(1, len(linked))
    orders = [earlier_order(n, buyer, start_us + n * step_us) for n, buyer in enumerate(linked)]
    for group in _groups(orders):
        _decide(pipeline, group)
        done(len(group))


def _sale(pipeline: Pipeline, crowd: Crowd, tally: Tally, done: Callable[[int], None]) -> None:
    orders = [sale_order(press) for press in crowd.presses]
    presses = iter(crowd.presses)
    for group in _groups(orders):
        for decision in _decide(pipeline, group):
            tally.add(next(presses), decision)
        done(len(group))


def _groups(orders: Sequence[RawOrder]) -> list[Sequence[RawOrder]]:
    return [orders[at : at + GROUP] for at in range(0, len(orders), GROUP)]


def _decide(pipeline: Pipeline, orders: Sequence[RawOrder]) -> list[Decision]:
    attempts = [
        Attempt(request_id=raw.order_id, fingerprint=raw.order_id.encode(), subject=raw)
        for raw in orders
    ]
    answers: list[Decision] = []
    for answer in pipeline.decide(attempts):
        if not isinstance(answer, Decision):
            raise answer
        answers.append(answer)
    return answers


def _nothing(_seconds: float) -> None:
    """Take no notice of how long a commit took."""
