"""What commands share that speak to a running service: its address, the token, the errors."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from risk_service.cli.language import spoken
from risk_service.cli.output import refused, tell
from risk_service.cli.remote_words import RemoteWords
from risk_service.client.admin import AdminClient
from risk_service.client.channel import ClientOptions
from risk_service.client.errors import (
    AccessRefused,
    CallTimedOut,
    ClientError,
    InvalidRequest,
    ServiceFailure,
    ServiceOverloaded,
    ServiceUnavailable,
)
from risk_service.client.limits import LimitClient

# `risk lists add` sends one entry: who typed it knows of no number.
ONLY_ENTRY = "entries[1]."
DEFAULT_SERVER = "127.0.0.1:50051"
Command = Callable[..., None]


def limit_option(
    most: int = 500, default: int = 20, told: str = "Show at most this many."
) -> Callable[[Command], Command]:
    """Return ``--limit``: how many rows of something are shown."""
    return click.option(
        "--limit", type=click.IntRange(1, most), default=default, show_default=True, help=told
    )


def remote(command: Command) -> Command:
    """Give a command ``service`` and ``as_json``, from the options that all of them have."""
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

    @wraps(command)
    def run(server: str, token: str, lang: str, **values: Any) -> None:
        command(service=Remote(server, token, lang), **values)

    return server(token(spoken(as_json(run))))


class Remote:
    """Calls the service; an error of it ends the command with one clear line.

    Parameters
    ----------
    server, token
        As the options have it.
    lang
        In which language the command speaks.

    Attributes
    ----------
    say
        The words of that language.
    """

    def __init__(self, server: str, token: str, lang: str = "en") -> None:
        self._server = server
        self.lang = lang
        self.say = RemoteWords(lang)
        try:
            self._options = ClientOptions(token=token)
        except ValueError as error:
            raise refused(str(error)) from error

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Return the answer to a call."""
        return self.using(lambda client: client.call(method, **values))

    def using(self, work: Callable[[AdminClient], dict[str, Any]]) -> dict[str, Any]:
        """Return what some work with the client comes to."""
        told = told_in_one_line(self._server, self.lang)
        with told, AdminClient(self._server, self._options) as client:
            return work(client)

    def limits(self, method: str, **values: Any) -> dict[str, Any]:
        """Return the answer of the limit service."""
        told = told_in_one_line(self._server, self.lang)
        with told, LimitClient(self._server, self._options) as client:
            return client.call(method, **values)


@contextmanager
def told_in_one_line(server: str, lang: str) -> Iterator[None]:
    """End the command with one clear line where the client raises an error of its own."""
    say = RemoteWords(lang)
    try:
        yield
    except ServiceFailure as error:
        raise refused(_of_service(error, server, say)) from error
    except AccessRefused as error:
        # Who has a token that is not enough is told so, and not to give one.
        lacks = error.status == "UNAUTHENTICATED"
        hint = f"\n{say('give_token')}" if lacks else ""
        raise refused(f"{_said(error, lang)}{hint}") from error
    except InvalidRequest as error:
        # The violations say it all, one line each.
        is_chinese = lang == "zh"
        lines = [
            # With the colon of editors in both languages: the field may be a place in a file.
            f"{one.field.removeprefix(ONLY_ENTRY)}: "
            f"{(is_chinese and one.description_zh) or one.description}"
            for one in error.violations
        ]
        raise refused("\n".join(lines) or str(error)) from error
    except (ClientError, ValueError) as error:
        raise refused(_said(error, lang)) from error


def _of_service(error: ServiceFailure, server: str, say: RemoteWords) -> str:
    """Return what a person can do about a call that the service did not do."""
    if isinstance(error, ServiceUnavailable):
        said = _said(error, say.language)
        # gRPC's word for it, whichever side refuses the other's certificate.
        key = "no_tls" if "handshake" in said.lower() else "unreachable"
        return say("answered" if error.answered else key, server, said)
    if isinstance(error, CallTimedOut):
        return say("timed_out", server)
    if isinstance(error, ServiceOverloaded):
        return say("full", server)
    if error.status == "UNIMPLEMENTED":
        return say("not_there", server)
    return say("failed", server, error)


def _said(error: Exception, lang: str) -> str:
    told = error.message_zh if isinstance(error, ClientError) and lang == "zh" else ""
    return told or str(error)


def moment(text: str) -> str:
    """Return a time of a message as people read it; all of them are in UTC."""
    return f"{text[:10]} {text[11:19]} UTC"


def told_or_none(rows: Iterable[dict[str, Any]], say: RemoteWords) -> Iterator[dict[str, Any]]:
    """Pass rows on; say so where there are none, for silence reads like a fault."""
    found = False
    for row in rows:
        found = True
        yield row
    if not found:
        tell(say("none"))
