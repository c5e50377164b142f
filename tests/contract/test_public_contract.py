"""The public contract: generated code, compatibility, and the page that describes it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from tests.contract import api_docs, proto_drift

BUF = str(Path(sys.executable).parent / "buf")
PROTO = proto_drift.ROOT / "proto"


def buf(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run buf and return what it said."""
    return subprocess.run([BUF, *arguments], capture_output=True, text=True, check=False)


def breaks(source: Path) -> str:
    """Return what buf holds against a contract, empty when nothing."""
    done = buf("breaking", str(source), "--against", str(PROTO / "baseline.binpb"))
    return done.stdout + done.stderr if done.returncode else ""


def test_committed_code_is_what_proto_generates() -> None:
    """Nobody edited the generated code, and nobody forgot to generate it."""
    assert proto_drift.drift() == []


def test_contract_is_lint_clean() -> None:
    """The contract follows buf's standard rules."""
    done = buf("lint", str(PROTO))
    assert done.returncode == 0, done.stdout


def test_contract_breaks_no_caller() -> None:
    """Callers of the baseline contract can go on unchanged."""
    assert breaks(PROTO) == ""


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("order.proto", "string device_id = 4;", "int64 device_id = 4;"),
        ("order.proto", "string ip = 7;", "string ip = 77;"),
        ("order.proto", "string member_level = 3;", ""),
        ("limits.proto", "rpc Reconcile(ReconcileRequest) returns (ReconcileResponse);", ""),
    ],
)
def test_breaking_change_is_noticed(tmp_path: Path, file: str, before: str, after: str) -> None:
    """A changed type or number of a field is told by the comparison, and what is gone."""
    copy = tmp_path / "proto"
    shutil.copytree(PROTO, copy)
    changed = copy / "risk" / "v1" / file
    text = changed.read_text()
    assert before in text
    changed.write_text(text.replace(before, after))
    assert file in breaks(copy)


def test_baseline_knows_every_file() -> None:
    """What is not in the baseline could be taken away unnoticed."""
    image = descriptor_pb2.FileDescriptorSet.FromString((PROTO / "baseline.binpb").read_bytes())
    known = {one.name for one in image.file}
    assert {str(one.relative_to(PROTO)) for one in PROTO.rglob("*.proto")} <= known


def test_page_shows_the_table_in_force() -> None:
    """docs/api.md says what the service checks; run `python -m tests.contract.api_docs`."""
    page = api_docs.PAGE.read_text("utf-8")
    assert page == api_docs.with_tables(page)
