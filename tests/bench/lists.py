"""A million list entries: what an order pays for them, what they take, and how they come in.

Look-ups are measured on one thread over orders that differ, with entries about devices,
accounts and phones, networks of four lengths, and SKUs; the bare figure beside them is one
look-up in a Python dict of strings for each token of the order. The import goes through what the
service does with a CSV: tokens, checks, one transaction, and the book that follows.
"""

import random
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from risk_service.domain.governed import ChangeKind
from risk_service.domain.listed import EntityKind, ListKind, ListNeeds, RawListed
from risk_service.domain.order import Order
from risk_service.governance.listing import ListChange, RawEntry
from risk_service.identity.tokenise import Tokeniser
from risk_service.rules.lists.book import ListBook
from risk_service.rules.lists.entry import Terms, key_bytes
from risk_service.rules.lists.table import Table
from tests.bench.figures import Round, Row, number
from tests.fixtures.governing import ANN, BOB, DAY_US, NOW_US, open_desk
from tests.fixtures.keys import KEY
from tests.fixtures.records import raw_order

ENTRIES = 1_000_000
ORDERS = 2_000
LAPS = 5
HIT_SHARE = 0.02
SHARES = {
    EntityKind.DEVICE: 0.5,
    EntityKind.ACCOUNT: 0.3,
    EntityKind.PHONE: 0.1,
    EntityKind.NETWORK: 0.05,
    EntityKind.SKU: 0.05,
}
NEEDS = ListNeeds(v4_bits=(16, 20, 22, 28))

ROWS = (
    Row(title="entries", value=number("entries")),
    Row(title="memory of the book, bytes per entry", value=number("entry_bytes"), digits=1),
    Row(title="tables made of the entries, s of CPU", value=number("build_s"), digits=2),
    Row(title="an order against all of them, us", value=number("order_us"), digits=2),
    Row(title="the same in an overlay of 4,000 changes, us", value=number("young_us"), digits=2),
    Row(title="bare: its tokens in a dict of strings, us", value=number("dict_us"), digits=2),
    Row(title="bytes per entry of that dict", value=number("dict_bytes"), digits=1),
    Row(title="tokens of four prefix lengths for an order, us", value=number("token_us"), digits=2),
    Row(title="import: entries per second of CPU", value=number("import_rate")),
    Row(title="import: commit and new book, s of CPU", value=number("commit_s"), digits=2),
    Row(title="book of the store at a start, s of CPU", value=number("load_s"), digits=2),
    Row(title="store, bytes per entry", value=number("file_bytes"), digits=1),
)


def run_round(entries: int = ENTRIES) -> Round:
    """Measure look-ups, then the way in, of as many entries."""
    found = _look_ups(entries, random.Random(7)) | _way_in(entries)
    return found | {"entries": float(entries)}


def _look_ups(entries: int, chance: random.Random) -> Round:
    orders = _orders(chance)
    keys = {kind: _keys(kind, int(entries * share), orders) for kind, share in SHARES.items()}
    terms = [Terms(list_id="ring", kind=ListKind.DENY, reason="a bench")]
    started = time.process_time()
    tables = {kind: _table(listed) for kind, listed in keys.items()}
    build_s = time.process_time() - started
    book = ListBook(tables, terms, version="bench", needs=NEEDS)
    young = book.changed((), range(entries, entries + 4000), version="bench", needs=NEEDS)
    strings, dict_bytes = _strings(entries)
    return {
        "build_s": build_s,
        "entry_bytes": book.bytes_held / entries,
        "order_us": _order_us(book, orders),
        "young_us": _order_us(young, orders),
        "dict_us": _dict_us(strings, orders),
        "dict_bytes": dict_bytes,
        "token_us": _token_us(),
    }


def _order_us(book: ListBook, orders: list[Order]) -> float:
    laps = []
    for _ in range(LAPS):
        started = time.process_time()
        for order in orders:
            book.hits(order, {}, NOW_US)
        laps.append((time.process_time() - started) / len(orders) * 1e6)
    return min(laps)


