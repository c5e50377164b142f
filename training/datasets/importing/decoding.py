"""Any encoding to UTF-8 on the way into Arrow; what is no text is marked, not lost.

Arrow refuses a whole file for one byte, and drops a row with too many cells unsaid when its
bytes are no UTF-8. With a mark in place of the byte, the row can be named.
"""

import codecs
import re

# A code point that Unicode keeps free for such use inside of programs.
MARK = "\ufdd0"
_HANDLER = "promoguard.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


codecs.register_error(_HANDLER, _mark)


def likely_encoding(start: bytes) -> str:
    """Return UTF-8, GB 18030 or Windows-1252, whichever the first bytes of a text are likely in.

    Chinese letters are mostly pairs of high bytes, European ones stand between low ones.
    """
    if _decodes(start, "utf-8"):
        return "utf-8"
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", start)]
    paired = sum(length for length in runs if length > 1)
    if 2 * paired > sum(runs) and _decodes(start, "gb18030"):
        return "gb18030"
    return "cp1252"


def _decodes(start: bytes, encoding: str) -> bool:
    try:
        # The last character may be cut off.
        codecs.getincrementaldecoder(encoding)().decode(start, final=False)
    except UnicodeDecodeError:
        return False
    return True


class MarkingDecoder:
    """Turns blocks of bytes into blocks of UTF-8, for ``pyarrow.TransformInputStream``.

    ``has_marked`` tells whether any block so far held bytes that are no text.
    """

    def __init__(self, encoding: str) -> None:
        # A byte order mark is no part of the first cell.
        is_utf8 = codecs.lookup(encoding).name == "utf-8"
        factory = codecs.getincrementaldecoder("utf-8-sig" if is_utf8 else encoding)
        self._decoder = factory(_HANDLER)
        self.has_marked = False

    def __call__(self, block: bytes) -> bytes:
        """Return the text of a block; an empty one is the end."""
        data = bytes(block)
        text = self._decoder.decode(data, not data)
        self.has_marked |= MARK in text
        return text.encode("utf-8", "replace")
