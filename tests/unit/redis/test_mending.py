"""However many keys a group has, those that hold no value are found a few at a time."""

import random
from collections.abc import Iterator, Sequence

import pytest

from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.layout import VALUE_HEAD
from risk_service.adapters.redis.mending import AT_ONCE, GONE, set_aside
from risk_service.adapters.redis.node import Reply
from risk_service.adapters.redis.scripts import plain_key
from risk_service.adapters.redis.trips import groups_of
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.window_replay import START_US, random_windows

GROUPS = groups_of(compile_windows(random_windows(random.Random(3))), "w")
UNREADABLE = VALUE_HEAD.pack(START_US, 0, 4) + b"\xc1" * 4 + bytes(8)


class Servers(Cluster):
    """Answers in the place of servers, as ``mend.lua`` does, for a while.

    Parameters
    ----------
    values
        What keys hold: a value that cannot be read, or nothing at all.
    runs
        After so many pipelines nobody answers any more.
    """

    def __init__(self, values: dict[bytes, bytes], runs: int) -> None:
        self.sizes: list[int] = []
        self._values = values
        self._runs = runs

    def run(  # type: ignore[override]  # no more of it is asked for
        self, keys: Sequence[bytes], commands: Sequence[bytes]
    ) -> Iterator[tuple[int, Reply]]:
        """Yield what there is, or that it is gone where its head was named."""
        if not keys:
            return
        if len(self.sizes) == self._runs:
            raise StoreUnavailable("nobody answers")
        self.sizes.append(len(keys))
        for place, (key, one) in enumerate(zip(keys, commands, strict=True)):
            value = self._values.get(key)
            is_named = value is not None and value[: VALUE_HEAD.size] in one
            yield place, GONE if is_named else value


def wires(count: int) -> list[bytes]:
    """Return keys of the first group, as the wire has them."""
    return [GROUPS[0].key(f"account{number}") for number in range(count)]


def test_a_large_group_is_looked_at_in_parts() -> None:
    """Each part has the wait of a call for itself, and none waits for what others say."""
    keys = wires(5 * AT_ONCE // 2)
    last = plain_key(keys[-1])
    servers = Servers({last: UNREADABLE}, runs=4)
    assert list(set_aside(servers, GROUPS, [*keys, *keys])) == [last]
    assert servers.sizes == [AT_ONCE, AT_ONCE, AT_ONCE // 2, 1]


def test_what_was_found_first_goes_although_the_rest_is_not_looked_at() -> None:
    """A record that cannot be read is gone before later keys are asked for."""
    keys = wires(2 * AT_ONCE)
    found = set_aside(Servers({plain_key(keys[0]): UNREADABLE}, runs=2), GROUPS, keys)
    assert next(found) == plain_key(keys[0])
    with pytest.raises(StoreUnavailable, match="nobody"):
        next(found)
