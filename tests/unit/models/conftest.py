"""A signed bundle made once per run, and a fresh copy of it per test."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from risk_service.models.signature import TrustedKeys, load_trusted
from tests.fixtures.bundle_maker import signed_bundle, write_keys


@dataclass(frozen=True, kw_only=True)
class Release:
    """A sound bundle, the key that signed it and what trusts it."""

    bundle: Path
    signing_key: Path
    trusted: TrustedKeys


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Make the bundle that the tests copy; nobody changes it."""
    base = tmp_path_factory.mktemp("release")
    private, public = write_keys(base / "keys")
    return Release(
        bundle=signed_bundle(base / "bundle", private),
        signing_key=private,
        trusted=load_trusted([public]),
    )


@pytest.fixture
def release(original: Release, tmp_path: Path) -> Release:
    """Return a copy of the sound bundle that the test may spoil."""
    copy = tmp_path / "bundle"
    shutil.copytree(original.bundle, copy)
    return Release(bundle=copy, signing_key=original.signing_key, trusted=original.trusted)
