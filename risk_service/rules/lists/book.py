"""All list entries in force, as one object that never changes.

Most entries lie in tables; what came since lies in a small overlay, and what was removed since is
a set of numbers. A change gives a new book that shares the tables with the old one, so
that a group of orders sees one state and the next group the other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType

from risk_service.domain.hits import ListHit
from risk_service.domain.listed import NOTHING_NEEDED, PLAIN_KINDS, EntityKind, ListNeeds
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import PromotionType
from risk_service.rules.lists.entry import Entry, Terms, entry_id, key_bytes
from risk_service.rules.lists.table import Table

# Beyond this a change should be followed by a book made anew from the store.
OVERLAY_MAX = 4096
EMPTY_VERSION = "lists-0"

_One = Callable[[Order], str]
_Several = Callable[[Order], Iterable[str]]

# What most orders have one of: read by C, as an order pays for each.
_ONE: Mapping[EntityKind, _One] = MappingProxyType(
    {
        EntityKind.ACCOUNT: attrgetter("tokens.account"),
        EntityKind.DEVICE: attrgetter("tokens.device"),
        EntityKind.PAYMENT: attrgetter("tokens.payment"),
        EntityKind.IP: attrgetter("tokens.ip"),
        EntityKind.PHONE: attrgetter("tokens.phone"),
        EntityKind.REAL_NAME: attrgetter("tokens.real_name"),
        EntityKind.ADDRESS_DOOR: attrgetter("tokens.address_door"),
        EntityKind.ADDRESS_BUILDING: attrgetter("tokens.address_building"),
        EntityKind.DROP: attrgetter("drop_id"),
    }
)
_SEVERAL: Mapping[EntityKind, _Several] = MappingProxyType(
    {
        EntityKind.NETWORK: lambda order: (
            order.tokens.ip, order.tokens.ip_block, *order.list_tokens,
        ),
        EntityKind.RECIPIENT: lambda order: order.list_tokens,
        EntityKind.SKU: lambda order: dict.fromkeys([line.sku for line in order.lines]),
        EntityKind.SELLER: lambda order: dict.fromkeys([line.seller_id for line in order.lines]),
        EntityKind.CAMPAIGN: lambda order: dict.fromkeys(
            [line.campaign_id for line in order.lines]
        ),
        EntityKind.COUPON: lambda order: [one.coupon_id for one in order.discounts],
    }
)  # fmt: skip
_NONE: Mapping[bytes, tuple[Entry, ...]] = MappingProxyType({})


class ListBook:
    """Tells which entries an order meets.

    Parameters
    ----------
    tables
        The bulk of the entries by kind of entity; their terms are places in ``terms``.
    young
        Entries that came since, by kind and key.
    removed
        Numbers of entries of the tables that are gone.
    version
        Names this state of the lists: a number that rises and a digest of all changes.
    needs
        What these entries need of an order.
    """

    def __init__(
        self,
        tables: Mapping[EntityKind, Table] = MappingProxyType({}),
        terms: Sequence[Terms] = (),
        *,
        version: str = EMPTY_VERSION,
        needs: ListNeeds = NOTHING_NEEDED,
        young: Mapping[EntityKind, Mapping[bytes, tuple[Entry, ...]]] = MappingProxyType({}),
        removed: frozenset[int] = frozenset(),
    ) -> None:
        self.version = version
        self.needs = needs
        self._tables = {kind: table for kind, table in tables.items() if table.size}
        self._terms = terms
        self._young = young
        self._removed = removed
        kinds = [kind for kind in EntityKind if kind in self._tables or young.get(kind)]
        self._kinds = tuple(kinds)
        self._one = tuple((kind, _ONE[kind]) for kind in kinds if kind in _ONE)
        self._several = tuple((kind, _SEVERAL[kind]) for kind in kinds if kind in _SEVERAL)
        self._others = tuple(kind for kind in kinds if kind not in _ONE and kind not in _SEVERAL)

    @property
    def kinds(self) -> frozenset[EntityKind]:
        """Return the kinds of entities that any entry is about."""
        return frozenset(self._kinds)

    @property
    def overlay(self) -> int:
        """Return how much came and went since the tables were made."""
        return len(self._removed) + sum(map(len, self._young.values()))

    @property
    def bytes_held(self) -> int:
        """Return the memory of the tables."""
        return sum(table.bytes_held for table in self._tables.values())

    def hits(self, order: Order, extra: Mapping[str, str], at_us: int) -> tuple[ListHit, ...]:
        """Return every entry that an order meets; the same book always in the same order.

        Parameters
        ----------
        extra
            What the order itself does not say, by kind of entity: ``identity_cluster``.
        at_us
            The time at which entries must not have expired.
        """
        several = {name: (text,) for name, text in extra.items()}
        return self.hits_of_group((order,), several, at_us)[0]

    def hits_of_group(
        self, orders: Sequence[Order], extra: Mapping[str, Sequence[str]], at_us: int
    ) -> list[tuple[ListHit, ...]]:
        """Return the hits of each order of a group; ``extra`` holds one text per order."""
        met: dict[int, list[tuple[EntityKind, Entry]]] = {}
        for kind, one in self._one:
            texts = list(map(one, orders))
            for place in self._doubtful(kind, texts):
                met.setdefault(place, []).extend(self._met(kind, texts[place], at_us))
        for kind, several in self._several:
            for place, order in enumerate(orders):
                texts = list(several(order))
                for at in self._doubtful(kind, texts):
                    met.setdefault(place, []).extend(self._met(kind, texts[at], at_us))
        for kind in self._others:
            for place, text in enumerate(extra.get(kind.value, ())):
                if text:
                    met.setdefault(place, []).extend(self._met(kind, text, at_us))
        hits: list[tuple[ListHit, ...]] = [()] * len(orders)
        for place, entries in met.items():
            hits[place] = _of_order(entries, orders[place])
        return hits

    def changed(
        self,
        added: Iterable[Entry],
        removed: Iterable[int],
        *,
        version: str,
        needs: ListNeeds,
    ) -> "ListBook":
        """Return the book after a change; this one stays as it is."""
        gone = frozenset(removed)
        young = {
            kind: {
                key: left
                for key, entries in by_key.items()
                if (left := tuple(entry for entry in entries if entry.number not in gone))
            }
            for kind, by_key in self._young.items()
        }
        for entry in added:
            by_key = young.setdefault(entry.entity, {})
            by_key[entry.key] = (*by_key.get(entry.key, ()), entry)
        return ListBook(
            self._tables,
            self._terms,
            version=version,
            needs=needs,
            young=young,
            removed=self._removed | gone,
        )

    def _doubtful(self, kind: EntityKind, texts: Sequence[str]) -> Sequence[int]:
        """Return the places of the texts that may meet an entry: mostly none, told at once."""
        table = self._tables.get(kind)
        if kind in PLAIN_KINDS or table is None or self._young.get(kind):
            return [place for place, text in enumerate(texts) if text]
        return table.doubtful(texts)

    def _met(self, kind: EntityKind, text: str, at_us: int) -> list[tuple[EntityKind, Entry]]:
        key = key_bytes(kind, text)
        found: list[tuple[EntityKind, Entry]] = []
        if (table := self._tables.get(kind)) is not None:
            for place in table.find(key):
                number, terms, expires_us = table.at(place)
                if number not in self._removed and (not expires_us or at_us < expires_us):
                    entry = Entry(number=number, entity=kind, key=key, terms=self._terms[terms])
                    found.append((kind, entry))
        found.extend(
            (kind, entry)
            for entry in self._young.get(kind, _NONE).get(key, ())
            if not entry.expires_at_us or at_us < entry.expires_at_us
        )
        # The same answer for the same entries, however the book came about.
        found.sort(key=_number)
        return found


def _number(met: tuple[EntityKind, Entry]) -> int:
    return met[1].number


def _of_order(met: Sequence[tuple[EntityKind, Entry]], order: Order) -> tuple[ListHit, ...]:
    if not met:
        return ()
    promotions = frozenset(
        [line.promotion_type for line in order.lines]
        + [discount.promotion_type for discount in order.discounts]
    )
    return _in_scope(met, promotions, frozenset([line.campaign_id for line in order.lines]))


def _in_scope(
    met: Iterable[tuple[EntityKind, Entry]],
    promotions: frozenset[PromotionType],
    campaigns: frozenset[str],
) -> tuple[ListHit, ...]:
    return tuple(
        ListHit(
            list_id=entry.terms.list_id,
            kind=entry.terms.kind.value,
            entity=kind.value,
            entry_id=entry_id(entry.number),
            reason=entry.terms.reason,
        )
        for kind, entry in met
        if _applies(entry.terms, promotions, campaigns)
    )


def _applies(terms: Terms, promotions: frozenset[PromotionType], campaigns: frozenset[str]) -> bool:
    return not (
        (terms.promotion_types and terms.promotion_types.isdisjoint(promotions))
        or (terms.campaigns and terms.campaigns.isdisjoint(campaigns))
    )
