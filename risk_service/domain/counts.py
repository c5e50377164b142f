"""How many of something, as English tells it: ``1 entry``, ``2 entries``."""


class Count(int):
    """A number that a text may tell with its noun: ``{:entry|entries}``.

    Every other form is that of an int. The words may go on behind the noun, as in
    ``{:entry is|entries are}``.
    """

    def __format__(self, form: str) -> str:
        """Return the number, with the words of one or of several where the form has both."""
        one, bar, several = form.partition("|")
        if not bar:
            return super().__format__(form)
        return f"{int(self):,} {one if self == 1 else several}"
