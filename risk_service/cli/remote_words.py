"""The words of commands that speak to a running service, English and Chinese."""

from risk_service.cli.language import Phrases
from risk_service.domain.states import state_name


class RemoteWords(Phrases):
    """Says them; a state, kind or change that has no word is said as the service says it."""

    file = "remote_words.toml"

    def state(self, name: str) -> str:
        """Return the state of a proposal or entry."""
        return state_name(name).of(self.language)

    def kind(self, name: str) -> str:
        """Return what a list is."""
        return state_name(name).of(self.language)

    def done(self, name: str) -> str:
        """Return what a change of a list does."""
        return self.named("done", name)
