"""Memory asked for ahead: nothing but time may come of it."""

import numba
import numpy as np

from risk_service.loops.prefetch import LINE_WORDS, prefetch


def test_asking_leads_to_the_processors_own_instruction_and_changes_nothing() -> None:
    """Also behind the end of the memory, where the last block's lines may lie."""

    @numba.njit
    def ask(words: np.ndarray, place: int) -> None:
        prefetch(words, place)

    words = np.arange(LINE_WORDS)
    for place in (0, LINE_WORDS - 1, LINE_WORDS, 1 << 20):
        ask(words, place)
    assert words.tolist() == list(range(LINE_WORDS))
    (compiled,) = ask.inspect_llvm().values()
    assert "@llvm.prefetch" in compiled
