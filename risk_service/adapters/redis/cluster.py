"""All servers behind one store: commands go to the node that holds their key.

A single server is a cluster of one node without slots. Every command names one key, so a
group of commands is one pipeline per node: all are sent before the first reply is read.
Commands that met a moved slot or a forgotten script are sent once more; all others have
been executed, and the caller's scripts must bear being sent twice.
"""

import time
from collections.abc import Sequence

from risk_service.adapters.redis.addresses import SLOTS, Address, Login, slot_of
from risk_service.adapters.redis.node import Node, Reply, is_error, pack
from risk_service.domain.errors import StoreUnavailable

# Slots may move while we follow them; more hops than this is no cluster at rest.
ROUNDS_MAX = 4
_NO_CLUSTER = "cluster support disabled"
_ASKING = pack("ASKING")


class Cluster:
    """Sends pipelines; learns by itself whether it talks to one server or to a cluster.

    Parameters
    ----------
    addresses
        The single server, or some nodes of the cluster.
    scripts
        Sources of the Lua scripts, loaded on every new connection.
    timeout_s
        Longest time of one ``run``, however many trips it takes. The look-up of a host
        name is the system's own and not bounded by it.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        scripts: Sequence[str],
        login: Login,
        timeout_s: float,
    ) -> None:
        self._seeds = tuple(addresses)
        self._loads = [pack("SCRIPT", "LOAD", script) for script in scripts]
        self._login = login
        self._timeout_s = timeout_s
        self._nodes: dict[Address, Node] = {}
        self._by_slot: list[Node] | None = None
        self._single: Node | None = None

    def run(self, keys: Sequence[bytes], commands: Sequence[bytes]) -> list[Reply]:
        """Return the reply to each command, in order; its key chooses the node.

        Raises
        ------
        StoreUnavailable
            Not every reply came in time, or the server refused a command. Any of the
            commands may have been executed or not.
        """
        if not commands:
            return []
        ends_at = time.monotonic() + self._timeout_s
        try:
            if self._single is None and self._by_slot is None:
                self._discover(ends_at)
            replies = self._round(self._nodes_of(keys), commands, ends_at)
            if any(map(is_error, replies)):
                self._repair(keys, commands, replies, ends_at)
        except StoreUnavailable:
            self._by_slot = None  # another node may have taken over by the next call
            raise
        return replies

    def close(self) -> None:
        """Close all connections."""
        for node in self._nodes.values():
            node.close()

    def _nodes_of(self, keys: Sequence[bytes]) -> list[Node]:
        if self._single is not None:
            return [self._single] * len(keys)
        by_slot = self._by_slot
        if by_slot is None:
            raise StoreUnavailable("Redis cluster: the slots are not known")
        return [by_slot[slot_of(key)] for key in keys]

    def _round(
        self, nodes: Sequence[Node], commands: Sequence[bytes], ends_at: float
    ) -> list[Reply]:
        """Return the replies of one pipelined trip to each node."""
        if self._single is not None:
            return self._single.call(b"".join(commands), len(commands), ends_at)
        parts: dict[Node, list[int]] = {}
        for index, node in enumerate(nodes):
            parts.setdefault(node, []).append(index)
        replies: list[Reply] = [None] * len(commands)
        failures = self._send(parts, commands, ends_at)
        for node, part in parts.items():
            try:
                received = node.receive(len(part), ends_at)
            except StoreUnavailable as failure:
                failures.append(failure)
                continue
            for index, reply in zip(part, received, strict=True):
                replies[index] = reply
        if failures:
            raise failures[0]
        return replies

    @staticmethod
    def _send(
        parts: dict[Node, list[int]], commands: Sequence[bytes], ends_at: float
    ) -> list[StoreUnavailable]:
        failures = []
        for node in list(parts):
            try:
                node.send(b"".join([commands[index] for index in parts[node]]), ends_at)
            except StoreUnavailable as failure:
                failures.append(failure)
                del parts[node]
        return failures

    def _repair(
        self,
        keys: Sequence[bytes],
        commands: Sequence[bytes],
        replies: list[Reply],
        ends_at: float,
    ) -> None:
        """Send again what was turned away, until every command has its reply."""
        for _ in range(ROUNDS_MAX):
            failed = [index for index, reply in enumerate(replies) if is_error(reply)]
            if not failed:
                return
            self._heed([str(replies[index]) for index in failed], ends_at)
            for index in failed:
                replies[index] = self._again(keys[index], commands[index], replies[index], ends_at)
        raise StoreUnavailable("Redis cluster: its slots did not come to rest")

    def _heed(self, errors: Sequence[str], ends_at: float) -> None:
        """Do what the errors ask for, or give up on one that no repetition mends."""
        kinds = {error.partition(" ")[0]: error for error in errors}
        for kind, error in kinds.items():
            if kind not in ("MOVED", "ASK", "NOSCRIPT"):
                raise StoreUnavailable(f"Redis: {error}")
        if "MOVED" in kinds:
            self._discover(ends_at)
        if "NOSCRIPT" in kinds:
            for node in self._nodes.values():
                if node.is_open:
                    node.call(b"".join(self._loads), len(self._loads), ends_at)

    def _again(self, key: bytes, command: bytes, reply: Reply, ends_at: float) -> Reply:
        words = str(reply).split(" ")
        if words[0] == "ASK":
            node = self._node(_named(words[2], self._nodes_of([key])[0].address))
            return node.call(_ASKING + command, 2, ends_at)[1]
        return self._nodes_of([key])[0].call(command, 1, ends_at)[0]

    def _discover(self, ends_at: float) -> None:
        """Ask the known nodes for the slots; the first that answers is believed."""
        failure = StoreUnavailable("Redis: no address")
        for address in dict.fromkeys((*self._nodes, *self._seeds)):
            try:
                reply = self._node(address).call(pack("CLUSTER", "SLOTS"), 1, ends_at)[0]
            except StoreUnavailable as error:
                failure = error
                continue
            if isinstance(reply, list):
                self._by_slot = self._slots(reply, address)
                return
            if _NO_CLUSTER not in str(reply):
                failure = StoreUnavailable(f"Redis at {address[0]}:{address[1]}: {reply!s}")
                continue
            if len(self._seeds) > 1:
                raise StoreUnavailable(
                    f"Redis at {address[0]}:{address[1]} is no cluster; name this one server only"
                )
            self._single = self._node(address)
            return
        raise failure

    def _slots(self, ranges: Sequence[object], asked: Address) -> list[Node]:
        found: list[Node | None] = [None] * SLOTS
        for one in ranges:
            low, high, master = one[:3]  # type: ignore[index]  # as the protocol lays it down
            node = self._node(_named(f"{_text(master[0])}:{master[1]}", asked))
            found[low : high + 1] = [node] * (high + 1 - low)
        served = [node for node in found if node is not None]
        if len(served) < SLOTS:
            raise StoreUnavailable(f"Redis cluster: {SLOTS - len(served)} slots have no node")
        return served

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = Node(address, self._login, self._loads)
        return self._nodes[address]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else ""


def _named(text: str, asked: Address) -> Address:
    """Return the address in a reply; a node that does not know its host is where we asked."""
    host, _, port = text.rpartition(":")
    return (host if host not in ("", "?") else asked[0], int(port))
