"""Opens what is to be imported; its kind is told by the first bytes, not by the name."""

from collections.abc import Sequence
from pathlib import Path

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.domain.text import LocalizedText
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
from training.words import fault, in_lines

_MAGIC_BYTES = 8
# How files begin that are no tables of one of the known kinds -> what they are, and the way out.
_NO_TABLES = {
    b"PK\x03\x04": "archive",
    b"\xd0\xcf\x11\xe0": "spreadsheet",
    b"\xfd7zXZ": "packed_xz",
    b"ARROW1": "arrow_file",
    b"{": "json_file",
    b"[{": "json_file",
    b"<!": "web_page",
    b"<html": "web_page",
    b"<?xml": "xml_file",
}
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
    for magic, code in _NO_TABLES.items():
        if start.startswith(magic):
            raise DataFault(str(path), None, fault(code, name=path.name))
    is_parquet = start.startswith(b"PAR1")
    if spec.format is not None and (spec.format == "parquet") != is_parquet:
        code = "is_parquet" if is_parquet else "is_no_parquet"
        raise DataFault(str(path), None, fault(code, format=spec.format))
    return ParquetFile(path) if is_parquet else CsvFile(path, spec, wanted, start)


def check_columns(source: SourceFile, read: ReadMapping) -> list[str]:
    """Return the columns that the mapping uses, each once.

    Raises
    ------
    ConfigFault
        The source lacks some; names each, the key of the mapping, and the likely one. Or a
        column is a label and an input.
    """
    missing: dict[str, LocalizedText] = {}
    used: dict[str, None] = {}
    readable = [name for name in source.columns if MARK not in name]
    for key, column in columns_used(read.mapping):
        used[column] = None
        if column not in source.columns:
            advice = did_you_mean(column, readable)
            told = fault("no_column", key=key, column=column, advice=advice)
            missing.setdefault(column, told)
    if missing:
        names = ", ".join(source.columns[:_MOST_COLUMNS_NAMED]).replace(MARK, "?")
        more = ", ..." if len(source.columns) > _MOST_COLUMNS_NAMED else ""
        text = fault(
            "no_columns",
            path=source.path,
            count=fault("one_column" if len(missing) == 1 else "several_columns"),
            lines=in_lines(missing.values()),
            names=names + more,
        )
        if isinstance(source, CsvFile) and len(readable) < len(source.columns):
            text = in_lines((text, fault("header_no_text", text=source.encoding_advice())))
        elif missing.keys() == used.keys():
            text = in_lines((text, fault("none_of_the_columns")))
        raise ConfigFault(fault("at", where=read.path, text=text))
    _refuse_labels_as_inputs(read)
    return list(used)


def _refuse_labels_as_inputs(read: ReadMapping) -> None:
    """Refuse to learn a label from the very column that holds it, or from when it was known."""
    label_keys = _label_keys(read)
    labels = {column: key for key, column in columns_used(read.mapping) if key in label_keys}
    for key, column in columns_used(read.mapping):
        if column in labels and key.startswith(_INPUTS):
            told = {"key": key, "column": column, "label": labels[column]}
            raise ConfigFault(fault("label_as_input", path=read.path, **told))


def _label_keys(read: ReadMapping) -> set[str]:
    return {f"labels.{name}.{key}" for name in read.mapping.labels for key in _LABEL_KEYS}


def _first_bytes(path: Path) -> bytes:
    # A pipe gives its bytes once, and a file is looked at before it is read.
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise DataFault(str(path), None, fault("source_pipe"))
    try:
        with path.open("rb") as file:
            start = file.read(_MAGIC_BYTES)
    except IsADirectoryError as error:
        raise DataFault(str(path), None, fault("directory")) from error
    except FileNotFoundError as error:
        raise DataFault(str(path), None, fault("no_file")) from error
    if not start:
        raise DataFault(str(path), None, fault("empty_file"))
    return start
