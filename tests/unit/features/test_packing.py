"""Model inputs as records keep them: the same bits back, or a fault; one form whatever packs."""

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_service.features.packing import NUMBERS_MAX, Packer, unpacked
from risk_service.features.schema import load_schema

Floats = NDArray[np.float64]
NAN_WITH_A_MESSAGE = np.array([0x7FF8_0000_DEAD_BEEF], np.uint64).view(np.float64)[0]
EDGES = [
    0.0, -0.0, 1.0, -1.0, 127.0, 128.0, -128.0, -129.0, 0.5, -0.5, 1 / 3, 2.0**24, 2.0**24 + 1,
    np.nan, NAN_WITH_A_MESSAGE, -np.nan, np.inf, -np.inf, 5e-324, 1e-45, 3.4028234663852886e38,
    3.5e38, 1e308, 2.0**53 + 2, 1e-10, 1790000000.0,
]  # fmt: skip


@pytest.fixture(params=["loop", "numpy"])
def packer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Packer:
    """Return a packer as it is with numba, and without."""
    if request.param == "numpy":
        monkeypatch.setattr("risk_service.features.packing.load_loops", lambda _: None)
    return Packer()


def bits(numbers: Floats) -> list[int]:
    """Return the bits, in which NaN equals itself and -0.0 is not 0.0."""
    found: list[int] = numbers.view(np.int64).tolist()
    return found


def drawn(draw: random.Random, width: int) -> Floats:
    """Return a row of edges, whole numbers, singles and bits of all kinds."""
    kinds = (
        lambda: draw.choice(EDGES),
        lambda: float(draw.randint(-200, 200)),
        lambda: float(np.float32(draw.gauss(0, 1e6))),
        lambda: draw.gauss(0, 1),
        lambda: float(np.array([draw.getrandbits(64)], np.uint64).view(np.float64)[0]),
    )
    return np.array([draw.choice(kinds)() for _ in range(width)], np.float64)


@pytest.mark.parametrize("width", [0, 1, 3, 4, 5, 8, 255, 256, 405])
def test_every_bit_comes_back(packer: Packer, width: int) -> None:
    """Of every number there is, at any width, and the loop packs as numpy does."""
    draw = random.Random(width)
    rows = np.array([drawn(draw, width) for _ in range(30)]).reshape(30, width)
    packed = packer.pack(rows)
    assert [bits(unpacked(one)) for one in packed] == [bits(row) for row in rows]
    referee = Packer()
    referee._loops = None
    assert packed == referee.pack(rows)


def test_each_number_takes_the_shortest_form(packer: Packer) -> None:
    """Nothing for a zero, one byte for what is small and whole, four for singles, else eight."""
    sizes = (0.0, 0), (7.0, 1), (-128.0, 1), (128.0, 4), (0.5, 4), (np.inf, 4), (0.1, 8)
    for number, size in (*sizes, (-0.0, 4), (np.nan, 8)):
        (row,) = packer.pack(np.array([[number]]))
        assert len(row) == 3 + size, number


def test_rows_that_do_not_lie_together_are_packed_too(packer: Packer) -> None:
    """A slice of columns, and columns as rows."""
    rows = np.arange(24.0).reshape(4, 6) / 4
    for some in (rows[:, 1:4], rows.T, rows[::2]):
        assert [unpacked(one).tolist() for one in packer.pack(some)] == some.tolist()


def test_a_typical_order_takes_a_quarter_of_the_room(packer: Packer) -> None:
    """Half zero, most others small and whole, one in ten anything."""
    width = len(load_schema().names)
    draw = random.Random(1)
    row = np.array([draw.choice([0, 0, 0, 0, 0, 1, 2, 3, 40, draw.random()]) for _ in range(width)])
    (packed,) = packer.pack(row[None, :].astype(np.float64))
    assert len(packed) < 8 * width * 0.3


def test_what_is_not_whole_is_refused() -> None:
    """Cut anywhere, or with something behind it: never other numbers."""
    (packed,) = Packer().pack(np.array([[0.0, 1.0, 0.5, 0.1, 3.0]]))
    assert unpacked(packed).tolist() == [0.0, 1.0, 0.5, 0.1, 3.0]
    for wrong in [packed[:end] for end in range(len(packed))] + [packed + b"\0"]:
        with pytest.raises(ValueError, match="not a packed row of"):
            unpacked(wrong)


def test_a_row_that_is_too_wide_is_refused(packer: Packer) -> None:
    """Its number of numbers would not fit."""
    with pytest.raises(ValueError, match="65536 numbers in a row; at most 65535 can be kept"):
        packer.pack(np.zeros((1, NUMBERS_MAX + 1)))
    (packed,) = packer.pack(np.zeros((1, NUMBERS_MAX)))
    assert len(unpacked(packed)) == NUMBERS_MAX
