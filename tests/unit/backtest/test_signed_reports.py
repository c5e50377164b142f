"""Reports that ``risk backtest`` signs, so that governance may believe them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from risk_service.cli.keys import create_keys
from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.governance.backtests import report_of, unvouched
from risk_service.models.signature import load_trusted
from tests.fixtures.backtested_shop import run
from training.cli.backtest import backtest


def test_a_signed_report_is_vouched_for(shop: Path, tmp_path: Path) -> None:
    """The signature lies beside the file, and goes when the file is written without one."""
    create_keys(tmp_path / "keys")
    key = tmp_path / "keys" / "signing.key"
    out = tmp_path / "night.json"
    run("amount > 5", "--data", shop, "--label", "fraud", "--json", out, "--sign", key)
    signature = (tmp_path / "night.json.sig").read_text()
    trusted = load_trusted([tmp_path / "keys" / "signing.pub"])
    report = report_of(out.read_bytes(), signature)
    assert unvouched(report, trusted) == ""
    assert (report.events_read, report.events_flagged) == (6, 2)
    assert "not what key" in unvouched(replace(report, events_flagged=1), trusted)
    out.write_text(out.read_text().replace('"share_flagged"', '"share_flagged" '))
    assert "not what key" in unvouched(report_of(out.read_bytes(), signature), trusted)
    run("amount > 500", "--data", shop, "--label", "fraud", "--json", out)
    assert not (tmp_path / "night.json.sig").exists()


def test_data_changed_since_the_import_is_not_vouched_for(shop: Path, tmp_path: Path) -> None:
    """A report names its data by the description: it must be of the files that this describes."""
    create_keys(tmp_path / "keys")
    out, key = tmp_path / "b.json", tmp_path / "keys" / "signing.key"
    table = pq.read_table(shop / "labels.parquet")
    turned = pc.subtract(pa.scalar(1, pa.int8()), table["value"])
    place = table.schema.get_field_index("value")
    pq.write_table(table.set_column(place, "value", turned), shop / "labels.parquet")
    with pytest.raises(DataFault, match=r"labels\.parquet: was changed since the import"):
        run("amount > 5", "--data", shop, "--label", "fraud", "--json", out, "--sign", key)
    assert not out.exists()


def test_signing_needs_a_file_and_a_key(shop: Path, tmp_path: Path) -> None:
    """Both are looked at before any work is done."""
    result = CliRunner().invoke(
        backtest, ["amount > 5", "--data", str(shop), "--sign", str(tmp_path / "no.key")]
    )
    assert "--sign signs the file of --json" in result.output
    listing = ["--variables", "--data", str(shop), "--json", str(tmp_path / "b.json")]
    result = CliRunner().invoke(backtest, [*listing, "--sign", str(tmp_path / "no.key")])
    assert "--sign vouches for a backtest; --variables only lists" in result.output
    assert not (tmp_path / "b.json").exists()
    with pytest.raises(ConfigFault, match=r"no\.key: cannot be read"):
        run(
            "amount > 5",
            "--data",
            shop,
            "--json",
            tmp_path / "b.json",
            "--sign",
            tmp_path / "no.key",
        )
    assert not (tmp_path / "b.json").exists()
