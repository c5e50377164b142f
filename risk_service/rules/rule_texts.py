"""Reads the files that an author keeps rules or limits in; what they say is read elsewhere."""

from pathlib import Path

from risk_service.domain.errors import ConfigFault

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
        raise ConfigFault(f"{path}: no rule files there; they end in {SUFFIX}")
    return {one.name: _text_of(one) for one in found}


def _text_of(path: Path) -> str:
    # A pipe has no end, nor has a device, whatever their names end in.
    if not path.is_file():
        raise ConfigFault(f"{path}: is no file 不是文件")
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigFault(
            f"{path}: larger than {FILE_BYTES_MAX:,} bytes; divide it 文件过大，请拆分"
        )
    try:
        # Editors on Windows begin a file with a mark that is no TOML.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigFault(f"{path}:{line}: not UTF-8; save it as UTF-8 请另存为 UTF-8") from error
