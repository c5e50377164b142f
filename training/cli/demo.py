"""``risk demo``: the whole way in one command."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console

from risk_service.cli.language import spoken
from training.cli.bars import Bars
from training.cli.tables import tables_out
from training.cli.words import CommandWords
from training.demo.again import replayed
from training.demo.run import DemoResult, DemoSettings, Steps, Streaming, prepare_demo
from training.demo.server import DemoServer, ServerFiles
from training.demo.show import show
from training.progress import tallies
from training.simulate.settings import BASES

PIPED_WIDTH = 100
HOW_TO_CALL = """
Serving on {address} until you press Ctrl-C. 服务运行中，按 Ctrl-C 结束。
In another terminal 另开终端可执行:

  source .venv/bin/activate
  export RISK_SERVER={address}
  python -m training.demo.call {address} {time}   # one order 下一单
  risk decisions --state {state} --outcome REVIEW   # what waits for a person 待人工审核
  risk explain {decision} --lang zh   # how one came about 解释一个决策
  risk replay --state {state} --trust {trust}   # decide again 回放核对
  risk rules list --lang zh      # what ships 随附规则
  risk audit list                # who changed what 变更记录

Its clock follows the orders and stands at {time}: a later order moves it on, and
is answered on history that is old by then (mode STALE). 服务时钟跟随订单时间，请用上述时间下单。
The program is training/demo/call.py; docs/client.md has the rest of what checkout calls.
Decisions are kept in {state}, the log in {log}.
"""


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
@spoken
def demo(once: bool, json_file: Path | None, lang: str, **choices: Any) -> None:
    """Run the whole pipeline: world, features, training, serving, orders, figures.

    Example: risk demo --once --json out.json
    """
    signal.signal(signal.SIGTERM, interrupt)
    settings = DemoSettings(**choices)
    out = tables_out(PIPED_WIDTH)
    console = Console(stderr=True)
    say = CommandWords(lang)
    files, steps = _prepare(settings, console, say)
    with _serving(settings, (files, steps), console, say) as up:
        stage = _Stage(settings=settings, steps=steps, server=up, files=files)
        console.print(say("ready", up.address, up.ready_s))
        result = _stream(stage, console, say)
        show(out, result.figures, result.replayed)
        _say_times(console, result, say)
        if json_file is not None:
            json_file.write_text(json.dumps(result.as_json(), indent=2, ensure_ascii=False) + "\n")
        if not once:
            _serve_on(stage, out, result, say)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C: the default of SIGTERM would leave the server running without us."""
    raise KeyboardInterrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What the demo runs on once it is prepared."""

    settings: DemoSettings
    steps: Steps
    server: DemoServer
    files: ServerFiles


def _prepare(
    settings: DemoSettings, console: Console, say: CommandWords
) -> tuple[ServerFiles, Steps]:
    with Bars(one_line=True, console=console, lang=say.language) as bars:
        return prepare_demo(settings, bars.report)


@contextmanager
def _serving(
    settings: DemoSettings, prepared: tuple[ServerFiles, Steps], console: Console, say: CommandWords
) -> Iterator[DemoServer]:
    """Give the running service; how long its start takes is told beside the other steps."""
    files, steps = prepared
    server = DemoServer(files, replay_from=settings.stream_start.isoformat(), port=settings.port)
    with ExitStack() as stack:
        with Bars(one_line=True, console=console, lang=say.language) as bars:
            steps.tell = bars.report
            with steps.step("start the service"):
                stack.enter_context(server)
        yield server


def _stream(stage: _Stage, console: Console, say: CommandWords) -> DemoResult:
    settings, steps = stage.settings, stage.steps
    with Bars(one_line=True, console=console, lang=say.language) as bars:
        steps.tell = bars.report
        streaming = Streaming(
            settings=settings,
            steps=steps,
            tally=tallies(bars.report, "stream orders"),
        )
        figures = streaming.run(stage.server)
        with steps.step("decide again"):
            again = replayed(stage.files)
    return DemoResult(
        report=settings.work / "run" / "report.html",
        figures=figures,
        replayed=again,
        seconds=steps.seconds,
        ready_s=stage.server.ready_s,
    )


def _say_times(console: Console, result: DemoResult, say: CommandWords) -> None:
    console.print(say.spent(result.seconds, "seconds"), soft_wrap=True)
    console.print(say("training_report", result.report), soft_wrap=True)


def _serve_on(stage: _Stage, out: Console, result: DemoResult, say: CommandWords) -> None:
    server, files = stage.server, stage.files
    decision = next((one.decision_id for one in result.figures.examples), "DECISION_ID")
    text = HOW_TO_CALL.format(
        address=server.address,
        time=f"{stage.settings.world_end:%Y-%m-%dT%H:%M:%SZ}",
        decision=decision,
        state=files.state,
        trust=files.trust,
        log=files.log,
    )
    # Commands are copied: none of their lines may be broken.
    out.print(text, markup=False, highlight=False, soft_wrap=True)
    try:
        server.wait()
    except KeyboardInterrupt:
        out.print(say("stopping"))
