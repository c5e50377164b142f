"""``risk demo``: the whole way in one command."""

import json
import signal
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training.cli.tables import tables_out
from training.demo.run import DemoResult, DemoSettings, Steps, Streaming, prepare_demo
from training.demo.server import DemoServer, ServerFiles
from training.demo.show import show
from training.simulate.settings import BASES

PIPED_WIDTH = 100


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--once", is_flag=True, help="Exit after the figures instead of serving on.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write figures.")
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=Path("build/demo"),
    show_default=True,
    help="Directory for everything; emptied first.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of the world.")
@click.option("--days", type=int, default=300, show_default=True, help="Days of trade.")
@click.option("--orders", type=int, default=100_000, show_default=True, help="Orders in all.")
@click.option(
    "--base", type=click.Choice(BASES), default="online_retail", show_default=True, help="Baskets."
)
@click.option(
    "--stream-days", type=click.IntRange(1, 30), default=7, show_default=True, help="Days to score."
)
@click.option(
    "--in-flight", type=click.IntRange(1, 256), default=16, show_default=True, help="Callers."
)
@click.option("--port", type=int, default=0, help="Port of the service; 0 chooses a free one.")
def demo(once: bool, json_file: Path | None, **choices: Any) -> None:
    """Run the whole way: world, features, training, serving, orders, figures.

    Example: risk demo --once --json out.json
    """
    signal.signal(signal.SIGTERM, interrupt)
    settings = DemoSettings(**choices)
    out = tables_out(PIPED_WIDTH)
    console = Console(stderr=True)
    files, steps = _prepare(settings, console)
    with DemoServer(files, replay_from=settings.stream_start.isoformat(), port=settings.port) as up:
        console.print(f"risk serve is ready on {up.address} after {up.ready_s:.1f} s")
        result = _stream(settings, steps, up, console)
        show(out, result.figures)
        _say_times(console, result)
        if json_file is not None:
            json_file.write_text(json.dumps(result.as_json(), indent=2, ensure_ascii=False) + "\n")
        if not once:
            _serve_on(out, up, files)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C: the default of SIGTERM would leave the server running without us."""
    raise KeyboardInterrupt


def _prepare(settings: DemoSettings, console: Console) -> tuple[ServerFiles, Steps]:
    columns = (TextColumn("{task.description:<44}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None)
        return prepare_demo(settings, lambda step: bar.update(task, description=step))


def _stream(
    settings: DemoSettings, steps: Steps, server: DemoServer, console: Console
) -> DemoResult:
    columns = (TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("stream orders", total=None)
        steps.tell = lambda step: bar.update(task, description=step)
        streaming = Streaming(
            settings=settings,
            steps=steps,
            on_start=lambda total: bar.update(task, total=total),
            on_answer=lambda: bar.advance(task),
        )
        figures = streaming.run(server)
    return DemoResult(
        report=settings.work / "run" / "report.html",
        figures=figures,
        seconds=steps.seconds,
        ready_s=server.ready_s,
    )


def _say_times(console: Console, result: DemoResult) -> None:
    parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in result.seconds.items())
    console.print(f"time: {parts}")
    console.print(f"training report: {result.report}")


def _serve_on(out: Console, server: DemoServer, files: ServerFiles) -> None:
    out.print(
        f"\nServing on {server.address} until you press Ctrl-C. Call it from Python:\n\n"
        f"  from risk_service.client import RiskClient\n"
        f'  client = RiskClient("{server.address}")\n'
        "  answer = client.score_order(order, request_id)   # docs/client.md has a whole order\n\n"
        f"Decisions are kept in {files.state}, the log in {files.log}.",
        markup=False,
    )
    try:
        server.wait()
    except KeyboardInterrupt:
        out.print("stopping")
