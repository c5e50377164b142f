"""Stamps of events: at once their order and the time at which they were taken in."""


class Stamps:
    """Gives strictly increasing times, whatever the clock does.

    One source serves everything that is written to one log, so that its stamps are unique.

    Parameters
    ----------
    last_us
        The greatest stamp in the log; stamps go on from there after a restart, also when the
        clock has gone back meanwhile.
    """

    def __init__(self, last_us: int) -> None:
        self.last_us = last_us

    def next_us(self, now_us: int) -> int:
        """Return the clock, or one more than the stamp before."""
        last_us = self.last_us
        self.last_us = now_us if now_us > last_us else last_us + 1
        return self.last_us
