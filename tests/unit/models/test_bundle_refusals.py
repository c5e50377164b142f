"""Every way to spoil a bundle is refused by the check that is meant for it, naming the file."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from risk_service.domain.errors import BundleRefused
from risk_service.models.bundle import verify_bundle
from risk_service.models.canonical import canonical_json
from risk_service.models.signature import load_trusted
from tests.fixtures.bundle_maker import SCHEMA, write_keys
from training.registry import sign_bundle

MODEL = "scalping.full.txt"


def refusal(release: Any, schema: Any = SCHEMA) -> BundleRefused:
    """Return the error that verification raises."""
    with pytest.raises(BundleRefused) as caught:
        verify_bundle(release.bundle, release.trusted, schema)
    return caught.value


def resign(release: Any) -> None:
    """Sign the directory as it now is: what an insider with the key could do."""
    path = release.bundle / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for name, entry in manifest["files"].items():
        data = (release.bundle / name).read_bytes()
        entry |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    path.write_bytes(canonical_json(manifest))
    sign_bundle(release.bundle, release.signing_key)


def edit_manifest(release: Any, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and sign it again."""
    path = release.bundle / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_bytes(canonical_json(manifest))
    sign_bundle(release.bundle, release.signing_key)


def test_a_sound_bundle_is_accepted(release: Any) -> None:
    """What the registry wrote and signed passes, and its version is the manifest's digest."""
    bundle = verify_bundle(release.bundle, release.trusted, SCHEMA)
    manifest = (release.bundle / "manifest.json").read_bytes()
    assert bundle.sha256 == hashlib.sha256(manifest).hexdigest()
    assert set(bundle.files) == set(os.listdir(release.bundle))


def overwrite(name: str, data: bytes) -> Callable[[Path], object]:
    """Return a change that replaces a file."""
    return lambda bundle: (bundle / name).write_bytes(data)


def truncate(name: str, by: int) -> Callable[[Path], object]:
    """Return a change that cuts the end of a file off."""
    return lambda bundle: (bundle / name).write_bytes((bundle / name).read_bytes()[:-by])


def link(name: str, target: str) -> Callable[[Path], object]:
    """Return a change that puts a symbolic link in a file's place."""

    def change(bundle: Path) -> None:
        (bundle / name).unlink()
        (bundle / name).symlink_to(target)

    return change


def duplicate_golden(bundle: Path) -> None:
    """Change one byte of the golden vectors, keeping the length."""
    data = (bundle / "golden.json").read_bytes()
    (bundle / "golden.json").write_bytes(data[:-2] + b" \n")


def pipe(bundle: Path) -> None:
    """Put a named pipe in a file's place: opening it must not wait for a writer."""
    (bundle / MODEL).unlink()
    os.mkfifo(bundle / MODEL)


# name of the case: change to the directory, check that refuses, file named
OUTSIDE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "tampered model": (overwrite(MODEL, b"tree\n"), "size", MODEL),
    "same length, other bytes": (duplicate_golden, "digest", "golden.json"),
    "truncated model": (truncate(MODEL, 100), "size", MODEL),
    "truncated golden": (truncate("golden.json", 1), "size", "golden.json"),
    "tampered manifest": (truncate("manifest.json", 1), "signature", "manifest.json"),
    "empty manifest": (overwrite("manifest.json", b""), "signature", "manifest.json"),
    "unsigned": (lambda b: (b / "manifest.sig").unlink(), "signature", "manifest.sig"),
    "truncated signature": (truncate("manifest.sig", 1), "signature", "manifest.sig"),
    "signature that is no signature": (
        overwrite("manifest.sig", b'{"key_id": 1}'),
        "signature",
        "manifest.sig",
    ),
    "no manifest": (lambda b: (b / "manifest.json").unlink(), "files", "manifest.json"),
    "extra file": (overwrite("extra.txt", b"x"), "files", "extra.txt"),
    "extra hidden file": (overwrite(".hidden", b"x"), "directory", "'.hidden'"),
    "extra folder": (lambda b: (b / "folder").mkdir(), "files", "folder"),
    "missing model": (lambda b: (b / MODEL).unlink(), "files", MODEL),
    "link out of the bundle": (link(MODEL, "/etc/hostname"), "files", MODEL),
    "link in place of the manifest": (
        link("manifest.json", "/etc/hostname"),
        "files",
        "manifest.json",
    ),
    "named pipe": (pipe, "files", MODEL),
    "huge manifest": (
        lambda b: os.truncate(b / "manifest.json", 3 * 1024**2),
        "size",
        "manifest.json",
    ),
    "huge sparse model": (lambda b: os.truncate(b / MODEL, 1 << 40), "size", MODEL),
    "too many files": (
        lambda b: [(b / f"x{n}").touch() for n in range(40)],
        "directory",
        "",
    ),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_a_spoiled_directory_is_refused(release: Any, case: str) -> None:
    """Changes made without the signing key are refused by the check meant for them."""
    change, check, file = OUTSIDE[case]
    change(release.bundle)
    error = refusal(release)
    assert (error.check, error.file) == (check, file)
    assert f"check '{check}'" in str(error)
    assert file in str(error)


