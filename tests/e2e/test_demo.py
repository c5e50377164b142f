"""The main job in one command, on a small world."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

DAY_US = 86_400_000_000
STREAM_DAYS = 2


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """Run ``risk demo --once`` as a user would; return its work folder, figures and words."""
    work = tmp_path_factory.mktemp("demo")
    figures = work / "out.json"
    command = [sys.executable, "-m", "risk_service.cli", "demo", "--once", "--json", str(figures)]
    command += ["--work", str(work / "work"), "--orders", "30000", "--days", "300"]
    command += ["--stream-days", str(STREAM_DAYS)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"TZ": "UTC"}
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return work / "work", json.loads(figures.read_text()), run.stdout


def test_every_order_of_the_last_days_got_a_full_decision(
    ran: tuple[Path, dict[str, Any], str],
) -> None:
    """What was streamed is what the world holds of those days; no answer was degraded."""
    work, result, _ = ran
    times = pq.read_table(work / "world" / "orders.parquet", columns=["ordered_at"])
    at_us = times.column("ordered_at").cast("int64").to_numpy()
    last_midnight_us = (int(at_us.max()) // DAY_US + 1) * DAY_US
    streamed = int((at_us >= last_midnight_us - STREAM_DAYS * DAY_US).sum())
    figures = result["figures"]
    assert figures["orders"] == streamed > 0
    assert figures["modes"] == {"FULL": streamed}
    assert sum(figures["outcomes"].values()) == streamed
    assert figures["fallbacks"] == 0
    assert result["replayed"] == {"decisions": streamed, "same": streamed}
    assert figures["events_accepted"] > streamed
    # Orders that were placed before the service began are known from the backfill.
    assert figures["events_refused"] == {}


def test_figures_are_held_against_the_truth(ran: tuple[Path, dict[str, Any], str]) -> None:
    """Each abuse has its orders and false positives; honest and abusive orders add up."""
    figures = ran[1]["figures"]
    abusive = sum(row["orders"] for row in figures["abuses"])
    assert [row["abuse"] for row in figures["abuses"]] == ["scalping", "brushing", "refund"]
    others = figures["honest_orders"] + figures["camouflage_orders"]
    assert abusive + others == figures["orders"]
    assert figures["honest_stopped"] < 0.2 * figures["honest_orders"]


def test_tables_can_be_read(ran: tuple[Path, dict[str, Any], str]) -> None:
    """The terminal shows outcomes, abuses in both languages, and latency."""
    words = ran[2]
    for expected in ("Outcomes", "ALLOW", "黄牛", "p50 / p99", "client fallbacks", "回放"):
        assert expected in words
