"""Files of a prepared data set that cannot be read: which one, why, and what makes it anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from risk_service.domain.errors import DataFault


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a cut off, damaged or missing file raises into a fault that names it.

    Raises
    ------
    DataFault
        The file cannot be read.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise DataFault(str(path), None, f"no such file; {_remedy(path)}") from error
    except (pa.ArrowException, OSError) as error:
        why = str(error).partition("\n")[0].rstrip(".")
        raise DataFault(
            str(path), None, f"cannot be read as Parquet: {why}; {_remedy(path)}"
        ) from error


def _remedy(path: Path) -> str:
    if path.name == "frame.parquet":
        return "remove it, and it is built again 删除后会自动重建"
    return "prepare the data set again 请重新运行 risk dataset prepare"