def test_a_missing_directory_is_refused(release: Any) -> None:
    """A bundle that is not there is a refusal, not a crash."""
    assert refusal(replace(release, bundle=release.bundle / "nowhere")).check == "directory"


def test_a_foreign_key_is_refused(release: Any, tmp_path: Path) -> None:
    """A bundle signed by somebody else's key is refused, and the key id is told."""
    _, public = write_keys(tmp_path / "others")
    error = refusal(replace(release, trusted=load_trusted([public])))
    assert (error.check, error.file) == ("signature", "manifest.sig")
    assert re.search(r"unknown key [0-9a-f]{16}", str(error))


def test_a_signature_over_other_bytes_is_refused(release: Any, tmp_path: Path) -> None:
    """The claimed key id alone proves nothing."""
    private, _ = write_keys(tmp_path / "others")
    theirs = (release.bundle / "manifest.sig").read_text()
    sign_bundle(release.bundle, private)
    forged = json.loads((release.bundle / "manifest.sig").read_text())
    forged["key_id"] = json.loads(theirs)["key_id"]
    (release.bundle / "manifest.sig").write_bytes(canonical_json(forged))
    assert refusal(release).file == "manifest.json"


def test_the_signature_is_checked_before_anything_is_parsed(
    release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No parser sees a byte of a manifest that nobody vouches for."""
    calls: list[str] = []
    monkeypatch.setattr("json.loads", lambda *_: calls.append("json"))
    monkeypatch.setattr(
        "risk_service.models.manifest.Manifest.model_validate_json",
        lambda *_: calls.append("pydantic"),
    )
    (release.bundle / "manifest.json").write_bytes(b"{" * 100_000)
    assert refusal(release).check == "signature"
    assert calls == []


def set_in(*path: str, to: object) -> Callable[[dict[str, Any]], object]:
    """Return a change of one value of the manifest."""

    def change(manifest: dict[str, Any]) -> None:
        for key in path[:-1]:
            manifest = manifest[key]
        manifest[path[-1]] = to

    return change


SCALPING = ("models", "scalping", "full")
MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "other format": (set_in("format", to=2), "manifest"),
    "format as text": (set_in("format", to="1"), "manifest"),
    "unknown field": (set_in("extra", to=1), "manifest"),
    "other schema version": (set_in("schema_version", to="fs1-ffffffffffff"), "schema"),
    "path out of the bundle": (set_in(*SCALPING, "file", to="../../etc/passwd"), "manifest"),
    "absolute path": (set_in(*SCALPING, "file", to="/etc/passwd"), "manifest"),
    "name with a newline": (set_in(*SCALPING, "file", to="a.txt\n"), "manifest"),
    "file of another model": (set_in(*SCALPING, "file", to="refund.full.txt"), "manifest"),
    "the manifest as a model": (set_in(*SCALPING, "file", to="manifest.json"), "manifest"),
    "missing abuse": (lambda m: m["models"].pop("refund"), "manifest"),
    "missing variant": (lambda m: m["models"]["refund"].pop("order_only"), "manifest"),
    "unknown abuse": (lambda m: m["models"].update(other=m["models"]["refund"]), "manifest"),
    "unknown action": (set_in(*SCALPING, "thresholds", to={"explode": 1.0}), "manifest"),
    "falling anchors": (set_in(*SCALPING, "anchors", to=[[0.0, 10.0], [1.0, 5.0]]), "manifest"),
    "anchor over 1000": (set_in(*SCALPING, "anchors", to=[[0.0, 1001.0]]), "manifest"),
    "no anchors": (set_in(*SCALPING, "anchors", to=[]), "manifest"),
    "falling calibration": (
        set_in(*SCALPING, "calibration", to={"kind": "platt", "knots": [[-1.0, 0.0]]}),
        "manifest",
    ),
    "unknown calibration": (
        set_in(*SCALPING, "calibration", to={"kind": "beta", "knots": [[1.0, 0.0]]}),
        "manifest",
    ),
    "other anchors": (set_in(*SCALPING, "anchors", to=[[0.0, 0.0]]), "golden"),
    "other feature order": (lambda m: m["features"].reverse(), "manifest"),
    "feature that needs history": (
        lambda m: [
            part["order_only"].update(features=part["full"]["features"])
            for part in m["models"].values()
        ],
        "schema",
    ),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_signed_manifest_that_makes_no_sense_is_refused(release: Any, case: str) -> None:
    """A signature vouches for the sender, not for the content."""
    change, check = MANIFESTS[case]
    edit_manifest(release, change)
    assert refusal(release).check == check


@pytest.mark.parametrize(
    "spell",
    [
        lambda data: data.replace(b'"format":1', b'"format":1,"format":1'),
        lambda data: data.replace(b'"format":1', b'"format": 1'),
        lambda data: data.replace(b'"pr_auc":0.5', b'"pr_auc":NaN'),
        lambda data: b"[" * 100_000,
    ],
    ids=["duplicate key", "white space", "NaN", "deep nesting"],
)
def test_a_signed_manifest_in_another_spelling_is_refused(
    release: Any, spell: Callable[[bytes], bytes]
) -> None:
    """One content has one spelling; what two parsers could read differently is refused."""
    path = release.bundle / "manifest.json"
    path.write_bytes(spell(path.read_bytes()))
    sign_bundle(release.bundle, release.signing_key)
    assert refusal(release).check == "manifest"


def test_features_other_than_the_services_are_refused(release: Any) -> None:
    """The same version with other names is refused too."""
    other = replace(SCHEMA, names=(*SCHEMA.names[:-1], "account__other"))
    assert refusal(release, other).check == "schema"


def test_a_signed_model_with_a_nan_leaf_is_refused(release: Any) -> None:
    """The strict reader stands between a signed file and the C library."""
    path = release.bundle / MODEL
    text = path.read_text()
    path.write_text(re.sub(r"leaf_value=\S+", "leaf_value=nan", text, count=1))
    resize_first_tree(path, text)
    resign(release)
    error = refusal(release)
    assert (error.check, error.file) == ("model text", MODEL)
    assert "tree 0: leaf_value" in str(error)


def resize_first_tree(path: Path, before: str) -> None:
    """Make ``tree_sizes`` fit the edited first tree."""
    text = path.read_text()
    sizes = re.search(r"tree_sizes=(\d+)", text)
    assert sizes is not None
    size = int(sizes[1]) + len(text) - len(before)
    path.write_text(text.replace(sizes[0], f"tree_sizes={size}", 1))


def test_a_signed_model_with_another_leaf_is_refused_by_the_golden_vectors(release: Any) -> None:
    """A leaf moved in a late digit is seen, because golden vectors compare bits."""
    path = release.bundle / MODEL
    text = path.read_text()
    first = re.search(r"leaf_value=(\S+)", text)
    assert first is not None
    last = "1" if first[1][-3] != "1" else "2"
    changed = first[0][:-3] + last + first[0][-2:]
    spoiled = text.replace(first[0], changed, 1)
    path.write_text(spoiled)
    resign(release)
    error = refusal(release)
    assert (error.check, error.file) == ("golden", MODEL)
    assert "raw differs" in str(error)
