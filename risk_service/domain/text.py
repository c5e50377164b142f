"""Texts that people read, in the languages of the product."""

from risk_service.domain.positional import Positional


class LocalizedText(Positional, frozen=True, kw_only=True, gc=False):
    """The same sentence in Chinese and English."""

    zh: str
    en: str
