"""Directories and files that appear whole or not at all, and the writers of their tables."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from risk_service.domain.errors import ConfigFault
from training.words import fault


@contextmanager
def appearing_whole(out: Path) -> Iterator[Path]:
    """Yield a directory beside ``out`` that takes its place when the block ends well.

    What a killed process left of an earlier attempt at ``out`` goes first.

    Raises
    ------
    ConfigFault
        ``out`` is not empty, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigFault(fault("exists_already", path=out))
    _remove_abandoned(out)
    partial = out.parent / f".{out.name}.partial-{os.getpid()}"
    try:
        partial.mkdir(parents=True)
        yield partial
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        raise ConfigFault(fault("unwritable", path=out, error=error.strerror or error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_writable(*paths: Path) -> None:
    """Refuse files that could not be written, before the work whose result they are to hold.

    Raises
    ------
    ConfigFault
        What there is of its directory is none, or takes no files.
    """
    for path in paths:
        there = next(one for one in path.absolute().parents if one.exists())
        if not there.is_dir():
            raise ConfigFault(fault("unwritable_no_directory", path=path, there=there))
        if not os.access(there, os.W_OK | os.X_OK):
            raise ConfigFault(fault("unwritable_not_yours", path=path, there=there))


@contextmanager
def file_appearing_whole(path: Path) -> Iterator[Path]:
    """Yield a file beside ``path`` that takes its place when the block ends well.

    Raises
    ------
    ConfigFault
        It cannot be written there.
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise ConfigFault(fault("unwritable", path=path, error=error.strerror or error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write a file that appears whole or not at all: CSV when it is called so, else Parquet.

    Raises
    ------
    ConfigFault
        It cannot be written.
    """
    with file_appearing_whole(path) as partial:
        if path.suffix == ".csv":
            pa_csv.write_csv(rows, partial)
        else:
            pq.write_table(rows, partial)


def _remove_abandoned(out: Path) -> None:
    """Remove partial directories whose process is gone; one that still writes keeps its own."""
    start = f".{out.name}.partial-"
    for partial in out.parent.glob(f"{glob.escape(start)}*"):
        number = partial.name.removeprefix(start)
        if number.isdecimal() and not _is_running(int(number)):
            shutil.rmtree(partial, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        # Somebody else's process, or no number of a process: not ours to judge.
        return True
    return True


def table_writer(directory: Path, name: str, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer of ``NAME.parquet``; it is a context manager."""
    return pq.ParquetWriter(
        directory / f"{name}.parquet", schema, compression="zstd", compression_level=1
    )
