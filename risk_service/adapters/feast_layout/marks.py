"""Marks that tell whether a Redis still has what was materialised into it.

Feast writes nothing that says so: a server that lost its memory looks like one in which nobody
has a history, and every customer like a new one. So materialisation ends with some marks, which
lie in different slots and so on different nodes of a cluster, and every trip to the store asks
for them.
"""

from collections.abc import Sequence

from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import Reply, pack
from risk_service.domain.errors import StoreUnavailable

COUNT = 16


def mark_keys(project: str) -> list[bytes]:
    """Return the keys of the marks."""
    return [f"promoguard:{project}:materialized:{number}".encode() for number in range(COUNT)]


def questions(keys: Sequence[bytes]) -> list[bytes]:
    """Return the commands that ask for marks."""
    return [pack("GET", key) for key in keys]


def check(reply: Reply, materialized_until_us: int) -> None:
    """Refuse a store that lost what was written up to a time, or went back behind it.

    Raises
    ------
    StoreUnavailable
        The mark is missing or older.
    """
    if not _reaches(reply, materialized_until_us):
        raise StoreUnavailable("the online store has lost history; materialise the features again")


def all_there(cluster: Cluster, project: str, materialized_until_us: int) -> bool:
    """Tell whether a store has all that was written up to a time.

    Raises
    ------
    StoreUnavailable
        A server did not answer.
    """
    keys = mark_keys(project)
    replies = list(cluster.run(keys, questions(keys)))
    return all(_reaches(reply, materialized_until_us) for _, reply in replies)


def write_marks(cluster: Cluster, project: str, materialized_until_us: int) -> None:
    """Say up to when the store is filled.

    Raises
    ------
    StoreUnavailable
        A server did not take it.
    """
    keys = mark_keys(project)
    for _ in cluster.run(keys, [pack("SET", key, materialized_until_us) for key in keys]):
        pass


def _reaches(reply: Reply, materialized_until_us: int) -> bool:
    return isinstance(reply, bytes) and reply.isdigit() and int(reply) >= materialized_until_us
