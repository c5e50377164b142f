"""Who is turned away when as many calls are open as may be."""

import asyncio
from collections import Counter

import grpc
import pytest

from risk_service.rpc.calls import Call, Method
from tests.fixtures.served_calls import CALLS_MAX, echo, served, until


async def test_calls_whose_message_never_comes_give_way() -> None:
    """The oldest of them makes room; whoever sends his message at once is answered all the time."""
    async with served(B=Method(start=echo)) as channel:
        ask = channel.unary_unary("/a/B")
        silent = [channel.stream_unary("/a/B")() for _ in range(CALLS_MAX + 50)]
        await until(lambda: sum(one.done() for one in silent) == 50)
        for _ in range(20):
            assert await ask(b"x") == b"<x>"
        await until(lambda: sum(one.done() for one in silent) >= 51)
        codes = {await one.code() for one in silent if one.done()}
        assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        await silent[-1].write(b"at last")
        await silent[-1].done_writing()
        assert await silent[-1] == b"<at last>"
        for one in silent:
            one.cancel()


async def test_calls_that_are_being_handled_do_not_give_way() -> None:
    """Who comes when all that there is room for are in hand is turned away, and not later on."""
    calls: list[Call] = []
    async with served(B=Method(start=calls.append)) as channel:
        ask = channel.unary_unary("/a/B")
        waiting = [ask(b"x") for _ in range(CALLS_MAX)]
        await until(lambda: len(calls) == CALLS_MAX)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(b"x")
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for call in calls:
            call.answer(b"")
        assert set(await asyncio.gather(*waiting)) == {b""}
        calls.clear()
        late = ask(b"x")
        await until(lambda: calls)
        calls[0].answer(b"late")
        assert await late == b"late"


async def test_who_is_turned_away_reads_why() -> None:
    """Each of a burst: the core ends none as CANCELLED before it has reached us."""
    calls: list[Call] = []
    async with served(B=Method(start=calls.append)) as channel:
        ask = channel.unary_unary("/a/B")
        waiting = [ask(b"x") for _ in range(CALLS_MAX)]
        await until(lambda: len(calls) == CALLS_MAX)
        turned_away = [ask(b"x") for _ in range(5000)]
        codes = Counter([await one.code() for one in turned_away])
        for call in calls:
            call.answer(b"")
        await asyncio.gather(*waiting)
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED: 5000}
