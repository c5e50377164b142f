"""Numbers that belong to a key are found among many that do not."""

import numpy as np

from training.own_data.planning.belonging import belonging


def test_numbers_of_a_key_are_found_among_noise() -> None:
    """Two of forty numbers are a key's own, one with missing values, one with wild outliers."""
    rng = np.random.default_rng(1)
    card, shop = rng.integers(0, 50, 5_000), rng.integers(0, 20, 5_000)
    numbers = {f"n{place}": rng.normal(size=5_000) for place in range(40)}
    numbers["n31"] = rng.normal(size=50)[card] + rng.normal(0, 0.5, 5_000)
    numbers["n31"][rng.random(5_000) < 0.5] = np.nan
    numbers["n7"] = rng.normal(size=20)[shop] + rng.normal(0, 0.5, 5_000)
    numbers["n7"][::500] = 1e12
    keys = [card.astype(np.int32), shop.astype(np.int32)]
    assert belonging(numbers, keys, 2) == ("n7", "n31")


def test_what_never_changes_for_a_key_says_nothing_by_its_history() -> None:
    """Where a client lives is left out for where they pay, which differs a little each time."""
    rng = np.random.default_rng(1)
    card = rng.integers(0, 50, 5_000)
    numbers = {f"home{place}": rng.normal(size=50)[card] for place in range(3)}
    numbers["paid"] = numbers["home0"] + rng.normal(0, 0.1, 5_000)
    assert belonging(numbers, [card.astype(np.int32)], 1) == ("paid",)


def test_few_numbers_are_all_kept_and_constants_belong_to_nobody() -> None:
    """Nothing is looked at when all fit; a constant and an empty number do no harm."""
    codes = np.array([0, 1, -1, 2], np.int32)
    numbers = {"b": np.full(4, np.nan), "a": np.ones(4)}
    assert belonging(numbers, [codes], 2) == ("b", "a")
    assert belonging(numbers, [codes, np.zeros(4, np.int32)], 1) == ("b",)
    assert belonging(numbers, [], 1) == ("b",)
