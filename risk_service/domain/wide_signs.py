"""Signs as Chinese input methods write them, and what is meant where only narrow ones are read."""

import unicodedata

# What has no narrow form of its own, or another meaning than that form.
_MEANT = {
    "，": ",",
    "、": ",",
    "。": ".",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "【": "[",
    "】": "]",
}
WIDE = "，、。（）；：？＜＝＞＆｜＋－＊／％．［］【】｛｝＂＇“”‘’０１２３４５６７８９"


def meant_by(sign: str) -> str:
    """Return the narrow sign that is meant by a wide one; empty for every other."""
    if len(sign) != 1 or sign not in WIDE:
        return ""
    return _MEANT.get(sign) or unicodedata.normalize("NFKC", sign)
