"""Files of a prepared data set that cannot be read: which one, why, and what makes it anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.words import fault


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
        raise DataFault(str(path), None, fault("no_file_remedy", remedy=_remedy(path))) from error
    except (pa.ArrowException, OSError) as error:
        why = str(error).partition("\n")[0].rstrip(".")
        told = fault("unreadable_remedy", error=why, remedy=_remedy(path))
        raise DataFault(str(path), None, told) from error


def _remedy(path: Path) -> LocalizedText:
    return fault("remove_it" if path.name == "frame.parquet" else "prepare_set_again")
