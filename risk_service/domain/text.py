"""Texts that people read, in the languages of the product."""

from msgspec import Struct


class LocalizedText(Struct, frozen=True, kw_only=True, gc=False):
    """The same sentence in Chinese and English."""

    zh: str
    en: str
