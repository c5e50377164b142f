"""The last bundle that worked, kept as a copy, for the day the next one does not.

Holds ``load_or_last_good`` and ``kept_bundles``. The state directory gets
``bundles/<sha256>/`` (whole copies) and ``bundles/last-good`` (their digests, newest first,
at most ``KEPT``). A copy is verified like any other bundle when it is needed: nothing is
trusted for being ours.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.models.bundle import ServedSchema, VerifiedBundle, verify_bundle
from risk_service.models.scorer import Scorer
from risk_service.models.signature import TrustedKeys

KEPT = 3
_FOLDER, _POINTER = "bundles", "last-good"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the service runs with.

    ``refused`` is the error of the candidate when the last good bundle took its place:
    the caller must make it loud.
    """

    bundle: VerifiedBundle
    scorer: Scorer
    refused: BundleRefused | None


def load_or_last_good(
    candidate: Path, state: Path, trusted: TrustedKeys, schema: ServedSchema
) -> Loaded:
    """Load the candidate, or the last good bundle when the candidate is refused.

    Parameters
    ----------
    candidate
        Directory of the bundle that should be served.
    state
        Directory where copies are kept; made when missing.

    Raises
    ------
    BundleRefused
        The candidate is refused and no kept copy passes either.
    ConfigFault
        The copy of an accepted bundle cannot be kept.
    """
    try:
        bundle = verify_bundle(candidate, trusted, schema)
    except BundleRefused as refused:
        bundle = _last_good(state / _FOLDER, trusted, schema, refused)
        return Loaded(bundle=bundle, scorer=Scorer(bundle), refused=refused)
    scorer = Scorer(bundle)
    _keep(bundle, state / _FOLDER)
    return Loaded(bundle=bundle, scorer=scorer, refused=None)


def kept_bundles(state: Path) -> list[Path]:
    """Return where the copies that are kept lie, newest first; they are yet to be verified."""
    folder = state / _FOLDER
    return [folder / digest for digest in _digests(folder) if (folder / digest).is_dir()]


def _last_good(
    folder: Path, trusted: TrustedKeys, schema: ServedSchema, refused: BundleRefused
) -> VerifiedBundle:
    reasons: list[str] = []
    for digest in _digests(folder):
        try:
            return verify_bundle(folder / digest, trusted, schema)
        except BundleRefused as error:
            reasons.append(f"kept {digest[:12]}: {error}")
    told = "; ".join(reasons) or "no last good bundle is kept"
    raise BundleRefused(refused.check, refused.file, f"{refused.reason}; {told}") from refused


def _digests(folder: Path) -> list[str]:
    """Return the digests of the kept bundles, newest first."""
    try:
        lines = (folder / _POINTER).read_text("ascii").split()
    except (FileNotFoundError, UnicodeDecodeError):
        # No pointer, or a broken one, means that nothing usable is kept.
        return []
    except OSError as error:
        raise ConfigFault(f"{folder / _POINTER}: {error.strerror}") from error
    return [line for line in lines if _DIGEST.fullmatch(line)][:KEPT]


def _keep(bundle: VerifiedBundle, folder: Path) -> None:
    try:
        before = _digests(folder)
        if not (before and before[0] == bundle.sha256 and _is_whole(bundle, folder)):
            _copy(bundle, folder)
            kept = [bundle.sha256, *(digest for digest in before if digest != bundle.sha256)]
            _write_durably(folder / _POINTER, "\n".join(kept[:KEPT]).encode() + b"\n")
            for digest in kept[KEPT:]:
                shutil.rmtree(folder / digest, ignore_errors=True)
    except OSError as error:
        raise ConfigFault(f"{folder}: cannot keep the bundle: {error.strerror}") from error


def _is_whole(bundle: VerifiedBundle, folder: Path) -> bool:
    copy = folder / bundle.sha256
    return all(
        (copy / name).is_file() and (copy / name).read_bytes() == data
        for name, data in bundle.files.items()
    )


def _copy(bundle: VerifiedBundle, folder: Path) -> None:
    target, building = folder / bundle.sha256, folder / f"{bundle.sha256}.tmp"
    for leftover in (building, target):
        if leftover.exists():
            shutil.rmtree(leftover)
    building.mkdir(parents=True)
    for name, data in bundle.files.items():
        _write_durably(building / name, data)
    building.replace(target)
    _sync_directory(folder)


def _write_durably(path: Path, data: bytes) -> None:
    unfinished = path.with_name(path.name + ".tmp")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
