"""``risk features`` from a prepared warehouse to a store that can be read."""

from pathlib import Path

from click.testing import CliRunner

from risk_service.adapters.feast_layout.manifest import load_manifest
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.cli.main import risk
from risk_service.domain.errors import ConfigFault, DataFault
from tests.unit.frames.random_world import random_orders, write_warehouse


def test_build_apply_materialize(tmp_path: Path) -> None:
    """The three commands leave a store and a manifest that the reader opens."""
    orders = random_orders(seed=5, count=200, days=10, pool=8)
    write_warehouse(orders, tmp_path)
    runner = CliRunner()
    place = ["--warehouse", str(tmp_path)]
    until = ["--until", "2023-11-22T00:00:00Z"]
    for command in (["build", *place], ["apply", *place], ["materialize", *place, *until]):
        result = runner.invoke(risk, ["features", *command])
        assert result.exit_code == 0, result.output
    assert "7 views up to 2023-11-22T00:00:00Z" in result.output
    reader = FeastSqliteReader(load_manifest(tmp_path / "feast" / "serving.json"))
    assert reader.read(orders[:3], reader.materialized_until_us).values.shape[0] == 3
    reader.close()


def test_bad_time_is_refused(tmp_path: Path) -> None:
    """A time that is none is named."""
    arguments = ["features", "materialize", "--warehouse", str(tmp_path), "--until", "soon"]
    result = CliRunner().invoke(risk, arguments)
    assert isinstance(result.exception, ConfigFault)
    assert "'soon' is not a time" in str(result.exception)


def test_warehouse_without_history_is_refused(tmp_path: Path) -> None:
    """What has to run first is named, and no store is begun."""
    online = tmp_path / "online" / "online.db"
    arguments = ["features", "materialize", "--warehouse", str(tmp_path)]
    arguments += ["--until", "2023-11-22T00:00:00Z", "--online", str(online)]
    result = CliRunner().invoke(risk, arguments)
    assert isinstance(result.exception, DataFault)
    assert "risk features build" in str(result.exception)
    assert not online.exists()
