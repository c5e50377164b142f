"""Times as options take them: a date, a time in UTC, or a time with its zone."""

from datetime import UTC
from typing import Any

import click

SECOND_US = 1_000_000
FOREVER_US = 2**62
_PARSED = click.DateTime(
    ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")
)


class Moment(click.ParamType[int]):
    """A time, as microseconds since 1970 UTC."""

    name = "time"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what stands for it in the help."""
        return "2026-03-01[T12:00:00[+08:00]]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return it; without a zone it is one in UTC."""
        if isinstance(value, int):  # the default
            return value
        moment = _PARSED.convert(value, param, ctx)
        in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return int(in_utc.timestamp()) * SECOND_US


MOMENT = Moment()
