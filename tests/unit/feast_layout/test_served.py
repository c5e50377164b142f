"""The store in force is the one that serving.json names at the time of the read."""

import os
from pathlib import Path

import pytest

from risk_service.adapters import served_features
from risk_service.adapters.feast_layout.manifest import load_manifest, save_manifest
from risk_service.adapters.served_features import ServedFeatures
from risk_service.domain.errors import StoreUnavailable
from tests.fixtures.records import TOKENISER, raw_order
from tests.fixtures.service import make_online_store

DAY_US = 86_400_000_000
ORDER = TOKENISER.order(raw_order("o-1"))


def test_the_very_next_read_sees_a_replaced_manifest(tmp_path: Path) -> None:
    """Once materialisation is done no answer rests on the history of the day before."""
    manifest = make_online_store(tmp_path)
    opened: list[int] = []
    served = ServedFeatures(manifest, opened.append)
    first_us = served.read([], 0).materialized_until_us
    for day in range(1, 4):
        written = load_manifest(manifest)
        later_us = first_us + day * DAY_US
        save_manifest(written.model_copy(update={"materialized_until_us": later_us}), manifest)
        assert served.read([], 0).materialized_until_us == later_us
    assert opened == [first_us + day * DAY_US for day in range(4)]
    served.close()


def test_a_refused_manifest_leaves_the_store_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is no manifest is logged once; a store that is there again is found."""
    manifest = make_online_store(tmp_path)
    opened: list[int] = []
    served = ServedFeatures(manifest, opened.append)
    good = manifest.read_bytes()
    manifest.write_text("{")
    for _ in range(3):
        assert served.read([], 0).materialized_until_us > 0
    assert caplog.messages == ["features_not_reopened"]
    assert "serving.json" in caplog.records[0].error  # type: ignore[attr-defined]  # an extra
    assert len(opened) == 1
    replacement = tmp_path / "new.json"
    replacement.write_bytes(good)
    os.replace(replacement, manifest)
    assert served.read([], 0).materialized_until_us > 0
    assert len(opened) == 2
    assert len(caplog.messages) == 1
    served.close()


def test_a_store_that_is_put_in_the_place_of_a_damaged_one_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The open file stays the damaged one, whatever the name stands for by now."""
    monkeypatch.setattr(served_features, "TRY_AGAIN_EVERY_S", 0.0)
    manifest = make_online_store(tmp_path)
    store = tmp_path / "online.db"
    good = store.read_bytes()
    noise = tmp_path / "noise.db"
    noise.write_bytes(good[:100] + b"\xa5" * (len(good) - 100))
    os.replace(noise, store)
    served = ServedFeatures(manifest, lambda _: None)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            served.read([ORDER], 0)
    mended = tmp_path / "mended.db"
    mended.write_bytes(good)
    os.replace(mended, store)
    assert served.read([ORDER], 0).materialized_until_us > 0
    served.close()


def test_without_a_store_reads_are_refused(tmp_path: Path) -> None:
    """The absence of a store is said, not answered with zeros; it is found when it comes."""
    manifest = make_online_store(tmp_path)
    hidden = manifest.rename(tmp_path / "hidden.json")
    with pytest.raises(Exception, match="risk features materialize"):
        ServedFeatures(manifest, lambda _: None)
    hidden.rename(manifest)
    store = tmp_path / "online.db"
    away = store.rename(tmp_path / "away.db")
    served = ServedFeatures(manifest, lambda _: None)
    with pytest.raises(StoreUnavailable):
        served.read([], 0)
    away.rename(store)
    os.utime(manifest)
    assert served.read([], 0).materialized_until_us > 0
    served.close()
