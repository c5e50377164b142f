"""Reading the files of a bundle directory without being led elsewhere.

Holds the listing and the capped read. Every file is opened relative to the directory,
never through a symbolic link, once: what was checked is what is used.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from risk_service.domain.errors import BundleRefused
from risk_service.models.manifest import FILE_NAME

MAX_FILES = 32


@contextmanager
def opened(directory: Path) -> Iterator[int]:
    """Open a bundle directory; yields its file descriptor.

    Raises
    ------
    BundleRefused
        There is no such directory, or it cannot be opened.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BundleRefused("directory", "", f"{directory}: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def file_names(directory: int) -> frozenset[str]:
    """Return the names in the directory.

    Raises
    ------
    BundleRefused
        There are too many, or one is no plain file name.
    """
    names = frozenset(os.listdir(directory))
    if len(names) > MAX_FILES:
        raise BundleRefused("directory", "", f"{len(names)} files, more than {MAX_FILES}")
    for name in sorted(names):
        if not FILE_NAME.fullmatch(name):
            raise BundleRefused("directory", ascii(name)[:80], "not a name of a bundle's file")
    return names


def read_file(directory: int, name: str, max_bytes: int) -> bytes:
    """Return the whole content of one file.

    Raises
    ------
    BundleRefused
        The file is missing, no regular file, too large or cannot be read.
    """
    # Without O_NONBLOCK, opening a named pipe would wait for ever.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=directory)
    except OSError as error:
        raise BundleRefused("files", name, f"cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BundleRefused("files", name, "not a regular file")
        # One byte more than allowed tells a file that has grown since from a whole one.
        content = file.read(max_bytes + 1) if status.st_size <= max_bytes else None
    if content is None or len(content) > max_bytes:
        raise BundleRefused("size", name, f"more than the {max_bytes} bytes allowed")
    return content
