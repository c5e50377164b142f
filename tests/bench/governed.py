"""What the bench puts in force: so many rules, five limits and three lists that each order meets.

The rules are those that ship for orders, without their scopes and over and over under other
ids, until there are as many as asked for: every order pays for all of them.
"""

import re
from datetime import datetime
from itertools import count, islice
from pathlib import Path

from risk_service.adapters.clock import ReplayClock
from risk_service.bootstrap.governance import open_governance
from risk_service.config import Settings
from risk_service.domain.actor import Actor, Scope
from risk_service.domain.governed import ChangeKind, ChangeState
from risk_service.domain.listed import EntityKind, ListKind, RawListed
from risk_service.governance.listing import ListChange, RawEntry
from risk_service.identity.keys import load_identity_key
from risk_service.identity.tokenise import Tokeniser
from risk_service.rules.rule_set import load_rule_set, shipped_rules
from risk_service.rules.variables import Subject
from tests.bench.world import REPLAY_FROM, World

ENTRIES = 20_000
SUBJECTS = ("account", "device", "payment", "phone", "identity_cluster")
KINDS = ("NONE", "FLASH_SALE", "SPEND_AND_SAVE", "COUPON")
HEAD = 'format = 1\ntopic = "bench"\n\n'
LIMIT = """
[[policy]]
id = "bench-{priority}"
name = {{ zh = "限购", en = "limit" }}
description = "A limit of the bench."
owner = "bench"
approver = "reviewers"
state = "active"
priority = {priority}
subject = {{ any_of = ["{subject}"] }}
missing_dimension = {{ {missing} }}
include = {{ promotion_types = [{kinds}] }}
count_per = "everything"
measure = "units"
window = {{ rolling = "24h" }}
cap = 1000000
on_exceed = "reject"
release_on = ["payment_timeout"]
"""
ANALYST = Actor(actor_id="bench", scopes=frozenset(Scope))
APPROVER = Actor(actor_id="approver", scopes=frozenset(Scope))


def govern(world: World, directory: Path, state: Path, rules: int) -> list[str]:
    """Fill the governance of a state directory; return the options that serve it."""
    directory.mkdir(parents=True)
    (directory / "rules").mkdir()
    (directory / "rules" / "bench.toml").write_text(rule_text(rules), "utf-8")
    (directory / "limits.toml").write_text(limit_text(), "utf-8")
    config = directory / "risk.toml"
    config.write_text(
        f'rules = "{directory / "rules"}"\nlimits = "{directory / "limits.toml"}"\n', "utf-8"
    )
    settings = Settings(
        bundle=world.bundle,
        trust=(world.keys / "signing.pub",),
        identity_key=world.keys / "identity.key",
        features=world.serving,
        state=state,
        rules=directory / "rules",
        limits=directory / "limits.toml",
    )
    state.mkdir(parents=True, exist_ok=True)
    _fill_lists(settings)
    return ["--config", str(config), "--state", str(state)]


def rule_text(wanted: int) -> str:
    """Return a rule file of as many order rules, every one in the scope of every order."""
    blocks = [
        f"[[rule]]\n{block}"
        for text in shipped_rules().texts.values()
        for block in text.split("[[rule]]\n")[1:]
    ]
    ours = {one.id for one in shipped_rules().rules.values() if one.subject is Subject.ORDER}
    plain = [_unscoped(block) for block in blocks if _id(block) in ours]
    chosen = islice(
        (
            block.replace(f'id = "{_id(block)}"', f'id = "{_id(block)}_{lap}"', 1)
            for lap in count()
            for block in plain
        ),
        wanted,
    )
    text = HEAD + "\n".join(chosen)
    assert len(load_rule_set({"bench.toml": text}).rules) == wanted
    return text


def limit_text() -> str:
    """Return the file of five limits that every order meets and none reaches."""
    kinds = ", ".join(f'"{kind}"' for kind in KINDS)
    return "format = 1\n" + "".join(
        LIMIT.format(
            subject=subject,
            priority=100 + place,
            kinds=kinds,
            missing='"*" = "challenge"' if subject == "account" else '"*" = "account"',
        )
        for place, subject in enumerate(SUBJECTS)
    )


def _id(block: str) -> str:
    found = re.search(r'^id = "([^"]+)"', block, re.MULTILINE)
    assert found is not None
    return found[1]


def _unscoped(block: str) -> str:
    """Return the rule without its scope."""
    return re.sub(r"\[rule\.scope\]\n(?:[a-z_]+ = .*\n)*", "", block)


def _fill_lists(settings: Settings) -> None:
    """Write one list of each kind: devices, accounts and addresses that nobody orders from."""
    tokeniser = Tokeniser(load_identity_key(settings.identity_key))
    start_us = int(datetime.fromisoformat(REPLAY_FROM).timestamp()) * 1_000_000
    opened = open_governance(settings, tokeniser, ReplayClock(start_us))
    entities = (EntityKind.ACCOUNT, EntityKind.DEVICE, EntityKind.IP)
    try:
        for kind, entity in zip(ListKind, entities, strict=True):
            change = ListChange(
                list_id=f"bench-{kind.value}", kind=kind, author=ANALYST.actor_id, reason="bench"
            )
            intake = opened.governance.listing.begin(change)
            many = ENTRIES if kind is not ListKind.ALLOW else 100
            intake.put(_entry(n, kind, entity, start_us) for n in range(many))
            assert not intake.faults, intake.faults[:3]
            made = opened.governance.kept(intake, ChangeKind.LIST_ADD)
            intake.close()
            if made.state is ChangeState.PROPOSED:
                opened.governance.approve_change(made.number, APPROVER)
    finally:
        opened.close()


def _entry(number: int, kind: ListKind, entity: EntityKind, start_us: int) -> RawEntry:
    value = f"listed-{number}"
    if entity is EntityKind.IP:
        value = f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}"
    allow = kind is ListKind.ALLOW
    return RawEntry(
        row=number + 1,
        listed=RawListed(entity=entity, value=value),
        reason="bench",
        expires_us=start_us + 30 * 86_400 * 1_000_000 if allow else 0,
        campaigns=("bench",) if allow else (),
    )
