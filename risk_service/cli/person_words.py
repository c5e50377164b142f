"""The words of ``risk person``, English and Chinese."""

from risk_service.cli.language import Phrases


class PersonWords(Phrases):
    """Says them."""

    file = "person_words.toml"
