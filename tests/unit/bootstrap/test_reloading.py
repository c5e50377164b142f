"""A signal to load a file again works as long as the service runs, whatever the file was."""

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from risk_service.bootstrap import bundles, tasks
from risk_service.bootstrap.bundles import reload_on_signal
from risk_service.bootstrap.tasks import start_tasks
from risk_service.config import Settings
from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.models.last_good import Loaded
from risk_service.telemetry import Metrics

MANIFEST = SimpleNamespace(schema_version="fs1")
REFUSED = BundleRefused("digest", "manifest.json", "is not what was signed")


async def test_a_bug_over_one_bundle_does_not_end_reloading(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The next signal is heard; else only a restart would bring the next bundle."""
    monkeypatch.setattr(tasks, "AFTER_A_FAULT_S", 0.0)
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
        (task,) = start_tasks(
            bundles.reload_on_signal(settings, Metrics(), lambda _scorer: None, reload)
        )
        await asyncio.wait_for(heard.wait(), 10.0)
    task.cancel()
    await asyncio.wait((task,))
    assert [one.message for one in caplog.records][:2] == ["bundle_not_reloaded", "bundle_refused"]


def loaded(scorer: str, refused: BundleRefused | None = None) -> Any:
    """Return what a bundle was loaded as; a refused one gives the last good one's models."""
    bundle = SimpleNamespace(sha256="ab", manifest=MANIFEST)
    return SimpleNamespace(scorer=scorer, refused=refused, bundle=bundle)


async def test_only_a_good_bundle_is_served_after_a_signal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong setting and refused bundles change nothing, and the next signal is heard."""
    found = [
        ConfigFault("trust: no key"), REFUSED, loaded("last good", REFUSED), loaded("next"),
    ]  # fmt: skip
    reload, heard, served = asyncio.Event(), asyncio.Event(), list[Any]()

    def verified(_: object) -> Any:
        one = found.pop(0)
        loop.call_soon_threadsafe(heard.set)
        if isinstance(one, Exception):
            raise one
        return one

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(bundles, "_verified", verified)
    task = asyncio.create_task(reload_on_signal(None, Metrics(), served.append, reload))  # type: ignore[arg-type]  # settings are not looked at
    while found:
        heard.clear()
        reload.set()
        await asyncio.wait_for(heard.wait(), 10.0)
    async with asyncio.timeout(10.0):
        while not served:  # noqa: ASYNC110  # it goes on after a thread
            await asyncio.sleep(0.001)
    task.cancel()
    assert served == ["next"]
    errors = [one.message for one in caplog.records if one.levelname == "ERROR"]
    assert errors == ["bundle_not_reloaded", "bundle_refused", "bundle_refused"]
