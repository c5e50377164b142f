"""The words of commands that speak to a running service, English and Chinese."""

from risk_service.cli.language import Phrases


class RemoteWords(Phrases):
    """Says them; a state or kind that has no word is said as the service says it."""

    file = "remote_words.toml"

    def state(self, name: str) -> str:
        """Return the state of a proposal or entry."""
        return self.named("state", name)

    def kind(self, name: str) -> str:
        """Return what a list is."""
        return self.named("kind", name)

    def done(self, name: str) -> str:
        """Return what a change of a list does."""
        return self.named("done", name)
