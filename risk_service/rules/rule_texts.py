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
    found = [path] if path.is_file() else sorted(path.glob(f"*{SUFFIX}"))
    if not found:
        raise ConfigFault(f"{path}: no rule files there; they end in {SUFFIX}")
    texts = {}
    for one in found:
        try:
            content = one.read_bytes()
            if len(content) > FILE_BYTES_MAX:
                raise ConfigFault(f"{one}: larger than {FILE_BYTES_MAX:,} bytes")
            # Editors on Windows begin a file with a mark that is no TOML.
            texts[one.name] = content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise ConfigFault(f"{one}: not UTF-8 at byte {error.start}") from error
        except OSError as error:
            raise ConfigFault(f"{one}: cannot be read: {error.strerror}") from error
    return texts
