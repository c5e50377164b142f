"""Sets aside values of Redis that are none of ours, so that their entities begin anew.

Something else wrote them: whatever the entity had is gone. As long as such a value stays, every
order that meets it would be without windows, and what else counts there would be lost with it.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from struct import Struct

from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.entity import Entity
from risk_service.adapters.redis.layout import STAMP, VALUE_HEAD
from risk_service.adapters.redis.node import Reply
from risk_service.adapters.redis.scripts import MEND, command, plain_key
from risk_service.adapters.redis.trips import Group
from risk_service.domain.errors import DataFault

_SIZE = Struct("<q")
GONE = 1
# Keys that are looked at in one wait: a group may have thousands, and their values come whole.
AT_ONCE = 64


def set_aside(cluster: Cluster, groups: Sequence[Group], wires: Sequence[bytes]) -> Iterator[bytes]:
    """Drop what some keys hold and is no value of an entity; yield each such key once it is gone.

    Parameters
    ----------
    wires
        The keys, as the wire has them; each is looked at.

    Raises
    ------
    StoreUnavailable
        Redis does not answer.
    """
    keys = list(dict.fromkeys(wires))
    for first in range(0, len(keys), AT_ONCE):
        yield from _set_aside(cluster, groups, keys[first : first + AT_ONCE])


def _set_aside(
    cluster: Cluster, groups: Sequence[Group], wires: Sequence[bytes]
) -> Iterator[bytes]:
    unread: dict[bytes, bytes] = {}
    for wire, reply in _asked(cluster, groups, dict.fromkeys(wires, b"")):
        if reply == GONE:
            yield plain_key(wire)
        elif isinstance(reply, bytes) and not _is_readable(_group_of(groups, wire), reply):
            unread[wire] = reply[: VALUE_HEAD.size]
    for wire, reply in _asked(cluster, groups, unread):
        if reply == GONE:
            yield plain_key(wire)


def _asked(
    cluster: Cluster, groups: Sequence[Group], heads: dict[bytes, bytes]
) -> Iterator[tuple[bytes, Reply]]:
    keys = [plain_key(wire) for wire in heads]
    commands = [
        command(MEND, [wire], _SIZE.pack(_group_of(groups, wire).layout.size) + head)
        for wire, head in heads.items()
    ]
    with closing(cluster.run(keys, commands)) as replies:
        wires = list(heads)
        for place, reply in replies:
            yield wires[place], reply


def _group_of(groups: Sequence[Group], wire: bytes) -> Group:
    key = plain_key(wire)
    return next(group for group in groups if key.startswith(group.prefix.encode()))


def _is_readable(group: Group, value: bytes) -> bool:
    try:
        Entity(group.layout, value[: -STAMP.size])
    except DataFault:
        return False
    return True
