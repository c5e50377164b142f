"""All servers behind one store: commands go to the node that holds their key.

A single server is a cluster of one node without slots. Every command names one key, so a
group of commands is one pipeline per node: all are sent before the first reply is read.
Commands that met a moved slot or a forgotten script are sent once more; all others have
been executed, and the caller's scripts must bear being sent twice.
"""

import time
from collections.abc import Callable, Generator, Iterable, Sequence

from risk_service.adapters.redis.addresses import SLOTS, Address, Login, address_told, slot_of
from risk_service.adapters.redis.node import Node, Patience, RefusedCommand, Reply, pack
from risk_service.domain.errors import StoreUnavailable

# Slots may move while we follow them; more hops than this is no cluster at rest.
ROUNDS_MAX = 4
_NO_CLUSTER = "cluster support disabled"
# As `pack` would have it; written out, since a service without Redis has no hiredis.
_ASKING = b"*1\r\n$6\r\nASKING\r\n"
# What ``run`` yields when everything was sent and no reply was waited for.
SENT: tuple[int, Reply] = (-1, None)


class Cluster:
    """Sends pipelines; learns by itself whether it talks to one server or to a cluster.

    Parameters
    ----------
    addresses
        The single server, or some nodes of the cluster.
    scripts
        Sources of the Lua scripts, loaded on every new connection.
    timeout_s
        Longest wait of one ``run``, however many trips it takes, names of hosts included.
    clock
        Seconds, monotonic; by it servers are left alone after a failure.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        scripts: Sequence[str],
        login: Login,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seeds = tuple(addresses)
        self._loads = [pack("SCRIPT", "LOAD", script) for script in scripts]
        self._login = login
        self._timeout_s = timeout_s
        self._clock = clock
        self._nodes: dict[Address, Node] = {}
        self._by_slot: list[Node] | None = None
        self._single: Node | None = None

    @property
    def is_single(self) -> bool:
        """Return whether it is known to be one server that holds all keys."""
        return self._single is not None

    def run(
        self,
        keys: Sequence[bytes],
        commands: Sequence[bytes],
        *,
        timeout_s: float | None = None,
        pausing: bool = False,
    ) -> Generator[tuple[int, Reply], None, None]:
        """Yield the place and the reply of each command, as they come; its key is its node.

        All commands are sent before the first reply is taken. Replies come while the server
        is still at work on later ones. A caller that stops early closes the generator, and with
        it the connections that still owe replies.

        Parameters
        ----------
        timeout_s
            Longest wait; None for the usual one.
        pausing
            Yield ``SENT`` before the replies, so that the caller may do something else meanwhile.

        Raises
        ------
        StoreUnavailable
            Not every reply came in time, or the server refused a command. Any of the
            commands may have been executed or not.
        """
        if not commands:
            return
        patience = Patience(timeout_s or self._timeout_s)
        failed: dict[int, str] = {}
        try:
            self._know_servers(patience)
            yield from self._trip(keys, commands, failed, patience, pausing=pausing)
            for _ in range(ROUNDS_MAX):
                if not failed:
                    return
                yield from self._again(keys, commands, failed, patience)
            raise StoreUnavailable("Redis cluster: its slots did not come to rest")
        except StoreUnavailable:
            self._by_slot = None  # another node may have taken over by the next call
            raise

    def ask_each(self, command: bytes) -> dict[Address, Reply]:
        """Return what every server that holds keys says to one command.

        Raises
        ------
        StoreUnavailable
            One of them did not answer in time.
        """
        patience = Patience(self._timeout_s)
        try:
            self._know_servers(patience)
            nodes = [self._single] if self._single is not None else self._by_slot or []
            return {
                node.address: node.call(command, 1, patience)[0] for node in dict.fromkeys(nodes)
            }
        except StoreUnavailable:
            self._by_slot = None  # as in ``run``
            raise

    def ask(self, address: Address, command: bytes) -> Reply:
        """Return what one of these servers says to one command."""
        return self._node(address).call(command, 1, Patience(self._timeout_s))[0]

    def address_of(self, key: bytes) -> Address:
        """Return the server that holds a key, once servers were asked for anything.

        Raises
        ------
        StoreUnavailable
            It is not known right now.
        """
        return self._node_of(key).address

    def was_ended(self) -> bool:
        """Return whether a connection was ended while nobody used it."""
        return any(node.was_ended() for node in self._nodes.values())

    def close(self) -> None:
        """Close all connections."""
        for node in self._nodes.values():
            node.close()

    def _know_servers(self, patience: Patience) -> None:
        if self._single is None and self._by_slot is None:
            self._discover(patience)

    def _trip(
        self,
        keys: Sequence[bytes],
        commands: Sequence[bytes],
        failed: dict[int, str],
        patience: Patience,
        *,
        pausing: bool,
    ) -> Generator[tuple[int, Reply], None, None]:
        """Yield the replies of one pipelined trip to each node; leave errors in ``failed``."""
        parts = self._parts(keys)
        owing: list[Node] = []
        try:
            for node, part in parts.items():
                owing.append(node)
                node.send(b"".join([commands[place] for place in part]), patience)
            if pausing:
                yield SENT
            for node, part in parts.items():
                yield from _replies(node, part, failed, patience)
                owing.remove(node)
        finally:
            for node in owing:
                node.close()

    def _parts(self, keys: Sequence[bytes]) -> dict[Node, list[int]]:
        """Return the places of the keys by node."""
        if self._single is not None:
            return {self._single: list(range(len(keys)))}
        parts: dict[Node, list[int]] = {}
        for place, key in enumerate(keys):
            parts.setdefault(self._node_of(key), []).append(place)
        return parts

    def _node_of(self, key: bytes) -> Node:
        if self._single is not None:
            return self._single
        if self._by_slot is None:
            raise StoreUnavailable("Redis cluster: its slots are not known")
        return self._by_slot[slot_of(key)]

    def _again(
        self,
        keys: Sequence[bytes],
        commands: Sequence[bytes],
        failed: dict[int, str],
        patience: Patience,
    ) -> Generator[tuple[int, Reply], None, None]:
        """Send once more what was turned away; leave in ``failed`` what is so again."""
        self._heed(failed.values(), patience)
        for place, error in list(failed.items()):
            reply = self._resent(keys[place], commands[place], error, patience)
            if isinstance(reply, Exception):
                failed[place] = str(reply)
            else:
                del failed[place]
                yield place, reply

    def _heed(self, errors: Iterable[str], patience: Patience) -> None:
        """Do what the errors ask for, or give up on one that no repetition mends."""
        kinds: dict[str, list[str]] = {}
        for error in errors:
            kinds.setdefault(error.partition(" ")[0], []).append(error)
        for kind, found in kinds.items():
            if kind == "READONLY":
                # Now a replica; its address may be another's, which only a new connection finds.
                self.close()
            if kind not in ("MOVED", "ASK", "NOSCRIPT"):
                told = f"{found[0]}{self._login.remedy(found[0])}"
                raise StoreUnavailable(f"Redis: {told}") from RefusedCommand(kind)
        if "MOVED" in kinds:
            self._follow(kinds["MOVED"], patience)
        if "NOSCRIPT" in kinds:
            for node in self._nodes.values():
                if node.is_open:
                    node.call(b"".join(self._loads), len(self._loads), patience)

    def _follow(self, moved: Sequence[str], patience: Patience) -> None:
        """Learn the slots anew; those that moved by what their old node says of them.

        The nodes hear of a move one after the other, and the one we ask may not have yet.
        """
        targets = [error.split(" ")[1:3] for error in moved]
        asked = next(iter(self._nodes))
        self._discover(patience, first=address_told(targets[0][1], asked))
        if self._by_slot is not None:
            for slot, target in targets:
                self._by_slot[int(slot)] = self._node(address_told(target, asked))

    def _resent(self, key: bytes, command: bytes, error: str, patience: Patience) -> Reply:
        node = self._node_of(key)
        if not error.startswith("ASK "):
            return node.call(command, 1, patience)[0]
        asked = self._node(address_told(error.split(" ")[2], node.address))
        return asked.call(_ASKING + command, 2, patience)[1]

    def _discover(self, patience: Patience, first: Address | None = None) -> None:
        """Ask the known nodes for the slots; the first that knows all of them is believed."""
        failure = StoreUnavailable("Redis: no address")
        known = (*self._nodes, *self._seeds)
        for address in dict.fromkeys(known if first is None else (first, *known)):
            try:
                reply = self._node(address).call(pack("CLUSTER", "SLOTS"), 1, patience)[0]
                if isinstance(reply, list):
                    self._by_slot = self._slots(reply, address)
                    return
            except StoreUnavailable as error:
                # Of a node that has left the cluster as well: it knows of no slots.
                failure = error
                continue
            if _NO_CLUSTER not in str(reply):
                told = f"{reply!s}{self._login.remedy(str(reply))}"
                failure = StoreUnavailable(f"Redis at {address[0]}:{address[1]}: {told}")
                continue
            if len(self._seeds) > 1:
                raise StoreUnavailable(
                    f"Redis at {address[0]}:{address[1]} is not a cluster; name this server only"
                )
            self._single = self._node(address)
            return
        raise failure

    def _slots(self, ranges: Sequence[object], asked: Address) -> list[Node]:
        found: list[Node | None] = [None] * SLOTS
        for one in ranges:
            low, high, master = one[:3]  # type: ignore[index]  # as the protocol lays it down
            host = master[0].decode() if isinstance(master[0], bytes) else ""
            node = self._node(address_told(f"{host}:{master[1]}", asked))
            found[low : high + 1] = [node] * (high + 1 - low)
        served = [node for node in found if node is not None]
        if len(served) < SLOTS:
            raise StoreUnavailable(f"Redis cluster: {SLOTS - len(served)} slots have no node")
        return served

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = Node(address, self._login, self._loads, self._clock)
        return self._nodes[address]


def _replies(
    node: Node, places: Sequence[int], failed: dict[int, str], patience: Patience
) -> Generator[tuple[int, Reply], None, None]:
    for place in places:
        reply = node.reply(patience)
        if isinstance(reply, Exception):
            failed[place] = str(reply)
        else:
            yield place, reply
