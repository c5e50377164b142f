"""Reports of backtests that may stand behind a rule: what they say, and who vouches for it.

Whoever writes a rule must not be able to write its report as well. So a report is signed where
the data is, by the key that signs model bundles, and every server knows its public half already
(``risk serve --trust``). What is signed is all that is kept of a report: rule, condition, data
set, figures, and the digest of the file. The signature lies beside the file, as that of a
bundle does, and goes with the publication into the trail.
"""

import json
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import asdict

from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.domain.governed import BacktestReport
from risk_service.domain.refusals import refusal
from risk_service.models.canonical import canonical_json
from risk_service.models.signature import TrustedKeys, check_signature, sign_manifest

# Beside the report itself: ``night.json.sig`` beside ``night.json``.
SUFFIX = ".sig"
SIGNATURE_BYTES_MAX = 200
# So that no manifest of a bundle can be taken for a report, nor the other way round, and no report
# of before, whose data did not name the histories that were read, for one of today.
_WHAT = "backtest report 2"


def report_of(content: bytes, signature: str = "") -> BacktestReport:
    """Return what the file of a report says of its rule.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is no report.
    """
    told = json.loads(content)
    flagged = told["split"]["flagged"]
    data = told["data"]
    return BacktestReport(
        rule_id=told["rule"] or "",
        rule_sha256=told["rule_sha256"] or "",
        expression=told["expression"],
        sha256=sha256(content).hexdigest(),
        data=data["name"],
        data_sha256=sha256(canonical_json([data["sha256"], data["files"]])).hexdigest(),
        events_read=told["events_read"],
        events_flagged=told["events_flagged"],
        abuse_flagged=flagged["abuse"]["events"],
        honest_flagged=flagged["honest"]["events"],
        signature=signature,
    )


def signature_file(report: Path) -> Path:
    """Return where the signature of a report lies."""
    return report.with_name(report.name + SUFFIX)


def signed(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the signature file of a report.

    Raises
    ------
    ConfigFault
        The report flags nothing for want of values: it would vouch for what nobody saw.
    """
    report = report_of(content)
    lacking = json.loads(content).get("never_known", [])
    if lacking and not report.events_flagged:
        raise ConfigFault(refusal("nothing_to_vouch_for", names=", ".join(lacking)))
    return sign_manifest(_statement(report), key)


def unvouched(report: BacktestReport, trusted: TrustedKeys) -> str:
    """Return why nobody vouches for a report; empty when somebody does."""
    try:
        check_signature(_statement(report), report.signature.encode(), trusted)
    except BundleRefused as error:
        return error.reason
    return ""


def signer_of(signature: str) -> str:
    """Return the id of the key that a signature says it is by; empty for none."""
    try:
        return str(json.loads(signature)["key_id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _statement(report: BacktestReport) -> bytes:
    told = {name: value for name, value in asdict(report).items() if name != "signature"}
    return canonical_json({"what": _WHAT, **told})
