"""Reads strace output: a decision must be synced before the bytes of its answer are sent."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

STRACE = ("strace", "-f", "-yy", "-s", "65536", "-e")
CALLS = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendmsg,sendto"
SYNCS = ("fsync", "fdatasync")
SENDS = ("write", "writev", "sendmsg", "sendto")
LINE = re.compile(
    r"^(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<call>\w+)\()(?P<rest>.*)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One system call: the lines of the trace where it began and where it returned."""

    name: str
    arguments: str
    began: int
    returned: int
    succeeded: bool


def calls(trace: str) -> Iterator[Call]:
    """Yield the system calls that returned, in the order in which they did."""
    unfinished: dict[str, tuple[int, str]] = {}
    for at, line in enumerate(trace.splitlines()):
        match = LINE.match(line)
        if match is None:  # signals and exits
            continue
        thread, rest = match["thread"], match["rest"]
        if rest.endswith("<unfinished ...>"):
            unfinished[thread] = (at, rest)
            continue
        began, arguments = unfinished.pop(thread, (at, "")) if match["resumed"] else (at, "")
        yield Call(
            name=match["resumed"] or match["call"],
            arguments=arguments + rest,
            began=began,
            returned=at,
            succeeded=not re.search(r"= -1 E\w+ ", rest),
        )


def faults(trace: str, decisions: Sequence[tuple[str, str]]) -> list[str]:
    """Return what speaks against "written, synced, and only then sent", per decision.

    Parameters
    ----------
    decisions
        Decision id and request id of each. A record has them side by side, so that the end of
        a page, where the log is written in two calls, cuts one of them at most.
    """
    every = list(calls(trace))
    return [fault for ids in decisions if (fault := _fault(every, ids)) is not None]


def _fault(every: Sequence[Call], ids: tuple[str, str]) -> str | None:
    key = ids[0]
    writes = [
        c
        for c in every
        if c.name.startswith("pwrite") and _is_wal(c) and any(one in c.arguments for one in ids)
    ]
    sends = [c for c in every if c.name in SENDS and key in c.arguments and _is_socket(c)]
    if not writes or not sends:
        return f"{key}: {len(writes)} writes to the log and {len(sends)} answers in the trace"
    written, sent = writes[0].returned, sends[0].began
    synced = [
        c
        for c in every
        if c.name in SYNCS
        and c.succeeded
        and _is_wal(c)
        and written < c.began
        and c.returned < sent
    ]
    return None if synced else f"{key}: sent without a sync of the log after its write"


def _is_wal(call: Call) -> bool:
    return "-wal>" in call.arguments


def _is_socket(call: Call) -> bool:
    return "<TCP" in call.arguments
