"""Write a world to disk: Parquet with fixed options, ``dataset.toml``, the truth apart.

The same world gives the same bytes: no wall clock, no host name, fixed writer options.
Everything is written to a directory beside the target first and renamed at the end.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from risk_service.domain.errors import ConfigFault
from training.simulate import baseline, kinds
from training.simulate.actions import promotion_actions
from training.simulate.aftermath import labels_of, life_events
from training.simulate.arrays import stream
from training.simulate.columns import COLUMNS
from training.simulate.settings import WorldSettings
from training.simulate.tables import Renderer
from training.simulate.world import Progress, World, live
from training.words import fault

ROW_GROUP = 131_072


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written: rows and sha256 of every file, and where the truth lies."""

    out: Path
    truth: Path
    rows: dict[str, int]
    sha256: dict[str, str]


def simulate(
    settings: WorldSettings, out: Path, truth: Path | None = None, progress: Progress | None = None
) -> Written:
    """Build a world and write it to ``out``, its truth to ``truth`` or ``<out>.truth``.

    Raises
    ------
    ConfigFault
        A target exists already and is not an empty directory, or cannot be written to.
    """
    told = progress or _silent
    truth = truth if truth is not None else out.with_name(out.name + ".truth")
    _refuse_nesting(out, truth)
    drafts = [_draft(target) for target in (out, truth)]
    try:
        world = live(settings, told)
        written = _write(settings, world, drafts[0], drafts[1], told)
        for draft, target in zip(drafts, (out, truth), strict=True):
            if target.exists():
                target.rmdir()
            draft.rename(target)
    finally:
        for draft in drafts:
            shutil.rmtree(draft, ignore_errors=True)
    return Written(out=out, truth=truth, rows=written[0], sha256=written[1])


def _silent(what: str, share: float) -> None:
    """Tell nobody."""


def _refuse_nesting(out: Path, truth: Path) -> None:
    inside = (out.resolve(), truth.resolve())
    if inside[1].is_relative_to(inside[0]) or inside[0].is_relative_to(inside[1]):
        raise ConfigFault(fault("truth_apart", path=truth))


def _draft(target: Path) -> Path:
    """Return a fresh directory beside the target."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigFault(fault("not_empty_directory", path=target))
    draft = target.with_name(f".{target.name}.draft-{os.getpid()}")
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise ConfigFault(fault("cannot_write", path=target, error=error.strerror)) from error
    return draft


def _write(
    settings: WorldSettings, world: World, out: Path, truth: Path, told: Progress
) -> tuple[dict[str, int], dict[str, str]]:
    renderer, seed = Renderer(world), settings.seed
    events = life_events(renderer.orders, renderer.money["payable"], stream(seed, "events"))
    registered = world.registry.registered_us()
    actions = promotion_actions(renderer.orders, registered, stream(seed, "actions"))
    labels_rng = stream(seed, "labels")
    labels = [labels_of(i, renderer.orders, labels_rng) for i in range(len(kinds.ABUSES))]
    makers: list[tuple[str, Callable[[], pa.Table]]] = [
        ("orders", renderer.order_table),
        ("lines", renderer.line_table),
        ("events", lambda: renderer.event_table(events)),
        ("actions", lambda: renderer.action_table(actions)),
        ("accounts", renderer.account_table),
        ("campaigns", renderer.campaign_table),
        ("labels", lambda: renderer.label_table(labels)),
    ]
    rows: dict[str, int] = {}
    sha256: dict[str, str] = {}
    for step, (name, make) in enumerate(makers):
        told(f"writing {name}", step / len(makers))
        rows[name], sha256[name] = _parquet(make(), out / f"{name}.parquet")
    _parquet(renderer.truth_table(), truth / "truth.parquet")
    (out / "dataset.toml").write_text(_description(settings, rows, sha256), encoding="utf-8")
    told("written", 1.0)
    return rows, sha256


def _parquet(table: pa.Table, path: Path) -> tuple[int, str]:
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        row_group_size=ROW_GROUP,
        version="2.6",
        data_page_version="1.0",
        store_schema=False,
        write_statistics=True,
    )
    digest = hashlib.sha256()
    with path.open("rb") as stored:
        while block := stored.read(1 << 20):
            digest.update(block)
    return table.num_rows, digest.hexdigest()


def _stamp(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _description(settings: WorldSettings, rows: dict[str, int], sha256: dict[str, str]) -> str:
    """Return ``dataset.toml``: what the files are, never who in them is guilty."""
    lines = [
        "format = 1",
        f'name = "world-{settings.base}-{settings.seed}"',
        'kind = "promotion"',
        f'base = "{settings.base}"',
        f"seed = {settings.seed}",
        f"days = {settings.days}",
        f"start = {_stamp(settings.start_us)}",
        f"end = {_stamp(settings.end_us)}",
        f'currency = "{settings.currency}"',
        f'baseline_policy = "{baseline.NAME}"',
    ]
    for name, count in rows.items():
        lines += ["", f"[files.{name}]", f'path = "{name}.parquet"', f"rows = {count}"]
        lines.append(f'sha256 = "{sha256[name]}"')
    for abuse, maturity in zip(kinds.ABUSES, kinds.MATURITY_DAYS, strict=True):
        lines += ["", f"[labels.{abuse}]", f"maturity_days = {maturity}"]
        lines += ['values = { 1 = "abuse found", 0 = "nothing found until maturity" }']
    for name, columns in COLUMNS.items():
        lines += ["", f"[columns.{name}]"]
        lines += [f'{column} = "{meaning}"' for column, meaning in columns.items()]
    return "\n".join(lines) + "\n"
