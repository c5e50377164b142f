"""A throwaway process that loads models first, so that a crash is not the service's.

Holds both ends: ``Quarantine`` starts ``python -m risk_service.models.quarantine``, sends
the verified bytes (not a path, which could change in between) and reads the raw scores of
the golden rows as hexadecimal text. Limits of the child: 4 GiB of memory, 60 s of CPU, no
file written, no core dump, and the timeout of the parent.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import BundleRefused
from risk_service.models.runtime import Booster, LightGBMError

TIMEOUT_S = 30.0
MEMORY_BYTES = 4 * 1024**3
CPU_S = 60
REFUSED_EXIT = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One model to be tried: its text, and the columns of the rows that it takes."""

    text: bytes
    columns: tuple[int, ...]


class Quarantine:
    """The child process; use it as a context manager, and ``run`` it at most once.

    It starts at once: its imports overlap with what the parent still has to check.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._process = subprocess.Popen(
            # -P: the working directory is no place to import from.
            [sys.executable, "-P", "-m", "risk_service.models.quarantine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        """Return the running quarantine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child, whatever it does."""
        self._process.kill()
        self._process.communicate()

    def run(self, suspects: Mapping[str, Suspect], rows: Floats) -> dict[str, list[float]]:
        """Return each model's raw scores of the rows, by file name.

        Raises
        ------
        BundleRefused
            A model cannot be loaded, or loading or using it crashes or hangs.
        """
        try:
            answer, complaint = self._process.communicate(_pack(suspects, rows), self._timeout_s)
        except subprocess.TimeoutExpired as error:
            raise BundleRefused(
                "quarantine", "", f"models did not answer within {self._timeout_s:g} s"
            ) from error
        last_words = complaint.decode("utf-8", "replace").strip().splitlines()[-1:]
        code = self._process.returncode
        if code == REFUSED_EXIT:
            refused = json.loads(answer)
            raise BundleRefused("quarantine", refused["file"], refused["message"])
        if code != 0:
            detail = f": {last_words[0]}" if last_words else ""
            raise BundleRefused("quarantine", "", f"loading the models ended with {code}{detail}")
        scores: dict[str, list[str]] = json.loads(answer)
        return {file: [float.fromhex(x) for x in values] for file, values in scores.items()}


def _pack(suspects: Mapping[str, Suspect], rows: Floats) -> bytes:
    head = {
        "shape": rows.shape,
        "models": [
            {"file": file, "bytes": len(suspect.text), "columns": suspect.columns}
            for file, suspect in suspects.items()
        ],
    }
    texts = [suspect.text for suspect in suspects.values()]
    return b"".join([json.dumps(head).encode() + b"\n", rows.astype("<f8").tobytes(), *texts])


def main(source: BinaryIO, target: BinaryIO) -> int:
    """Load the models sent on ``source``, write their raw scores to ``target``."""
    _confine()
    head = json.loads(source.readline())
    count, width = head["shape"]
    rows = np.frombuffer(source.read(count * width * 8), dtype="<f8").reshape(count, width)
    scores: dict[str, list[str]] = {}
    for model in head["models"]:
        text = source.read(model["bytes"])
        try:
            raw = _try(text, np.ascontiguousarray(rows[:, model["columns"]], dtype=np.float64))
        except (LightGBMError, ValueError) as error:
            target.write(json.dumps({"file": model["file"], "message": str(error)}).encode())
            return REFUSED_EXIT
        scores[model["file"]] = [x.hex() for x in raw.tolist()]
    target.write(json.dumps(scores).encode())
    return 0


def _try(text: bytes, rows: Floats) -> Floats:
    booster = Booster(text)
    raw = booster.predict_matrix(rows)
    alone = [booster.predict_matrix(rows[at : at + 1])[0] for at in range(len(rows))]
    if raw.tolist() != alone:
        raise ValueError("a row's raw score depends on its neighbours")
    booster.leaf_indices(rows)
    return raw


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