def _dict_us(strings: dict[str, int], orders: list[Order]) -> float:
    get = strings.get
    laps = []
    for _ in range(LAPS):
        started = time.process_time()
        for order in orders:
            tokens = order.tokens
            for token in (tokens.device, tokens.account, tokens.phone, tokens.ip, tokens.ip_block,
                          *order.list_tokens, order.lines[0].sku):  # fmt: skip
                get(token)
        laps.append((time.process_time() - started) / len(orders) * 1e6)
    return min(laps)


def _token_us() -> float:
    plain, watching = Tokeniser(KEY), Tokeniser(KEY)
    watching.watch(NEEDS)
    raw = raw_order()
    took = {}
    for name, tokeniser in (("plain", plain), ("watching", watching)):
        laps = []
        for _ in range(LAPS):
            started = time.process_time()
            for _ in range(ORDERS):
                tokeniser.order(raw)
            laps.append((time.process_time() - started) / ORDERS * 1e6)
        took[name] = min(laps)
    return took["watching"] - took["plain"]


def _orders(chance: random.Random) -> list[Order]:
    tokeniser = Tokeniser(KEY)
    tokeniser.watch(NEEDS)
    raw = raw_order()
    return [
        tokeniser.order(
            replace(
                raw,
                account_id=f"account-{place}",
                device_id=f"device-{place}",
                recipient_phone=f"138{place:08d}",
                ip=f"61.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}",
            )
        )
        for place in range(ORDERS)
    ]


def _keys(kind: EntityKind, count: int, orders: list[Order]) -> bytes:
    """Return random keys, with those of some of the orders among them."""
    random_keys = np.random.default_rng(len(kind.value)).bytes(16 * count)
    if kind not in (EntityKind.DEVICE, EntityKind.ACCOUNT):
        return random_keys
    met = orders[: int(len(orders) * HIT_SHARE)]
    own = b"".join(key_bytes(kind, getattr(order.tokens, kind.value)) for order in met)
    return own + random_keys[len(own) :]


def _table(keys: bytes) -> Table:
    count = len(keys) // 16
    return Table(
        keys,
        np.arange(count, dtype=np.int64),
        np.zeros(count, dtype=np.uint32),
        np.full(count, NOW_US + DAY_US, dtype=np.int64),
    )


def _strings(entries: int) -> tuple[dict[str, int], float]:
    before = _resident()
    digits = np.random.default_rng(5).bytes(16 * entries).hex()
    strings = {f"k1:{digits[place * 32 : place * 32 + 32]}": place for place in range(entries)}
    del digits
    return strings, (_resident() - before) / entries


def _resident() -> int:
    """Return the memory that the process has right now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


def _way_in(entries: int) -> Round:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "governance.sqlite3"
        desk = open_desk(path)
        change = ListChange(list_id="ring", kind=ListKind.DENY, author=ANN.actor_id, reason="")
        started = time.process_time()
        intake = desk.governance.listing.begin(change)
        for start in range(0, entries, 100):
            intake.put(_entry(row) for row in range(start, min(start + 100, entries)))
        put_s = time.process_time() - started
        done = desk.governance.kept(intake, ChangeKind.LIST_IMPORT)
        intake.close()
        desk.governance.approve_change(done.number, BOB)
        commit_s = time.process_time() - started - put_s
        started = time.process_time()
        book = desk.reader.book("bench", NOW_US)
        load_s = time.process_time() - started
        assert book.bytes_held
        desk.file.close()
        size = path.stat().st_size
    return {
        "import_rate": entries / (put_s + commit_s),
        "commit_s": commit_s,
        "load_s": load_s,
        "file_bytes": size / entries,
    }


def _entry(row: int) -> RawEntry:
    return RawEntry(
        row=row,
        listed=RawListed(entity=EntityKind.DEVICE, value=f"device-{row}"),
        reason="a bench",
        expires_us=NOW_US + DAY_US,
    )
