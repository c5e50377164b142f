"""``risk serve``: options in, ``bootstrap.run`` out."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from risk_service.bootstrap.serve import run
from risk_service.config import load_settings
from risk_service.logs import configure_logging


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path), help="Directory of the signed bundle.")
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Public key that bundles are signed with; may be given several times.",
)
@click.option("--identity-key", type=click.Path(path_type=Path), help="Key of identity tokens.")
@click.option(
    "--features", type=click.Path(path_type=Path), help="serving.json of the online store."
)
@click.option(
    "--models-optional/--models-required",
    default=None,
    help="Without a usable bundle decide by rules, lists and limits alone.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="State directory of the service.",
)
@click.option("--listen", help="host:port of gRPC; port 0 chooses a free one.")
@click.option(
    "--actors",
    type=click.Path(path_type=Path),
    help="File of the actors that may call; without it only this machine can call.",
)
@click.option(
    "--tls-certificate", type=click.Path(path_type=Path), help="PEM file; the port speaks TLS."
)
@click.option("--tls-key", type=click.Path(path_type=Path), help="PEM file of its private key.")
@click.option(
    "--tls-client-authority",
    type=click.Path(path_type=Path),
    help="PEM file of the authority whose certificates callers must then present.",
)
@click.option(
    "--windows", help="embedded (the default), or redis://host:port[,host:port] for shared windows."
)
@click.option(
    "--ledger", help="embedded (the default), or postgresql://user@host:port/database, shared."
)
@click.option(
    "--admission", help="redis://host:port[,host:port]: refuses early what a shared ledger would."
)
@click.option("--metrics-port", type=int, help="Port of Prometheus metrics, on the same host.")
@click.option(
    "--replay-from", help="RFC 3339 time: the clock follows the orders of a recorded world."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Form of the log lines.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with any setting.")
def serve(config: Path | None, trust: tuple[Path, ...], **options: object) -> None:
    """Serve decisions over gRPC until SIGTERM.

    Every setting may also stand in the file given by --config, or in the environment
    as RISK_<NAME>. SIGHUP loads the bundle and the actors again.

    Example: risk serve --bundle RUN/bundle --trust KEYS/signing.pub
        --identity-key KEYS/identity.key --features SERVING/serving.json --state state
    """
    settings = load_settings({**options, "trust": trust or None}, os.environ, config)
    _keep_standard_descriptors()
    configure_logging(as_json=settings.log_format == "json")
    try:
        run(settings, _say_ready)
    finally:
        _leave_unwritable()


def _say_ready(address: str, ready_s: float) -> None:
    # Whoever started it may not listen, or write it onto a full disk; the log says it too.
    with suppress(OSError):
        click.echo(f"ready in {ready_s:.1f} s on {address}")


def _keep_standard_descriptors() -> None:
    """Open those that are closed, or the next file has what libraries print written into it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _leave_unwritable() -> None:
    """Drop what can be written nowhere, or Python would end a clean stop with an error code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
