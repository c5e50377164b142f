"""The words of ``risk explain``, English and Chinese."""

from risk_service.cli.language import Phrases


class Words(Phrases):
    """Says them."""

    file = "explain_words.toml"
