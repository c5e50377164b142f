"""Calls taken from gRPC's core: a real server and real clients, what arrives and what leaves."""

import asyncio
import gc
import re
from collections.abc import Callable
from functools import partial
from typing import cast

import grpc
import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.rpc.calls import NO_MESSAGE, Call, CallSource, Method, _tag
from tests.fixtures.served_calls import MESSAGE_BYTES_MAX, echo, served, until


async def test_a_call_is_answered_with_its_own_message() -> None:
    """However many are on their way, nobody gets another's answer."""
    async with served(B=Method(start=echo)) as channel:
        ask = channel.unary_unary("/a/B")
        answers = await asyncio.gather(*[ask(b"%d" % i) for i in range(500)])
    assert answers == [b"<%d>" % i for i in range(500)]


async def test_a_call_knows_its_metadata_and_how_long_it_has() -> None:
    """For ever and a day where the caller named no deadline."""
    calls: list[tuple[float, dict[str, str | bytes]]] = []

    def note(call: Call) -> None:
        calls.append((call.time_remaining(), dict(call.metadata)))
        call.answer(b"")

    async with served(B=Method(start=note)) as channel:
        ask = channel.unary_unary("/a/B")
        await ask(b"", metadata=(("who", "me"),))
        await ask(b"", timeout=30.0)
    (forever, metadata), (some, _) = calls
    assert forever > 1e18
    assert 20.0 < some < 40.0
    assert metadata["who"] == "me"


