"""LightGBM's C library, called by ctypes: load a model, raw scores, leaf indices.

``import lightgbm`` costs seconds and pulls in pandas; the library file alone is found
beside the package and loaded in milliseconds. Calls hold the interpreter lock (PyDLL):
a call lasts tens of microseconds to a millisecond, and handing the lock to the gRPC
threads and back costs more than it wins. One thread of computation, so the same row gives
the same bits alone or in a batch.

Load only text that ``model_text`` and ``quarantine`` have accepted.
"""

import ctypes
import weakref
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault, RiskError

Floats = NDArray[np.float64]

_RAW_SCORE, _LEAF_INDEX = 1, 2
_FLOAT64 = 1
_DOUBLE_BYTES = 8
_ROW_MAJOR = 1
_PARAMETERS = b"num_threads=1 verbosity=-1"
_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_POINTER = ctypes.c_void_p
# Up to here rows go one by one through the prepared call: the matrix call parses its
# parameters anew each time, which costs as much as the traversal of some rows.
FAST_ROWS_MAX = 8


class LightGBMError(RiskError):
    """The C library refused a call; the message is its own."""


# Keeps LightGBM from writing to stdout; its errors come back as error strings.
_DISCARD = _LOG_CALLBACK(lambda _message: None)


def library_path() -> Path:
    """Return where the LightGBM shared library lies, without importing the package.

    Raises
    ------
    ConfigFault
        LightGBM is not installed, or without its library.
    """
    spec = find_spec("lightgbm")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "lib" / "lib_lightgbm.so"
        if path.is_file():
            return path
    raise ConfigFault("lib_lightgbm.so not found: install the package 'lightgbm'")


@cache
def _library() -> ctypes.PyDLL:
    library = ctypes.PyDLL(str(library_path()))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    # Sizes must be declared, or ctypes would cut 64-bit pointers to int.
    library.LGBM_BoosterPredictForMat.argtypes = [
        _POINTER, _POINTER, ctypes.c_int, ctypes.c_int32, ctypes.c_int32, ctypes.c_int,
        ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_char_p, _POINTER, _POINTER,
    ]  # fmt: skip
    library.LGBM_BoosterPredictForMatSingleRowFastInit.argtypes = [
        _POINTER, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int32,
        ctypes.c_char_p, ctypes.POINTER(_POINTER),
    ]  # fmt: skip
    library.LGBM_BoosterPredictForMatSingleRowFast.argtypes = [_POINTER] * 4
    library.LGBM_BoosterFree.argtypes = [_POINTER]
    library.LGBM_FastConfigFree.argtypes = [_POINTER]
    return library


def _check(status: int) -> None:
    if status != 0:
        message: bytes = _library().LGBM_GetLastError()
        raise LightGBMError(message.decode("utf-8", "replace"))


class Booster:
    """One loaded model.

    Parameters
    ----------
    text
        The model in LightGBM's text format.

    Raises
    ------
    LightGBMError
        The library refuses the text. A text crafted to crash it does crash it: see the
        module's docstring.

    Examples
    --------
    >>> booster = Booster(Path("scalping.full.txt").read_bytes())  # doctest: +SKIP
    >>> booster.predict_matrix(np.zeros((2, booster.num_features)))  # doctest: +SKIP
    array([-1.2, -1.2])
    """

    def __init__(self, text: bytes) -> None:
        library = _library()
        # The callback is per thread in LightGBM, so it is set where the model is loaded.
        _check(library.LGBM_RegisterLogCallback(_DISCARD))
        handle, iterations = _POINTER(), ctypes.c_int()
        _check(
            library.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text), ctypes.byref(iterations), ctypes.byref(handle)
            )
        )
        handles = [handle]
        # Freed once, when the object dies: fast configurations first, they point into the model.
        self._free = weakref.finalize(self, _free_all, library, handles)
        self._handle = handle
        self.num_trees = iterations.value
        features = ctypes.c_int()
        _check(library.LGBM_BoosterGetNumFeature(handle, ctypes.byref(features)))
        self.num_features = features.value
        self._raw_fast = self._fast_config(_RAW_SCORE, handles)
        # Per kind: the prepared call and how many values it writes for a row.
        self._fast = {
            _RAW_SCORE: (self._raw_fast, 1),
            _LEAF_INDEX: (self._fast_config(_LEAF_INDEX, handles), self.num_trees),
        }
        self._call_matrix = library.LGBM_BoosterPredictForMat
        self._call_fast = library.LGBM_BoosterPredictForMatSingleRowFast
        self._written = ctypes.c_int64()
        self._written_at = ctypes.addressof(self._written)

    def _fast_config(self, kind: int, handles: list[ctypes.c_void_p]) -> ctypes.c_void_p:
        config = _POINTER()
        status = _library().LGBM_BoosterPredictForMatSingleRowFastInit(
            self._handle, kind, 0, -1, _FLOAT64, self.num_features, _PARAMETERS, config
        )
        _check(status)
        handles.append(config)
        return config

    def close(self) -> None:
        """Free the model now; the object must not be used afterwards."""
        self._free()

    def predict_matrix(self, rows: Floats) -> Floats:
        """Return raw scores (log odds), shape (n,), of C-contiguous rows (n, features).

        Raises
        ------
        ValueError
            The rows have another shape, type or layout.
        """
        out: Floats = predict_all((self,), rows)[0]
        return out

    def leaf_indices(self, rows: Floats) -> NDArray[np.int64]:
        """Return the leaf that each row reaches in each tree, shape (n, trees).

        Raises
        ------
        ValueError
            The rows have another shape, type or layout.
        """
        self._check_rows(rows)
        out = np.empty((len(rows), self.num_trees))
        self._predict(_LEAF_INDEX, rows.ctypes.data, len(rows), out.ctypes.data)
        return out.astype(np.int64)

    def _check_rows(self, rows: Floats) -> None:
        # The library takes a bare address: a wrong shape would read foreign memory.
        if rows.ndim != 2 or rows.shape[1] != self.num_features:
            raise ValueError(f"rows have shape {rows.shape}, not (n, {self.num_features})")
        if rows.dtype != np.float64 or not rows.flags.c_contiguous:
            raise ValueError("rows are not C-contiguous float64")

    def _predict(self, kind: int, rows_at: int, count: int, out_at: int) -> None:
        if count > FAST_ROWS_MAX:
            status = self._call_matrix(
                self._handle, rows_at, _FLOAT64, count, self.num_features, _ROW_MAJOR,
                kind, 0, -1, _PARAMETERS, self._written_at, out_at,
            )  # fmt: skip
            _check(status)
            return
        config, width = self._fast[kind]
        for _ in range(count):
            _check(self._call_fast(config, rows_at, self._written_at, out_at))
            rows_at += self.num_features * _DOUBLE_BYTES
            out_at += width * _DOUBLE_BYTES


def predict_all(boosters: Sequence[Booster], rows: Floats) -> Floats:
    """Return raw scores (log odds), shape (boosters, n), of C-contiguous rows (n, features).

    Raises
    ------
    ValueError
        The rows have another shape, type or layout.
    """
    count = len(rows)
    out = np.empty((len(boosters), count))
    rows_at, out_at = rows.ctypes.data, out.ctypes.data
    for booster in boosters:
        booster._check_rows(rows)
        booster._predict(_RAW_SCORE, rows_at, count, out_at)
        out_at += count * _DOUBLE_BYTES
    return out


def _free_all(library: ctypes.PyDLL, handles: list[ctypes.c_void_p]) -> None:
    for config in handles[1:]:
        library.LGBM_FastConfigFree(config)
    library.LGBM_BoosterFree(handles[0])
