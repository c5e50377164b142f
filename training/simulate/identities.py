"""Identities as text: what a customer typed and what the shop saw.

Texts and ids depend on the seed and on numbers alone, never on who is an attacker.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.simulate.arrays import Array, Columns, chance, opaque
from training.simulate.people import PHONE_FORMATS, id_number, name_text, phone_text, usual_style
from training.simulate.people import words as words_of
from training.simulate.places import CITIES, SPELLINGS, ip_text, spelled
from training.simulate.registry import Registry

_DISTRICT = 1


def texts(keys: Array, render: Callable[[Array], list[str]]) -> pa.Array:
    """Return one text per key; each distinct key is rendered once."""
    distinct, at = np.unique(keys, return_inverse=True)
    return pa.array(render(distinct), pa.string()).take(pa.array(at))


class IdentityTexts:
    """Renders the identities of the given orders."""

    def __init__(self, seed: int, registry: Registry, orders: Columns) -> None:
        self.seed = seed
        self.orders = orders
        self._registry = registry

    def ids(self, kind: str, numbers: Array) -> pa.Array:
        """Return opaque ids of that kind; "" where the number is negative."""
        made = opaque(self.seed, kind, np.maximum(numbers, 0))
        return pc.if_else(pa.array(numbers >= 0), made, "") if (numbers < 0).any() else made

    def ips(self) -> pa.Array:
        """Return the address the shop saw for each order."""
        rows = np.arange(self.orders["at"].size)
        ip = self.orders["ip"].copy()
        # A broken proxy header now and then, for everybody.
        broken = chance(self.seed, "broken proxy", rows) < 0.004
        inner = (10 << 24) + (chance(self.seed, "inner ip", rows) * 65_000).astype(np.int64)
        ip = np.where(broken, inner, ip)
        return texts(ip, lambda values: [ip_text(int(value)) for value in values])

    def names(self, person: Array, kind: str) -> pa.Array:
        """Return the names of persons, typed by the stream ``kind``."""
        spaced = chance(self.seed, kind, np.arange(person.size)) < 0.02
        keys = person * 2 + spaced

        def render(distinct: Array) -> list[str]:
            names = [name_text(word) for word in words_of(self.seed, "person", distinct // 2)]
            # Some forms split the surname off.
            return [
                f"{name[0]} {name[1:]}" if key % 2 else name
                for name, key in zip(names, distinct.tolist(), strict=True)
            ]

        return texts(keys, render)

    def phones(self) -> pa.Array:
        """Return the recipients' phones as typed."""
        virtual = self._registry.virtual()
        style = self._typed("phone typing", PHONE_FORMATS, self.orders["phone"])
        keys = self.orders["phone"] * PHONE_FORMATS + style

        def render(distinct: Array) -> list[str]:
            phones = distinct // PHONE_FORMATS
            rows = zip(
                words_of(self.seed, "phone", phones),
                virtual[phones].tolist(),
                (distinct % PHONE_FORMATS).tolist(),
                strict=True,
            )
            return [phone_text(*row) for row in rows]

        return texts(keys, render)

    def _typed(self, kind: str, styles: int, numbers: Array) -> Array:
        """Return the way of typing: the usual one, another one in one order of twelve."""
        usual = usual_style(self.seed, kind, numbers * 31 + self.orders["account"], styles)
        rows = np.arange(numbers.size)
        other = usual_style(self.seed, kind + " of the order", rows, styles)
        return np.where(chance(self.seed, kind + " slips", rows) < 0.08, other, usual)

    def real_names(self) -> pa.Array:
        """Return the id numbers of verified customers who let the shop keep them."""
        registry, account = self._registry, self.orders["account"]
        kept = chance(self.seed, "id kept", account) < 0.7
        shown = (registry.levels()[account] >= 3) & kept
        keys = np.where(shown, registry.identities()[account], -1)

        def render(distinct: Array) -> list[str]:
            words = words_of(self.seed, "identity", np.maximum(distinct, 0))
            return [
                id_number(word) if key >= 0 else ""
                for word, key in zip(words, distinct.tolist(), strict=True)
            ]

        return texts(keys, render)

    def addresses(self) -> dict[str, pa.Array]:
        """Return the five address columns."""
        table = self._registry.addresses.table()
        address = self.orders["address"]
        usual = self._typed("address typing", SPELLINGS, address)
        spelling = np.where(self.orders["spelling"] >= 0, self.orders["spelling"], usual)
        detail = texts(
            address * SPELLINGS + spelling,
            lambda keys: [
                spelled(row, way)
                for row, way in zip(
                    table[keys // SPELLINGS].tolist(), (keys % SPELLINGS).tolist(), strict=True
                )
            ],
        )
        city = table[address, 0].astype(np.int64)
        place = city * 16 + table[address, _DISTRICT]
        return {
            "address_region": texts(city, lambda keys: [CITIES[key][0] for key in keys]),
            "address_city": texts(city, lambda keys: [CITIES[key][1] for key in keys]),
            "address_district": texts(place, lambda keys: [_district(key) for key in keys]),
            "address_detail": detail,
            "address_postcode": texts(
                place, lambda keys: [f"{CITIES[key // 16][3]}{key % 16 + 1:02d}" for key in keys]
            ),
        }


def _district(key: int) -> str:
    districts = CITIES[key // 16][2]
    return districts[key % 16 % len(districts)]
