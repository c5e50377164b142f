"""Reads the files that an author keeps rules or limits in; what they say is read elsewhere."""

from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal

SUFFIX = ".toml"
FILE_BYTES_MAX = 1_000_000


def read_texts(path: Path) -> dict[str, str]:
    """Return the texts of a rule file, or of all rule files of a directory, by name.

    Raises
    ------
    ConfigFault
        There is none, or one is too large, no UTF-8 or cannot be read.
    """
    found = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not found:
        raise ConfigFault(refusal("no_rule_files", path=path, suffix=SUFFIX))
    return {one.name: _text_of(one) for one in found}


def _text_of(path: Path) -> str:
    # A pipe has no end, nor has a device, whatever their names end in.
    if not path.is_file():
        raise ConfigFault(refusal("not_a_file", path=path))
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigFault(refusal("unreadable_file", path=path, error=error.strerror)) from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigFault(refusal("large_file", path=path, most=f"{FILE_BYTES_MAX:,}"))
    try:
        # Editors on Windows begin a file with a mark that is no TOML.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigFault(refusal("not_utf8", path=path, line=line)) from error