async def test_a_refusal_brings_code_words_and_details() -> None:
    """Binary details and words beyond ASCII arrive as they were sent."""
    refuse: Callable[[Call], None] = lambda call: call.refuse(  # noqa: E731
        grpc.StatusCode.NOT_FOUND, "没有 50 %", (("x-bin", b"\x00\xff"),)
    )
    async with served(B=Method(start=refuse)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/a/B")(b"")
    assert (caught.value.code(), caught.value.details()) == (
        grpc.StatusCode.NOT_FOUND,
        "没有 50 %",
    )
    assert dict(caught.value.trailing_metadata() or ())["x-bin"] == b"\x00\xff"


async def test_the_first_answer_is_the_answer() -> None:
    """A second one is for nobody."""

    def twice(call: Call) -> None:
        call.answer(b"1")
        call.answer(b"2")
        call.refuse(grpc.StatusCode.INTERNAL, "", ())

    async with served(B=Method(start=twice)) as channel:
        assert await channel.unary_unary("/a/B")(b"") == b"1"


async def test_a_caller_who_leaves_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever handles the call is told once; an answer to him goes nowhere and harms nobody."""
    calls, left = [], []

    def keep(call: Call) -> None:
        call.on_leave(partial(left.append, call))
        calls.append(call)

    async with served(B=Method(start=keep), C=Method(start=echo)) as channel:
        asking = channel.unary_unary("/a/B")(b"")
        await until(lambda: calls)
        asking.cancel()
        await until(lambda: left)
        calls[0].answer(b"")
        late = []
        calls[0].on_leave(partial(late.append, 1))
        assert await channel.unary_unary("/a/C")(b"x") == b"<x>"
    assert (left, late, caplog.records) == (calls, [1], [])


async def test_a_caller_whose_time_is_over_has_left() -> None:
    """The deadline ends the call without any word of the caller."""
    begun, left = [], []

    def keep(call: Call) -> None:
        begun.append(call)
        call.on_leave(partial(left.append, call))

    async with served(B=Method(start=keep)) as channel:
        time_s = 0.25
        while not begun:  # on a busy machine a short time may be over before the call is here
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary("/a/B")(b"", timeout=time_s)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            time_s *= 2
        await until(lambda: left == begun)


async def test_a_stream_is_read_message_by_message() -> None:
    """None is its end; the next is asked for only when it is wanted."""
    tasks = []

    async def count(call: Call) -> None:
        sizes = []
        while (message := await call.read()) is not None:
            sizes.append(len(message))
        call.answer(repr(sizes).encode())

    start: Callable[[Call], None] = lambda call: tasks.append(  # noqa: E731
        asyncio.ensure_future(count(call))
    )
    async with served(B=Method(start=start, is_stream=True)) as channel:
        ask = channel.stream_unary("/a/B")
        assert await ask(iter([b"1", b"", b"333"])) == b"[1, 0, 3]"
        assert await ask(iter([])) == b"[]"


async def test_a_stream_whose_caller_leaves_has_no_end() -> None:
    """What waits for a message is cancelled, each time: half a stream never passes for a whole."""
    read, ends = [], []

    async def listen(call: Call) -> None:
        try:
            while (message := await call.read()) is not None:
                read.append(message)
            ends.append("end")
        except asyncio.CancelledError:
            ends.append("left")

    tasks = []
    start: Callable[[Call], None] = lambda call: tasks.append(  # noqa: E731
        asyncio.ensure_future(listen(call))
    )
    async with served(B=Method(start=start, is_stream=True)) as channel:
        for count in range(1, 51):
            sending = channel.stream_unary("/a/B")()
            await sending.write(b"1")
            await until(lambda count=count: len(read) == count)  # type: ignore[misc]  # bound now
            sending.cancel()
        await until(lambda: len(ends) == 50)
    assert set(ends) == {"left"}


async def test_a_call_without_a_message_is_told_so() -> None:
    """A client may end its side before it has sent anything."""
    async with served(B=Method(start=echo)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.stream_unary("/a/B")(iter([]))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == NO_MESSAGE


async def test_a_call_whose_caller_left_leaves_nothing_for_the_collector() -> None:
    """A service collects rarely: a call and its task that kept each other would pile up."""
    tasks: set[asyncio.Task[None]] = set()

    async def listen(call: Call) -> None:
        await call.read()

    def start(call: Call) -> None:
        task = asyncio.get_running_loop().create_task(listen(call))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        call.on_leave(task.cancel)

    gc.collect()
    gc.disable()
    try:
        async with served(B=Method(start=start, is_stream=True)) as channel:
            for _ in range(10):
                sending = channel.stream_unary("/a/B")()
                await until(lambda: tasks)
                sending.cancel()
                await until(lambda: not tasks)
            # The core lets go of a call a moment after its end.
            for _ in range(100):
                if not _calls_alive():
                    break
                await asyncio.sleep(0.05)
            assert _calls_alive() == 0
    finally:
        gc.enable()


def _calls_alive() -> int:
    return sum(isinstance(one, Call) for one in gc.get_objects())


async def test_a_message_beyond_the_limit_is_refused() -> None:
    """By the core, before anything is handled."""
    async with served(B=Method(start=echo)) as channel:
        ask = channel.unary_unary("/a/B")
        assert len(await ask(b"x" * MESSAGE_BYTES_MAX)) == MESSAGE_BYTES_MAX + 2
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(b"x" * (MESSAGE_BYTES_MAX + 1))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_method_that_is_not_there_is_unimplemented() -> None:
    """What is not ours the library answers."""
    async with served(B=Method(start=echo)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/a/Other")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_one_that_fails_to_start_keeps_nobody_else_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug in one handler is logged, and those behind it in the inbox are handled."""

    def fail(_: Call) -> None:
        raise ZeroDivisionError

    async with served(B=Method(start=fail), C=Method(start=echo)) as channel:
        lost = channel.unary_unary("/a/B")(b"")
        assert await channel.unary_unary("/a/C")(b"x") == b"<x>"
        await until(lambda: caplog.records)
        lost.cancel()
    assert {one.message for one in caplog.records} == {"call_not_handled"}


def test_a_version_that_keeps_its_core_elsewhere_is_named() -> None:
    """At the start, with the remedy, and not by a call that nobody answers."""
    with pytest.raises(ConfigFault, match=re.escape(f"grpcio {grpc.__version__} keeps")):
        CallSource(cast("grpc.Server", object()), {}, calls_max=1, turn_away=echo)


def test_an_error_never_ends_the_polling_thread(caplog: pytest.LogCaptureFixture) -> None:
    """It would take the whole server with it: it is logged, and the thread goes on."""
    assert _tag(lambda event: event.no_such_thing)(None) == (None, ())
    assert [one.message for one in caplog.records] == ["event_not_taken"]
