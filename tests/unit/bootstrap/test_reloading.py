"""A signal to load a file again works as long as the service runs, whatever the file was."""

import asyncio
import logging
from pathlib import Path

import pytest

from risk_service.bootstrap import beside, bundles
from risk_service.bootstrap.beside import start_beside
from risk_service.config import Settings
from risk_service.domain.errors import BundleRefused
from risk_service.models.last_good import Loaded
from risk_service.telemetry import Metrics


async def test_a_bug_over_one_bundle_does_not_end_reloading(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The next signal is heard; else only a restart would bring the next bundle."""
    monkeypatch.setattr(beside, "AFTER_A_FAULT_S", 0.0)
    reload, heard = asyncio.Event(), asyncio.Event()
    faults: list[Exception] = [BundleRefused("digest", "", "another one"), ZeroDivisionError()]

    def verified(_settings: Settings) -> Loaded:
        reload.set()
        if not faults:
            heard.set()
        raise faults.pop() if faults else BundleRefused("digest", "", "refused")

    monkeypatch.setattr(bundles, "_verified", verified)
    settings = Settings(
        bundle=tmp_path, trust=(tmp_path,), identity_key=tmp_path, features=tmp_path, state=tmp_path
    )
    reload.set()
    with caplog.at_level(logging.ERROR):
        (task,) = start_beside(
            bundles.reload_on_signal(settings, Metrics(), lambda _scorer: None, reload)
        )
        await asyncio.wait_for(heard.wait(), 10.0)
    task.cancel()
    await asyncio.wait((task,))
    assert [one.message for one in caplog.records][:2] == ["bundle_not_reloaded", "bundle_refused"]
