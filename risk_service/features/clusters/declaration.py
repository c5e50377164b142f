"""The declaration of clusters, read from ``clusters.toml`` beside this module."""

import hashlib
import json
from dataclasses import asdict, replace
from functools import cache
from importlib.resources import files
from typing import Any

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.terms import (
    AGGREGATES,
    FACTS,
    SCOPES,
    ClusterFeature,
    ClusterSet,
    LinkType,
    Rules,
)
from risk_service.features.entries import checked_entries, read_declaration

FORMAT = 1
RULES_KEYS = {
    "account": str, "kinds": list, "max_size": int, "members": int, "neighbours": int,
    "hub_days": int, "ready_after_s": int,
}  # fmt: skip
LINK_KEYS = {"unless_equal?": str, "hub_accounts": int, "age_days": int, "en": str, "zh": str}
FEATURE_KEYS = {
    "fact?": str, "source?": str, "aggregate?": str, "unit": str, "default?": float,
    "en": str, "zh": str,
}  # fmt: skip
LIMITS = {
    "max_size": (2, 1_000), "members": (1, 32), "neighbours": (1, 32), "hub_days": (1, 90),
    "ready_after_s": (0, 43_200),
}  # fmt: skip
# A value keeps one account more than this in memory.
HUB_ACCOUNTS_MAX = 1_000
AGE_DAYS_MAX = 400
# A link has its type in one byte, and each type costs a pass of the nightly run.
LINKS_MAX = 16


@cache
def load_clusters() -> ClusterSet:
    """Return the clusters of the promotion service."""
    return parse_clusters(files(__package__).joinpath("clusters.toml").read_text("utf-8"))


def parse_clusters(text: str) -> ClusterSet:
    """Read and check a declaration; the rules stand at the head of ``clusters.toml``.

    Raises
    ------
    ConfigFault
        Names the entry at fault and what would be right.
    """
    raw = read_declaration("clusters", text, FORMAT)
    checked_entries(
        "clusters", raw, {"format": int, "rules": dict, "links": dict, "features": dict}
    )
    rules = _rules(raw)
    unknown = [scope for scope in raw["features"] if scope not in SCOPES]
    if unknown:
        raise ConfigFault(f"features.{unknown[0]}: unknown; known are {', '.join(SCOPES)}")
    features = tuple(
        _feature(scope, name, spec)
        for scope in SCOPES
        for name, spec in raw["features"].get(scope, {}).items()
    )
    numbers = [(f.name, f.fact, f.source, f.aggregate) for f in features]
    return ClusterSet(
        version=_version("cs1", [rules.version, numbers]), rules=rules, features=features
    )


def _between(where: str, name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ConfigFault(f"{where}: {name} is {value}, it must be {low} to {high}")
    return value


def _rules(raw: dict[str, Any]) -> Rules:
    spec = checked_entries("rules", raw["rules"], RULES_KEYS)
    limits = {name: _between("rules", name, spec[name], *LIMITS[name]) for name in LIMITS}
    _between("links", "number of types", len(raw["links"]), 1, LINKS_MAX)
    rules = Rules(
        version="",
        account=spec["account"],
        kinds=tuple(spec["kinds"]),
        links=tuple(_link(n, s, spec["hub_days"]) for n, s in raw["links"].items()),
        **limits,
    )
    content = asdict(rules)
    for link in content["links"]:
        del link["description_en"], link["description_zh"]
    return replace(rules, version=_version("cr1", content))


def _link(name: str, spec: object, hub_days: int) -> LinkType:
    where = f"links.{name}"
    entries = checked_entries(where, spec, LINK_KEYS)
    return LinkType(
        field=name,
        unless_equal=entries.get("unless_equal", ""),
        hub_accounts=_between(where, "hub_accounts", entries["hub_accounts"], 1, HUB_ACCOUNTS_MAX),
        # Hubs are told from the links that are kept.
        age_days=_between(where, "age_days", entries["age_days"], hub_days, AGE_DAYS_MAX),
        description_en=entries["en"],
        description_zh=entries["zh"],
    )


def _feature(scope: str, name: str, spec: object) -> ClusterFeature:
    where = f"features.{scope}.{name}"
    entries = checked_entries(where, spec, FEATURE_KEYS)
    fact, source = entries.get("fact", ""), entries.get("source", "")
    aggregate = entries.get("aggregate", "")
    if bool(fact) == bool(source):
        raise ConfigFault(f"{where}: needs either fact or source")
    if fact and fact not in FACTS:
        raise ConfigFault(f"{where}: unknown fact {fact!r}; known are {', '.join(FACTS)}")
    if source and aggregate not in AGGREGATES:
        raise ConfigFault(f"{where}: aggregate is {aggregate!r}; known are {', '.join(AGGREGATES)}")
    if fact and aggregate:
        raise ConfigFault(f"{where}: a fact has no aggregate")
    return ClusterFeature(
        name=f"{scope}__{name}",
        scope=scope,
        fact=fact,
        source=source,
        aggregate=aggregate,
        unit=entries["unit"],
        default=float(entries.get("default", 0.0)),
        description_en=entries["en"],
        description_zh=entries["zh"],
    )


def _version(prefix: str, content: object) -> str:
    canonical = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return f"{prefix}-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"
