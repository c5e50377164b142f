"""What commands share that speak to a running service: its address, the token, the errors."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from risk_service.client.admin import AdminClient
from risk_service.client.channel import ClientOptions
from risk_service.client.errors import (
    AccessRefused,
    ClientError,
    InvalidRequest,
    ServiceUnavailable,
)

DEFAULT_SERVER = "127.0.0.1:50051"
Command = Callable[..., None]
limit_option = click.option(
    "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="So many at most."
)


def remote(command: Command) -> Command:
    """Give a command the options ``server``, ``token`` and ``as_json``."""
    server = click.option(
        "--server",
        envvar="RISK_SERVER",
        default=DEFAULT_SERVER,
        show_default=True,
        help="host:port of the service.",
    )
    token = click.option(
        "--token",
        envvar="RISK_TOKEN",
        default="",
        help="Your token, if the service knows actors; better given as RISK_TOKEN.",
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
    return server(token(as_json(command)))


class Remote:
    """Calls the service; an error of it ends the command with one clear line.

    Parameters
    ----------
    server, token
        As the options have it.
    lang
        In which language faults of rules and limits are told.
    """

    def __init__(self, server: str, token: str, lang: str = "en") -> None:
        self._server = server
        self._lang = lang
        try:
            self._options = ClientOptions(token=token)
        except ValueError as error:
            raise click.ClickException(str(error)) from error

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Return the answer to a call."""
        return self.using(lambda client: client.call(method, **values))

    def using(self, work: Callable[[AdminClient], dict[str, Any]]) -> dict[str, Any]:
        """Return what some work with the client comes to."""
        told = told_in_one_line(self._server, self._lang)
        with told, AdminClient(self._server, self._options) as client:
            return work(client)


@contextmanager
def told_in_one_line(server: str, lang: str = "en") -> Iterator[None]:
    """End the command with one clear line where the client raises an error of its own."""
    try:
        yield
    except ServiceUnavailable as error:
        words = f"{server}: {error}; is the service running? See --server"
        raise click.ClickException(words) from error
    except AccessRefused as error:
        raise click.ClickException(f"{error}\nGive your token as RISK_TOKEN.") from error
    except InvalidRequest as error:
        # The violations say it all, one line each.
        is_chinese = lang == "zh"
        lines = [
            f"{one.field}: {(is_chinese and one.description_zh) or one.description}"
            for one in error.violations
        ]
        raise click.ClickException("\n".join(lines) or str(error)) from error
    except (ClientError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def print_json(data: object) -> None:
    """Print data as JSON."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))
