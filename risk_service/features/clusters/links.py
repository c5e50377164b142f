"""Which identifiers an event links its account by."""

from operator import itemgetter

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.terms import Rules
from risk_service.features.windows.event import MISSING_HASH, Event, field_hash
from risk_service.features.windows.terms import WindowSet

# One hash per link type in the order of ``Rules.links``; 0 where the event has none.
Links = tuple[int, ...]
# An account, what it was seen with, and the stamp under which that counts.
Link = tuple[str, Links, int]


class LinkReader:
    """Reads links from events of one set of windows.

    Parameters
    ----------
    window_set
        Names the kinds and fields of the events.
    rules
        Names the kinds that link and the fields they link by.

    Raises
    ------
    ConfigFault
        The rules name a kind or a field that the events do not have.
    """

    def __init__(self, window_set: WindowSet, rules: Rules) -> None:
        fields = [rules.account, *(link.field for link in rules.links)]
        fields += [link.unless_equal for link in rules.links if link.unless_equal]
        _known("kind", rules.kinds, window_set.kinds)
        _known("field", tuple(fields), window_set.fields)
        self._kinds = frozenset(window_set.kinds.index(kind) for kind in rules.kinds)
        place = window_set.fields.index
        self._account = itemgetter(place(rules.account))
        self._places = tuple(
            (place(link.field), place(link.unless_equal) if link.unless_equal else -1)
            for link in rules.links
        )

    def links(self, event: Event) -> Links | None:
        """Return the hashes that the event links its account by; None: it links nobody."""
        fields = event.fields
        if event.kind not in self._kinds or not self._account(fields):
            return None
        return tuple(
            [
                MISSING_HASH if other >= 0 and fields[at] == fields[other]
                else field_hash(fields[at])
                for at, other in self._places
            ]
        )  # fmt: skip

    def account(self, event: Event) -> str:
        """Return the account of the event, empty where it names none."""
        account: str = self._account(event.fields)
        return account


def _known(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise ConfigFault(f"clusters: unknown {what} {name!r}; known are {', '.join(known)}")
