"""Opens the windows in Redis for one service."""

from collections.abc import Sequence
from pathlib import Path

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.engines import fastest_entities
from risk_service.adapters.redis.history import PREFIX
from risk_service.adapters.redis.marks import RedisMarks
from risk_service.adapters.redis.store import TIMEOUT_S, RedisWindowStore
from risk_service.adapters.shared.followed_file import FollowedFile
from risk_service.adapters.shared.windows import NOBODY, SharedWindowStore, Told
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import EVER

NO_LOGIN = Login()


class SharedIn:
    """A Redis that services share; called to open its windows beside a log.

    Parameters
    ----------
    addresses
        One server, or some nodes of a cluster.
    prefix
        How every key begins.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        login: Login = NO_LOGIN,
        timeout_s: float = TIMEOUT_S,
        prefix: str = PREFIX,
        told: Told = NOBODY,
    ) -> None:
        self._addresses = tuple(addresses)
        self._login = login
        self._timeout_s = timeout_s
        self._prefix = prefix
        self._told = told

    def __call__(
        self, directory: Path, compiled: CompiledWindows, tail: LogTail
    ) -> SharedWindowStore:
        """Open the windows for the service with this state directory and log.

        Raises
        ------
        ConfigFault
            A window has no end.
        """
        _refuse_ever(compiled)
        file = FollowedFile(directory)
        followed = file.read()
        store = RedisWindowStore(
            compiled,
            self._addresses,
            prefix=self._prefix,
            timeout_s=self._timeout_s,
            login=self._login,
            entities=fastest_entities(),
        )
        marks = RedisMarks(
            compiled,
            self._addresses,
            followed.service,
            login=self._login,
            timeout_s=self._timeout_s,
            prefix=self._prefix,
        )
        return SharedWindowStore(
            store, marks, file, followed, compiled=compiled, tail=tail, told=self._told
        )


def _refuse_ever(compiled: CompiledWindows) -> None:
    """Refuse windows since ever: what Redis has lost is counted again from 90 days of the log.

    More would not help: an event counts there under a stamp of now, and is too old by then.
    """
    for feature in compiled.window_set.features:
        if feature.window == EVER.name:
            raise ConfigFault(refusal("redis_ever", feature=feature.name))
