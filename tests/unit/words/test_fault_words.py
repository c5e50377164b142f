"""The words of faults of the offline half: `training/words`."""

import re
from collections import Counter
from pathlib import Path

import pytest

from training.words import FILES, fault, texts_of

ROOT = Path(__file__).parents[3]
EVERY = {(file, code): text for file in FILES for code, text in texts_of(file).items()}
# Texts of signs alone, which have no letter in any language.
SIGNS = {"at", "full_stop"}
CHINESE = re.compile("[\u4e00-\u9fff]")
PLACES = re.compile(r"(?<!\{)\{(\w+)")
NARROW = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;?!][\u4e00-\u9fff]")


@pytest.mark.parametrize(("file", "code"), sorted(EVERY))
def test_faults_are_told_in_both_languages(file: str, code: str) -> None:
    """With the same places, in their own language; names of keys and commands stay."""
    text = EVERY[file, code]
    assert set(PLACES.findall(text.en)) == set(PLACES.findall(text.zh))
    assert text.en.isascii()
    assert code in SIGNS or CHINESE.search(text.zh)
    assert not NARROW.search(text.zh), "signs beside Chinese are wide"
    facts = dict.fromkeys(PLACES.findall(text.en), 2)
    assert "{" not in fault(code, **facts).zh.replace("{ column", "")


def test_no_code_stands_in_two_files() -> None:
    """The later one would be told in place of the first."""
    assert max(Counter(code for _, code in EVERY).values()) == 1


def test_every_text_is_told_somewhere() -> None:
    """A text that nobody tells is left over from a fault that went."""
    sources = (path.read_text("utf-8") for path in (ROOT / "training").rglob("*.py"))
    quoted = set(re.findall(r'"(\w+)"', "\n".join(sources)))
    assert {code for _, code in EVERY} <= quoted
