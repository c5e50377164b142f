"""What live windows say of an action: of account, device, IP, campaign, and the other account."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from risk_service.decisions.linked import Linked
from risk_service.domain.action import Action
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.feature_ports import WindowStore
from risk_service.features.windows.order_event import action_event
from risk_service.features.windows.plan import CompiledWindows

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAction:
    """What was read for one action before it counts.

    ``features`` and ``related`` are by feature name, those of missing keys left out; ``related``
    is the record of the other account. ``cluster`` names the accounts of the identity cluster.
    ``shared`` names the fields by which both accounts meet,
    None when the other was never seen. ``available`` is False when no window could be read.
    """

    event: Event | None
    features: Mapping[str, float]
    related: Mapping[str, float]
    shared: frozenset[str] | None
    in_cluster: bool | None
    stamp_us: int
    cluster: tuple[str, ...] = ()
    available: bool = True


class ActionWindows:
    """Reads the windows of promotion actions.

    Parameters
    ----------
    linked
        Clusters over the same windows.
    """

    def __init__(
        self, store: WindowStore, linked: Linked, compiled: CompiledWindows, stamps: Stamps
    ) -> None:
        self._store = store
        self._linked = linked
        self._compiled = compiled
        self._stamps = stamps
        names = [group.name for group in compiled.window_set.groups]
        self._account = names.index("account")

    def read(self, action: Action, *, counted: bool, now_us: int) -> SeenAction:
        """Read what is known right now; the action itself is in nothing of it.

        Parameters
        ----------
        counted
            Whether windows count actions of this type.
        """
        self._linked.begin(now_us)
        stamp_us = self._stamps.next_us(now_us)
        event = action_event(action) if counted else None
        keys = self._compiled.keys(event) if event else self._own_key(action)
        try:
            features = self._features(dict(enumerate(keys)), stamp_us)
            related = self._features({self._account: action.related}, stamp_us)
        except StoreUnavailable as error:
            log.warning("windows_unavailable", extra={"error": str(error)})
            return SeenAction(
                event=event, features={}, related={}, shared=None, in_cluster=None,
                stamp_us=stamp_us, available=False,
            )  # fmt: skip
        # The links of the group before must count before anybody's cluster is asked for.
        self._linked.arrive(stamp_us)
        cluster = self._linked.accounts(event, stamp_us) if event else ()
        shared = in_cluster = None
        if event is not None and action.related:
            shared = self._linked.shared(event, action.related)
            in_cluster = action.related in cluster
        return SeenAction(
            event=event, features=features, related=related, shared=shared,
            in_cluster=in_cluster, stamp_us=stamp_us, cluster=cluster,
        )  # fmt: skip

    def nothing(self, now_us: int) -> SeenAction:
        """Return that there is nobody to read about: a seller's claim."""
        return SeenAction(
            event=None, features={}, related={}, shared=None, in_cluster=None,
            stamp_us=self._stamps.next_us(now_us),
        )  # fmt: skip

    def _own_key(self, action: Action) -> tuple[str, ...]:
        keys = [""] * len(self._compiled.plans)
        keys[self._account] = action.account
        return tuple(keys)

    def _features(self, keys: Mapping[int, str], r_us: int) -> dict[str, float]:
        requests = [(group, [key]) for group, key in keys.items() if key]
        found: dict[str, float] = {}
        if not requests:
            return found
        plans = self._compiled.plans
        for (group, _), read in zip(requests, self._store.read_many(requests, r_us), strict=True):
            found.update(zip(plans[group].names, read.values[0].tolist(), strict=True))
        return {name: value for name, value in found.items() if not math.isnan(value)}
