"""Small worlds that several tests read; each is written once."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from training.simulate.settings import WorldSettings
from training.simulate.write import simulate


@dataclass(frozen=True)
class OnDisk:
    """A world as it was written, with its tables as data frames."""

    directory: Path
    truth: Path

    def frame(self, name):
        """Return one file of the data set as a data frame."""
        return pq.read_table(self.directory / f"{name}.parquet").to_pandas()

    def truth_frame(self):
        """Return the ground truth as a data frame."""
        return pq.read_table(self.truth / "truth.parquet").to_pandas()


@pytest.fixture(scope="session")
def write_world(tmp_path_factory):
    """Write a world of the given options into a directory of its own."""

    def write(**options):
        out = tmp_path_factory.mktemp("world") / "data"
        settings = WorldSettings(**({"seed": 5, "days": 60, "orders": 6_000} | options))
        written = simulate(settings, out)
        return OnDisk(written.out, written.truth)

    return write


@pytest.fixture(scope="session", params=["pure", "online_retail"])
def world(request, write_world):
    """Return a small world of each base."""
    return write_world(base=request.param)
