"""The ``risk`` command: serving commands here, offline commands joined by entry point.

A command's module is imported only when the command runs, so ``risk --help`` stays fast
and serving never imports the training stack.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import click

from risk_service.cli.chosen import LANGUAGES, language_of, speak
from risk_service.cli.examples import with_examples
from risk_service.cli.help.spoken import SpokenContext, misuse_told, with_spoken_help
from risk_service.cli.output import escape_what_cannot_be_written
from risk_service.domain.errors import ConfigFault, RiskError
from risk_service.domain.shown import shown
from risk_service.domain.text import LocalizedText

# The newer listener hands every event of a connection to a pool of threads; the older one reads
# in the thread that polls, with fewer context switches per call (docs/adr/0080).
GRPC_EXPERIMENTS = "-event_engine_listener"
SERVING_COMMANDS = {
    "actors": "risk_service.cli.actors:actors",
    "audit": "risk_service.cli.audit:audit",
    "decisions": "risk_service.cli.decisions:decisions",
    "limits": "risk_service.cli.limits:limits",
    "lists": "risk_service.cli.lists:lists",
    "explain": "risk_service.cli.explain:explain",
    "replay": "risk_service.cli.replay:replay",
    "serve": "risk_service.cli.serve:serve",
    "keys": "risk_service.cli.keys:keys",
    "person": "risk_service.cli.person:person",
    "rules": "risk_service.cli.rules:rules",
}


class LazyGroup(click.Group):
    """Group whose commands are named by ``module:attribute`` and imported when used."""

    context_class = SpokenContext

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Read the command line; what is wrong with it is told in the language of the command."""
        with misuse_told():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; of those below as well, what is wrong is told in their language."""
        with misuse_told():
            return super().invoke(ctx)

    @property
    def summaries(self) -> Mapping[str, str]:
        """What each command does in one line, by its name."""
        return SUMMARIES

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(_targets())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is none of that name."""
        target = _targets().get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if _is_ours(error.name or "") or target in SERVING_COMMANDS.values():
                raise
            raise ConfigFault(_lacks(cmd_name, str(error.name))) from error
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a click command")
        return with_spoken_help(with_examples(command))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of a misspelt one, tell which ones are called alike."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # Click looks among commands that are imported already, of which there are none here.
            alike = self.list_commands(ctx)
            raise click.NoSuchCommand(error.command_name, possibilities=alike, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names with their one-line help, from the table: no command is imported."""
        rows = [(name, self.summaries.get(name, "")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


SUMMARIES = {
    "backtest": "Show what a rule would have flagged in the past, and how it splits.",
    "actors": "Manage who may call the service, and what they may do.",
    "audit": "Show who changed what: the audit trail.",
    "dataset": "Import your own events; turn raw data sets into tokenised ones.",
    "decisions": "Find stored decisions: which were flagged, and what decided them.",
    "demo": "Run the whole pipeline: world, features, training, serving, orders.",
    "evaluate": "Measure a trained run on data that it was not trained on.",
    "explain": "Print how one decision came about.",
    "flash-sale": "Run a drop under attack and show whom its units reach.",
    "features": "Build, apply and materialise the Feast features.",
    "keys": "Create the keys for identity tokens and bundle signatures.",
    "limits": "Check and publish purchase limits, look at what is used.",
    "lists": "Show and change allow, deny and grey lists.",
    "live": "Fill the live windows and clusters of a new service with history.",
    "person": "Print what is kept of one person.",
    "replay": "Decide stored decisions again and compare, bit by bit.",
    "rules": "Check, try and compare rule files.",
    "serve": "Serve decisions over gRPC.",
    "simulate": "Write a synthetic promotion world with attackers in it.",
    "train": "Train the three models of a world, or one on your own events.",
}


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("risk_service", "training", "feature_repo")


def _lacks(command: str, package: str) -> LocalizedText:
    """Return what to say of an offline command on a machine that has only what serving needs."""
    install = "pip install -c constraints.txt '.[training]'"
    return LocalizedText(
        en=f"risk {command} needs {package}, which is not installed: in the clone run {install}",
        zh=f"risk {command} 需要 {package}，但尚未安装：请在克隆目录中运行 {install}",
    )


def _targets() -> dict[str, str]:
    joined = {point.name: point.value for point in entry_points(group="promoguard.commands")}
    return SERVING_COMMANDS | joined


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="promoguard")
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    # Read before ``--help``, which then speaks it.
    is_eager=True,
    expose_value=False,
    callback=speak,
    help="Language of the output; RISK_LANG sets it for all commands.",
)
def risk() -> None:
    """Anti-fraud decisions for promotion orders.

    Example: risk demo --once --json out.json
    """


def main() -> None:
    """Run the command; an error of ours ends it with one clear line and exit code 1.

    So does a file that cannot be read or written: its name and the system's words say it.
    """
    # Feast sets this in any process that imports it. A server started from there would
    # inherit it and keep every metric in a memory-mapped file, at several times the cost.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    # Read when grpc is imported, so before any command is; a value from outside stands.
    os.environ.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)
    escape_what_cannot_be_written()
    try:
        risk(standalone_mode=True)
    except RiskError as error:
        raise SystemExit(_told(str(error), error.zh)) from error
    except OSError as error:
        if error.filename is None:
            raise
        words = f"{error.filename}: {error.strerror}"
        raise SystemExit(_told(words, words)) from error


def _told(en: str, zh: str) -> str:
    """Return an error as click begins it, in the language of the command.

    Of commands without ``--lang`` as well: RISK_LANG, or ``risk --lang zh``, is for all.
    """
    if language_of(None) == "zh" and zh:
        return f"错误：{shown(zh)}"
    return f"Error: {shown(en)}"
