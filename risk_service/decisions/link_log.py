"""How the links of durable events come to count in the state of clusters.

Links of a group wait until the log has the group. In a service that is alone the next group
applies them, or drops them with a commit that failed; services that share their windows
share their links as well (``adapters/live/shared_links.py``).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from risk_service.features.clusters.links import Link
from risk_service.features.clusters.state import ClusterState


class LinkLog(Protocol):
    """Brings links to a state, those of this service and perhaps of others."""

    @property
    def state(self) -> ClusterState[str]:
        """Return who is linked to whom."""

    def begin(self, now_us: int) -> None:
        """Ask for what is linked, before anything else of a group is read."""

    def arrive(self, r_us: int) -> int:
        """Let what was asked for count; return the stamp under which clusters are read.

        That is ``r_us``, where clusters have no stamps of their own. Links that come later
        count under this stamp or a later one.
        """

    def add(self, links: Sequence[Link]) -> None:
        """Take the links of a group that is about to be written to the log."""

    def settle(self) -> None:
        """Pass on the links of the group before, or drop them when the log has not got it."""

    def prepare(self, now_us: int) -> None:
        """Begin or finish the nightly run when it is due, also while no orders come."""

    def close(self) -> None:
        """Pass on what is durable; nothing comes any more."""


class OwnLinks:
    """Implements ``LinkLog`` for a service that is alone.

    Parameters
    ----------
    logged_us
        Returns the greatest stamp that the log has.
    """

    def __init__(self, state: ClusterState[str], logged_us: Callable[[], int]) -> None:
        self._state = state
        self._logged_us = logged_us
        self._waiting: list[Link] = []

    @property
    def state(self) -> ClusterState[str]:
        """Return who is linked to whom."""
        return self._state

    def begin(self, now_us: int) -> None:
        """Ask nobody."""

    def arrive(self, r_us: int) -> int:
        """Let the links of the group before count; return the stamp that was given."""
        self.settle()
        return r_us

    def add(self, links: Sequence[Link]) -> None:
        """Take the links of a group that is about to be written to the log."""
        self._waiting += links

    def settle(self) -> None:
        """Apply the links of the group before, or drop them when the log has not got it."""
        waiting, self._waiting = self._waiting, []
        if waiting and waiting[-1][2] <= self._logged_us():
            for account, links, stamp_us in waiting:
                self._state.apply(account, links, stamp_us)

    def prepare(self, now_us: int) -> None:
        """Begin or finish the nightly run when it is due, also while no orders come."""
        self.settle()
        self._state.prepare(now_us)

    def close(self) -> None:
        """Let the links of the last group count."""
        self.settle()
