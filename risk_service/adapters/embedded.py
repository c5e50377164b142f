"""What the embedded service keeps in its state directory: one log, and the windows over it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from risk_service.adapters.live.clusters_file import ClusterKeeper
from risk_service.adapters.live.engines import fastest_keeper
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.live.recovery import Windows, open_windows
from risk_service.adapters.live.store import RECORDS_MAX
from risk_service.adapters.shared.windows import SharedWindowStore
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.lost import refuse_lost_log
from risk_service.adapters.sqlite.past_orders import SqlitePastOrders
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.domain.stamps import Stamps
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import CompiledWindows, compile_windows

OpenShared = Callable[[Path, CompiledWindows, LogTail], SharedWindowStore]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWindows:
    """Windows that other processes keep up as well, and in which this log is made to count."""

    store: SharedWindowStore

    def close(self) -> None:
        """Close the connections."""
        self.store.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedState:
    """The log of decisions and events, and the windows over it."""

    store: SqliteDecisionStore
    events: SqliteEventLog
    windows: Windows | SharedWindows
    compiled: CompiledWindows
    clusters: ClusterKeeper
    past_orders: SqlitePastOrders
    stamps: Stamps
    logged_us: Callable[[], int]
    tail: LogTail

    def close(self) -> None:
        """Close the windows first: their last checkpoint asks the log how far it goes."""
        self.windows.close()
        self.clusters.close()
        self.past_orders.close()
        self.events.close()
        self.store.close()


def open_state(
    directory: Path,
    on_commit: Callable[[float], None],
    *,
    records_max: int = RECORDS_MAX,
    share: OpenShared | None = None,
    keeper: MakeKeeper | None = None,
) -> EmbeddedState:
    """Open the log and bring the windows to its end.

    Parameters
    ----------
    directory
        Held by the caller's ``StateLock``.
    on_commit
        Told how long each commit took, in seconds.
    records_max
        Window records that are kept decoded in memory.
    share
        Opens windows that are shared; None keeps them in this process.
    keeper
        Makes what keeps the records of windows; None takes the fastest there is.

    Raises
    ------
    ConfigFault
        The log was there before and is gone.
    """
    refuse_lost_log(directory)
    store = SqliteDecisionStore(directory, on_commit=on_commit)
    events = SqliteEventLog(directory, on_commit=on_commit)
    tail = LogTail(directory, store, events)
    stamps = Stamps(tail.logged_us())
    compiled = compile_windows(load_windows())
    windows: Windows | SharedWindows
    if share is not None:
        windows = SharedWindows(store=share(directory, compiled, tail))
        windows.store.start()
    else:
        keeper = keeper or fastest_keeper()
        windows = open_windows(
            directory, compiled, tail, stamps, records_max=records_max, keeper=keeper
        )
    rules, is_shared = load_clusters().rules, share is not None
    clusters = ClusterKeeper(directory, load_windows(), rules, tail, shared=is_shared)
    if not is_shared:
        # Nights may have come into force since the last stamp, by a clock that went back since.
        stamps.pass_by(clusters.state.read_us)
    return EmbeddedState(
        store=store,
        events=events,
        windows=windows,
        compiled=compiled,
        clusters=clusters,
        past_orders=SqlitePastOrders(directory),
        stamps=stamps,
        logged_us=tail.logged_us,
        tail=tail,
    )
