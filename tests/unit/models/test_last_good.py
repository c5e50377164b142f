"""A refused bundle leaves the last good one in service."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.models.last_good import KEPT, load_or_last_good
from tests.fixtures.bundle_maker import SCHEMA, rows, signed_bundle


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state directory that does not exist yet."""
    return tmp_path / "state"


def load(release: Any, state: Path, candidate: Path | None = None) -> Any:
    """Load the release's bundle, or another candidate."""
    return load_or_last_good(candidate or release.bundle, state, release.trusted, SCHEMA)


def test_a_good_bundle_is_served_and_kept(release: Any, state: Path) -> None:
    """The candidate is served, and its copy passes on its own."""
    first = load(release, state)
    assert first.refused is None
    copy = state / "bundles" / first.bundle.sha256
    assert load(release, state / "other", copy).bundle.sha256 == first.bundle.sha256


def test_a_tampered_bundle_is_refused_and_the_last_good_one_serves(
    release: Any, state: Path
) -> None:
    """The refusal is handed back to be told; the scores are those of the last good bundle."""
    good = load(release, state)
    (release.bundle / "scalping.full.txt").write_text("tree\n")
    again = load(release, state)
    assert again.refused is not None
    assert again.refused.check == "size"
    assert again.bundle.sha256 == good.bundle.sha256
    wanted = good.scorer.score(rows(), "full").raw
    assert again.scorer.score(rows(), "full").raw.tobytes() == wanted.tobytes()


def test_a_vanished_bundle_is_survived(release: Any, state: Path) -> None:
    """The copy in the state directory does not need the original."""
    good = load(release, state)
    shutil.rmtree(release.bundle)
    assert load(release, state).bundle.sha256 == good.bundle.sha256


def test_without_a_last_good_bundle_the_refusal_is_final(release: Any, state: Path) -> None:
    """There is nothing to serve, and the error says both."""
    (release.bundle / "manifest.sig").unlink()
    with pytest.raises(BundleRefused, match="unsigned; no last good bundle is kept"):
        load(release, state)


def test_a_tampered_copy_is_not_trusted(release: Any, state: Path) -> None:
    """The kept copy is verified again; being ours proves nothing."""
    good = load(release, state)
    copy = state / "bundles" / good.bundle.sha256 / "golden.json"
    copy.write_bytes(copy.read_bytes()[:-1])
    (release.bundle / "manifest.sig").unlink()
    with pytest.raises(BundleRefused, match=r"unsigned; kept .* golden.json"):
        load(release, state)


def test_a_broken_pointer_is_no_last_good_bundle(release: Any, state: Path) -> None:
    """Garbage in the pointer file is neither followed nor fatal for a good candidate."""
    load(release, state)
    (state / "bundles" / "last-good").write_bytes(b"../../etc\n\xff")
    assert load(release, state).refused is None
    (state / "bundles" / "last-good").write_bytes(b"../../../etc\n")
    (release.bundle / "manifest.sig").unlink()
    with pytest.raises(BundleRefused, match="no last good"):
        load(release, state)


def test_a_damaged_copy_is_mended_by_the_next_good_start(release: Any, state: Path) -> None:
    """Starting with the good bundle again restores its copy."""
    good = load(release, state)
    copy = state / "bundles" / good.bundle.sha256 / "golden.json"
    copy.unlink()
    load(release, state)
    assert copy.read_bytes() == (release.bundle / "golden.json").read_bytes()


def test_only_a_few_copies_are_kept(release: Any, state: Path, tmp_path: Path) -> None:
    """Older copies go; the newest serve when the candidate is refused."""
    seen = []
    for number in range(KEPT + 2):
        candidate = signed_bundle(
            tmp_path / f"b{number}", release.signing_key, metrics={"number": number}
        )
        seen.append(load(release, state, candidate).bundle.sha256)
    folders = {path.name for path in (state / "bundles").iterdir() if path.is_dir()}
    assert folders == set(seen[-KEPT:])
    assert load(release, state, tmp_path / "nowhere").bundle.sha256 == seen[-1]


def test_an_older_copy_serves_when_the_newest_is_damaged(
    release: Any, state: Path, tmp_path: Path
) -> None:
    """Every kept copy is a chance."""
    older = load(release, state).bundle.sha256
    candidate = signed_bundle(tmp_path / "b", release.signing_key, metrics={"number": 1})
    newest = load(release, state, candidate).bundle.sha256
    shutil.rmtree(state / "bundles" / newest)
    assert load(release, state, tmp_path / "nowhere").bundle.sha256 == older


def test_a_copy_that_cannot_be_kept_is_told(release: Any, state: Path) -> None:
    """A state directory that is a file is a fault of the start, not a lost safety net."""
    state.write_text("")
    with pytest.raises(ConfigFault, match=r"cannot keep the bundle|last-good"):
        load(release, state)
