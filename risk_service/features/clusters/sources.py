"""The window features that cluster features are made of, key group by key group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.terms import ClusterSet
from risk_service.features.windows.event import Event
from risk_service.features.windows.plan import pair_key
from risk_service.features.windows.terms import KeyGroup, WindowSet

ALONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A key group whose records are added up over accounts.

    ``names`` are its features that are wanted, ``wanted`` their places in the group's
    records and ``columns`` those among all windows. ``beside`` is the place of the pair's
    other field in an event (``ALONE`` without), ``beside_name`` its name;
    ``account_first`` tells which half of the pair the account is.
    """

    group: int
    names: tuple[str, ...]
    wanted: NDArray[np.intp]
    columns: NDArray[np.intp]
    beside: int
    beside_name: str
    account_first: bool

    def has_key(self, event: Event) -> bool:
        """Return whether accounts have such a record beside this event."""
        return self.beside == ALONE or bool(event.fields[self.beside])

    def key(self, account: str, event: Event) -> str:
        """Return the key of another account's record."""
        if self.beside == ALONE:
            return account
        other = event.fields[self.beside]
        return pair_key(account, other) if self.account_first else pair_key(other, account)


def sources_of(window_set: WindowSet, cluster_set: ClusterSet) -> tuple[Source, ...]:
    """Return the sources of all features, in the order of the key groups.

    Raises
    ------
    ConfigFault
        A feature's source is not a window feature, or its key has no account.
    """
    account = cluster_set.rules.account
    wanted = dict.fromkeys(f.source for f in cluster_set.features if f.source)
    found: dict[str, None] = {}
    sources, column = [], 0
    for number, group in enumerate(window_set.groups):
        names = [f.name for f in group.features]
        mine = [name for name in names if name in wanted]
        if mine and account in group.keys:
            found.update(dict.fromkeys(mine))
            sources.append(_source(window_set, account, number, group, (mine, column)))
        column += len(names)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ConfigFault(
            f"clusters: source {missing[0]!r} is not a window feature keyed by {account};"
            f" see {account}__... and {account}_x_... in windows.toml"
        )
    return tuple(sources)


def _source(
    window_set: WindowSet,
    account: str,
    number: int,
    group: KeyGroup,
    mine: tuple[list[str], int],
) -> Source:
    names, first_column = mine
    places = [feature.name for feature in group.features]
    wanted = np.array([places.index(name) for name in names], np.intp)
    others = [key for key in group.keys if key != account]
    return Source(
        group=number,
        names=tuple(names),
        wanted=wanted,
        columns=wanted + first_column,
        beside=window_set.fields.index(others[0]) if others else ALONE,
        beside_name=others[0] if others else "",
        account_first=group.keys[0] == account,
    )
