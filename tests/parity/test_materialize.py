"""Materialisation: steps forward only, writes what is new, and can be trusted half way."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from risk_service.adapters.feast_layout.manifest import load_manifest, save_manifest
from risk_service.domain.errors import ConfigFault
from risk_service.features.schema import load_schema
from tests.parity.conftest import EPOCH, World, midnight
from tests.unit.frames.random_world import random_orders, write_warehouse
from training.frames.build import build_views
from training.frames.materialize import manifest_path, materialize


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the history of a few orders."""
    warehouse = tmp_path_factory.mktemp("small")
    write_warehouse(random_orders(seed=2, count=300, days=20, pool=12), warehouse)
    build_views(warehouse)
    return warehouse


def content(online: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all views."""
    with sqlite3.connect(online) as connection:
        found = {
            view.name: connection.execute(
                f'SELECT entity_key, feature_name, value, event_ts FROM "promoguard_{view.name}" '  # noqa: S608 (own names)
                "ORDER BY 1, 2"
            ).fetchall()
            for view in load_schema().views.values()
        }
    connection.close()
    return found


def test_steps_equal_one_leap(small: Path, tmp_path: Path) -> None:
    """Going forward in three steps fills the store as one step does."""
    for day in (5, 6, 15):
        materialize(small, midnight(day), tmp_path / "steps" / "online.db")
    materialize(small, midnight(15), tmp_path / "leap" / "online.db")
    assert content(tmp_path / "steps" / "online.db") == content(tmp_path / "leap" / "online.db")


def test_second_call_writes_newer_rows_only(small: Path, tmp_path: Path) -> None:
    """What lies before the last materialisation is not written again."""
    online = tmp_path / "online.db"
    materialize(small, midnight(5), online)
    with sqlite3.connect(online) as connection:
        connection.execute('DELETE FROM "promoguard_account_daily"')
    connection.close()
    materialize(small, midnight(6), online)
    stamps = {row[3] for row in content(online)["account_daily"]}
    assert stamps == {int(midnight(6).timestamp())}


def test_manifest_names_the_time(small: Path, tmp_path: Path) -> None:
    """serving.json says up to when the store is filled; the same time again is no fault."""
    online = tmp_path / "online.db"
    for _ in range(2):
        materialize(small, midnight(5), online)
        manifest = load_manifest(manifest_path(online))
        assert EPOCH + timedelta(microseconds=manifest.materialized_until_us) == midnight(5)


def test_no_step_back(small: Path, tmp_path: Path) -> None:
    """A store that knows later days cannot be made to forget them."""
    online = tmp_path / "online.db"
    materialize(small, midnight(6), online)
    with pytest.raises(ConfigFault, match="later than"):
        materialize(small, midnight(5), online)


def test_half_filled_store_is_filled_again(small: Path, tmp_path: Path) -> None:
    """Without a manifest the store may be anything: it is filled from the start."""
    online = tmp_path / "online.db"
    materialize(small, midnight(5), online)
    before = content(online)
    manifest_path(online).unlink()
    with sqlite3.connect(online) as connection:
        connection.execute('DELETE FROM "promoguard_ip_daily"')
    connection.close()
    materialize(small, midnight(5), online)
    assert content(online) == before


def test_removed_store_is_filled_again(small: Path, tmp_path: Path) -> None:
    """A store removed to go back is filled from the start, whatever its manifest says."""
    online = tmp_path / "online.db"
    materialize(small, midnight(5), online)
    before = content(online)
    online.unlink()
    materialize(small, midnight(5), online)
    assert content(online) == before


def test_another_schema_is_refused(small: Path, tmp_path: Path) -> None:
    """A store of another schema is not continued."""
    online = tmp_path / "online.db"
    manifest = materialize(small, midnight(5), online)
    other = manifest.model_copy(update={"schema_version": "fs1-000000000000"})
    save_manifest(other, manifest_path(online))
    with pytest.raises(ConfigFault, match="build and materialise the features again"):
        materialize(small, midnight(6), online)


def test_world_is_large_enough(world: World) -> None:
    """The suite's world has history for every view."""
    for view in load_schema().views.values():
        assert (world.warehouse / "features" / f"{view.name}.parquet").stat().st_size > 10_000
