"""Opens what is to be imported; its kind is told by the first bytes, not by the name."""

from collections.abc import Sequence
from pathlib import Path

from risk_service.domain.errors import ConfigFault, DataFault
from training.datasets.importing.csv_file import CsvFile
from training.datasets.importing.decoding import MARK
from training.datasets.importing.mapping import ReadMapping
from training.datasets.importing.mapping_columns import columns_used
from training.datasets.importing.mapping_faults import did_you_mean
from training.datasets.importing.parquet_file import ParquetFile
from training.datasets.importing.source_batch import SourceFile
from training.datasets.importing.specs import (
    SourceSpec,
)

_MAGIC_BYTES = 8
# How files begin that are no tables of one of the known kinds -> what they are, and the way out.
_SEE_DOCS = (
    "make a Parquet file of it first: docs/own-data.md, Other kinds of files, has the command"
)
_NO_TABLES = {
    b"PK\x03\x04": "is a ZIP archive or a spreadsheet; save it as CSV, CSV.gz or Parquet first",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet; save it as CSV, CSV.gz or Parquet first",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip",
    b"{": f"is JSON; {_SEE_DOCS}",
    b"[{": f"is JSON; {_SEE_DOCS}",
    b"<!": "is a web page and no table; was a login page saved in its place?",
    b"<html": "is a web page and no table; was a login page saved in its place?",
    b"<?xml": "is XML and no table; save it as CSV, CSV.gz or Parquet first",
}
_NO_HEADER = (
    "none of the mapping's columns is there; has the file no header ([source] columns names them),"
    " or lines before it (skip_lines)?"
)
_MANY_FILES = (
    "is a directory; name one file. CSV files with one header are joined by cat, packed ones too,"
    " and Parquet files as docs/own-data.md says under Other kinds of files"
)
# Keys of the mapping whose columns a model learns from.
_INPUTS = ("entities.", "categorical.", "numeric.", "amount.", "group.")
_LABEL_KEYS = ("column", "when", "known_at")
_MOST_COLUMNS_NAMED = 40


def open_source(path: Path, spec: SourceSpec, wanted: Sequence[str]) -> SourceFile:
    """Open a CSV, compressed CSV or Parquet file.

    Parameters
    ----------
    wanted
        Columns that the mapping names; the delimiter is the one that finds most of them.

    Raises
    ------
    DataFault
        The file is missing, empty, or of a kind that cannot be imported.
    """
    start = _first_bytes(path)
    for magic, message in _NO_TABLES.items():
        if start.startswith(magic):
            raise DataFault(str(path), None, message)
    is_parquet = start.startswith(b"PAR1")
    if spec.format is not None and (spec.format == "parquet") != is_parquet:
        message = f"is {'' if is_parquet else 'no '}Parquet, and the mapping says {spec.format}"
        raise DataFault(str(path), None, message)
    return ParquetFile(path) if is_parquet else CsvFile(path, spec, wanted, start)


def check_columns(source: SourceFile, read: ReadMapping) -> list[str]:
    """Return the columns that the mapping uses, each once.

    Raises
    ------
    ConfigFault
        The source lacks some; names each, the key of the mapping, and the likely one. Or a
        column is a label and an input.
    """
    missing: dict[str, str] = {}
    used: dict[str, None] = {}
    for key, column in columns_used(read.mapping):
        used[column] = None
        if column not in source.columns:
            advice = did_you_mean(column, source.columns)
            missing.setdefault(column, f"{key} names {column!r}{advice}")
    if missing:
        names = ", ".join(source.columns[:_MOST_COLUMNS_NAMED]).replace(MARK, "?")
        more = ", ..." if len(source.columns) > _MOST_COLUMNS_NAMED else ""
        lines = "\n  ".join(missing.values())
        lacking = "column" if len(missing) == 1 else "columns"
        message = f"{source.path} has no such {lacking}\n  {lines}\n  its columns: {names}{more}"
        if missing.keys() == used.keys():
            message += f"\n  {_no_header(source)}"
        raise ConfigFault(f"{read.path}: {message}")
    _refuse_labels_as_inputs(read)
    return list(used)


def _no_header(source: SourceFile) -> str:
    """Return why a header has none of the names: a wrong encoding is the likeliest reason."""
    if isinstance(source, CsvFile) and any(MARK in name for name in source.columns):
        return f"the header {source.encoding_advice()}"
    return _NO_HEADER


def _refuse_labels_as_inputs(read: ReadMapping) -> None:
    """Refuse to learn a label from the very column that holds it, or from when it was known."""
    label_keys = _label_keys(read)
    labels = {column: key for key, column in columns_used(read.mapping) if key in label_keys}
    for key, column in columns_used(read.mapping):
        if column in labels and key.startswith(_INPUTS):
            raise ConfigFault(
                f"{read.path}: {key} names {column!r}, which is what {labels[column]} reads: nobody"
                " knows it when the event happens; leave it out"
            )


def _label_keys(read: ReadMapping) -> set[str]:
    return {f"labels.{name}.{key}" for name in read.mapping.labels for key in _LABEL_KEYS}


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(_MAGIC_BYTES)
    except IsADirectoryError as error:
        raise DataFault(str(path), None, _MANY_FILES) from error
    except FileNotFoundError as error:
        raise DataFault(str(path), None, "no such file") from error
    if not start:
        raise DataFault(str(path), None, "the file is empty")
    return start
