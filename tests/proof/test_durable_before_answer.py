"""System calls show that the log was synced before the bytes of the answer left."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from risk_service.client import ClientOptions, DecisionAnswer, RiskClient
from tests.bench.processes import cores, serving
from tests.bench.world import World, distinct_orders
from tests.proof.trace import CALLS, STRACE, Call, calls, faults

ORDERS = 120
BATCH = 20
PATIENT = ClientOptions(deadline_ms=30_000, batch_deadline_ms=30_000)

# The real command with one thing broken: the proof must notice.
WITHOUT_SYNC = """
from risk_service.adapters.sqlite import decisions
connect = decisions.connect
def careless(path, synchronous):
    database = connect(path, synchronous)
    database.execute("PRAGMA synchronous = OFF")
    return database
decisions.connect = careless
"""
ANSWER_FIRST = """
import asyncio
from risk_service.adapters.sqlite import decisions
commit = decisions.SqliteDecisionStore.commit
def later(self, records, reserved=None):
    asyncio.get_running_loop().call_later(0.5, commit, self, records, reserved)
decisions.SqliteDecisionStore.commit = later
"""
RUN = "from risk_service.cli.main import main\nmain()\n"


def traced_answers(
    world: World, command: Sequence[str], scratch: Path
) -> tuple[str, list[tuple[str, str]]]:
    """Serve under strace, score orders alone and in batches.

    Returns the trace, and decision and request id of each answer; no id is the beginning of
    another.
    """
    trace = scratch / "trace.txt"
    traced = [*STRACE, CALLS, "-o", str(trace), *command]
    orders = distinct_orders(world)[:ORDERS]
    with (
        serving(traced, scratch / "server.log", cores().server) as server,
        RiskClient(server.target, PATIENT) as client,
    ):
        answers = [client.score_order(order, f"one_{order.order_id}.") for order in orders[:BATCH]]
        for start in range(BATCH, ORDERS, BATCH):
            group = [(f"many_{order.order_id}.", order) for order in orders[start : start + BATCH]]
            answers += client.score_batch(group)  # type: ignore[arg-type]  # checked below
    decided = [answer for answer in answers if isinstance(answer, DecisionAnswer)]
    assert len(decided) == len(answers), answers
    ids = [(answer.decision_id, answer.message.request_id) for answer in decided]
    return trace.read_text(errors="replace"), ids


@pytest.mark.proof
def test_the_log_is_synced_before_the_answer_leaves(
    world: World, serve_command: list[str], tmp_path: Path
) -> None:
    """For each decision: written to the WAL, the sync returned, then the answer was sent."""
    trace, ids = traced_answers(world, serve_command, tmp_path)
    assert faults(trace, ids) == []


@pytest.mark.proof
@pytest.mark.parametrize("broken", [WITHOUT_SYNC, ANSWER_FIRST], ids=["no sync", "answer first"])
def test_the_proof_notices_a_server_that_answers_too_early(
    world: World, serve_options: list[str], tmp_path: Path, broken: str
) -> None:
    """A server without syncs, or one that commits later, fails the proof for every answer."""
    command = [sys.executable, "-c", broken + RUN, *serve_options]
    trace, ids = traced_answers(world, command, tmp_path)
    assert len(faults(trace, ids)) == len(ids)


WAL = "9</state/decisions.sqlite3-wal>"
GOOD = f"""\
11 pwrite64({WAL}, "..dec_1..", 4096, 32) = 4096
11 fdatasync({WAL} <unfinished ...>
12 sendmsg(7<TCP:[1->2]>, {{"dec_0"}}, 0) = 9
11 <... fdatasync resumed>) = 0
12 sendmsg(7<TCP:[1->2]>, {{"dec_1"}}, 0) = 9
12 +++ exited with 0 +++
"""


def test_an_interrupted_call_is_put_together() -> None:
    """The two lines of a call that others interrupted are one call."""
    assert list(calls(GOOD))[2] == Call(
        name="fdatasync",
        arguments=f"{WAL} <unfinished ...>) = 0",
        began=1,
        returned=3,
        succeeded=True,
    )


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        (GOOD, 0),
        (GOOD.replace("..dec_1..", "c_1.req_1."), 0),
        (GOOD.replace("resumed>) = 0", "resumed>) = -1 EIO (I/O error)"), 1),
        (GOOD.replace('{"dec_0"}', '{"dec_1"}'), 1),
        (GOOD.replace("fdatasync(9</state/decisions.sqlite3-wal>", "fdatasync(9</other>"), 1),
        (GOOD.replace("pwrite64", "pread64"), 1),
    ],
    ids=[
        "good",
        "cut by the end of a page",
        "sync failed",
        "sent during the sync",
        "another file",
        "never written",
    ],
)
def test_the_reading_of_a_trace(trace: str, expected: int) -> None:
    """Only a sync of the log that returned between write and answer counts."""
    assert len(faults(trace, [("dec_1", "req_1")])) == expected
