"""The registry writes bundles that verify, whole or not at all, and the same twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.models.bundle import verify_bundle
from risk_service.models.signature import load_trusted
from tests.fixtures.bundle_maker import SCHEMA, content, signed_bundle, trained, write_keys
from training.registry import sign_bundle, write_bundle


def spoiled(**changes: object) -> dict[Abuse, object]:
    """Return the models of a sound bundle with the refund models changed."""
    models = dict(content().models)
    part = models[Abuse.REFUND]
    models[Abuse.REFUND] = part | {"full": replace(part["full"], **changes)}  # type: ignore[arg-type] # fields of any type
    return models


def test_what_is_written_and_signed_verifies(tmp_path: Path) -> None:
    """Writer and verifier agree on the format."""
    private, public = write_keys(tmp_path)
    bundle = signed_bundle(tmp_path / "bundle", private)
    assert verify_bundle(bundle, load_trusted([public]), SCHEMA).manifest.metrics == {
        "scalping": {"pr_auc": 0.5}
    }


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs of one training differ in nothing, signature included."""
    private, _ = write_keys(tmp_path)
    first, second = (signed_bundle(tmp_path / name, private) for name in ("a", "b"))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A directory that holds something is left alone."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine").write_text("x")
    with pytest.raises(ConfigFault, match="not empty"):
        write_bundle(tmp_path / "bundle", content())
    assert (tmp_path / "bundle" / "mine").read_text() == "x"


@pytest.mark.parametrize(
    "change",
    [
        {"text": "tree\n"},
        {"text": trained(Abuse.REFUND, "full").text.replace("sigmoid:1", "sigmoid:2")},
        {"features": SCHEMA.names[::-1]},
        {"anchors": ((0.0, 5.0), (1.0, 2.0))},
        {"thresholds": {"deny": float("nan")}},
        {"thresholds": {"explode": 1.0}},
    ],
)
def test_a_model_that_serving_would_refuse_is_not_written(
    tmp_path: Path, change: dict[str, object]
) -> None:
    """The fault shows in training, with the file's name, and leaves nothing behind."""
    with pytest.raises(BundleRefused, match=r"refund\.full\.txt"):
        write_bundle(tmp_path / "bundle", content(models=spoiled(**change)))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_abuse_is_not_written(tmp_path: Path) -> None:
    """A bundle answers for all abuses."""
    models = dict(content().models)
    del models[Abuse.BRUSHING]
    with pytest.raises(BundleRefused, match="every abuse"):
        write_bundle(tmp_path / "bundle", content(models=models))


@pytest.mark.parametrize("shape", [(3, 4), (0, 9), (257, 9), (9,)])
def test_golden_rows_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Golden vectors are at least one row of the schema's width."""
    with pytest.raises(BundleRefused, match="golden"):
        write_bundle(tmp_path / "bundle", content(golden_rows=np.zeros(shape)))


def test_an_infinite_golden_row_is_refused(tmp_path: Path) -> None:
    """The vector builder makes no infinities, so a golden row has none."""
    with pytest.raises(BundleRefused, match="infinity"):
        write_bundle(tmp_path / "bundle", content(golden_rows=np.full((1, 9), np.inf)))


def test_features_outside_the_schema_are_refused(tmp_path: Path) -> None:
    """A model may take a part of the schema's features and no others."""
    with pytest.raises(BundleRefused, match="the schema has not"):
        write_bundle(
            tmp_path / "bundle", content(features=SCHEMA.names[:-1], golden_rows=np.zeros((1, 8)))
        )


def test_signing_needs_a_manifest_and_a_key(tmp_path: Path) -> None:
    """What cannot be signed is told by its path."""
    private, public = write_keys(tmp_path / "keys")
    with pytest.raises(ConfigFault, match="no manifest"):
        sign_bundle(tmp_path, private)
    with pytest.raises(ConfigFault, match=r"signing\.pub: not an unencrypted private key"):
        sign_bundle(tmp_path, public)
