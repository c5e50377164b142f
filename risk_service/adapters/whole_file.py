"""Replaces a small file so that a reader, or a start after a power cut, finds all of it."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file durably; there is the old one or the new one, never a part or an empty one.

    Raises
    ------
    OSError
        It cannot be written; the one before is left as it was.
    """
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    # The rename as well: whoever reads an older one would take it for all there is.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
