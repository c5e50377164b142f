"""The words of the offline commands, English and Chinese."""

from collections.abc import Mapping

from risk_service.cli.language import Phrases


class CommandWords(Phrases):
    """Says what the offline commands tell while they run and when they end."""

    file = "words.toml"
    package = __package__

    def step(self, name: str) -> str:
        """Return what a step of the work is called; a step of a part tells both.

        What has no word, such as the name of a table or of an abuse, is told as it is.
        """
        whole, colon, part = name.partition(": ")
        if colon:
            return self("part", self.step(whole), self.step(part))
        first, _, rest = name.partition(" ")
        if f"step_{name}" not in self.table and f"of_{first}" in self.table:
            named = self.named("inputs", rest)
            return self(f"of_{first}", self.named("abuse", rest) if named == rest else named)
        return self.named("step", name)

    def spent(self, seconds: Mapping[str, float], form: str = "tenths") -> str:
        """Return how long each step took, in tenths of seconds or in whole ``seconds``."""
        parts = (self(form, self.step(name), took) for name, took in seconds.items())
        return self("time", self("between").join(parts))
