"""Puts a replayer together from what a state directory keeps, without opening the service."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from risk_service.adapters.sqlite.governance_schema import FILE_NAME
from risk_service.adapters.sqlite.read_only import read_sources
from risk_service.decisions.policy import load_policy
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.replay.replayer import Replayer, VersionsAtHand
from risk_service.domain.errors import BundleRefused
from risk_service.domain.governed import PublishedKind
from risk_service.features.schema import load_schema
from risk_service.models.bundle import verify_bundle
from risk_service.models.last_good import kept_bundles
from risk_service.models.manifest import MANIFEST_FILE
from risk_service.models.scorer import Scorer
from risk_service.models.signature import load_trusted
from risk_service.rules.rule_set import RuleSet, load_rule_set, shipped_rules

# Records of services without rules name none.
NO_RULES = RuleSet((), {}, {})


def open_replayer(
    state: Path,
    *,
    bundles: Iterable[Path],
    trust: Iterable[Path],
    governance: Path | None,
    refused: Callable[[BundleRefused], None],
) -> Replayer:
    """Return what decides the records of a state directory again.

    Parameters
    ----------
    bundles
        Further bundles, beside the last that the service kept in its state directory.
    trust
        Public keys whose signatures on bundles are accepted.
    governance
        File of what was published, where it does not lie in the state directory.
    refused
        Is told of each bundle that is needed and does not pass its checks.

    Raises
    ------
    ConfigFault
        A key or a file cannot be read.
    """
    schema, trusted = load_schema(), load_trusted(trust)
    places = _by_digest([*bundles, *kept_bundles(state)])
    store = governance or state / FILE_NAME

    def models(sha256: str) -> Scorer | None:
        if sha256 not in places:
            return None
        try:
            return Scorer(verify_bundle(places[sha256], trusted, schema))
        except BundleRefused as error:
            refused(error)
            return None

    return Replayer(
        schema,
        VersionsAtHand(
            policy=load_policy(),
            reasons=load_reasons(schema),
            models=models,
            rules=lambda version: _rules(store, version),
        ),
    )


def _by_digest(bundles: Iterable[Path]) -> dict[str, Path]:
    """Return where bundles lie by what their manifests digest to, which is their version.

    Whether they are what they say is checked before they are used.
    """
    manifests = {bundle: bundle / MANIFEST_FILE for bundle in bundles}
    return {
        hashlib.sha256(manifest.read_bytes()).hexdigest(): bundle
        for bundle, manifest in manifests.items()
    }


def _rules(store: Path, version: str) -> RuleSet | None:
    """Return a published rule set; the same text over other variables is another version."""
    if not version:
        return NO_RULES
    shipped = shipped_rules()
    if version == shipped.version:
        return shipped
    sources = read_sources(store, PublishedKind.RULES, version) if store.exists() else None
    if sources is None:
        return None
    rules = load_rule_set(sources)
    return rules if rules.version == version else None
