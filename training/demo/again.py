"""The decisions of the demo, decided again from the log beside the running service."""

from dataclasses import dataclass

from risk_service.adapters.sqlite.record_pages import read_records
from risk_service.bootstrap.replay import open_replayer
from risk_service.decisions.replay.tally import tallied
from risk_service.domain.errors import BundleRefused
from training.demo.server import ServerFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFigures:
    """How many decisions were decided again, and how many came out the same in every part."""

    decisions: int
    same: int


def replayed(files: ServerFiles) -> ReplayFigures:
    """Decide everything in the log again.

    Raises
    ------
    risk_service.domain.errors.BundleRefused
        The bundle that the service kept does not pass its checks.
    """
    replayer = open_replayer(
        files.state, bundles=(), trust=[files.trust], governance=None, refused=_refuse
    )
    tally = tallied(replayer.replay, read_records(files.state, _untold))
    return ReplayFigures(decisions=tally.decisions, same=tally.alike)


def _refuse(error: BundleRefused) -> None:
    raise error


def _untold(_table: str, _done: int, _whole: int) -> None:
    """Take no notice: the step is told, and takes a few seconds."""
