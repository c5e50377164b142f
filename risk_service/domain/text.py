"""Texts that people read, in the languages of the product."""

from collections.abc import Iterable, Mapping

from risk_service.domain.positional import Positional


class LocalizedText(Positional, frozen=True, kw_only=True, gc=False):
    """The same sentence in Chinese and English."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """Return the text in one language: ``zh``, else English."""
        return self.zh if language == "zh" else self.en


def filled(template: LocalizedText, facts: Mapping[str, object]) -> LocalizedText:
    """Return a text with its places filled; a fact may be a text in both languages itself."""
    texts = {name: fact for name, fact in facts.items() if isinstance(fact, LocalizedText)}
    return LocalizedText(
        zh=template.zh.format(**{**facts, **{name: text.zh for name, text in texts.items()}}),
        en=template.en.format(**{**facts, **{name: text.en for name, text in texts.items()}}),
    )


def listed(texts: Iterable[LocalizedText]) -> LocalizedText:
    """Return texts one after another, as each language lists them."""
    found = tuple(texts)
    return LocalizedText(
        zh="、".join(text.zh for text in found), en=", ".join(text.en for text in found)
    )
