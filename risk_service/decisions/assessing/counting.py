"""Lets claims and promotion actions count in the windows, as reported events do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from risk_service.decisions.assessing.pending import Drafted
from risk_service.domain.event import Event
from risk_service.domain.reported import EventRecord
from risk_service.domain.stamps import Stamps
from risk_service.feature_ports import WindowStore
from risk_service.features.windows.applying import applied_stamps

CountLinks = Callable[[Sequence[tuple[int, Event]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Gives events their stamps and hands them to the windows.

    Parameters
    ----------
    count_links
        Lets the links of stamped events count once the log has them.
    """

    windows: WindowStore
    count_links: CountLinks
    stamps: Stamps

    def stamped(self, drafted: Sequence[Drafted], now_us: int) -> list[EventRecord]:
        """Return what the log keeps of a group, in the order of its stamps."""
        counted = [one for one in drafted if one.event is not None and one.reported is not None]
        events = [one.event for one in counted if one.event is not None]
        applied = applied_stamps(self.windows, events, now_us)
        records = [
            self.stamps.stamped(one.reported, of_groups, now_us)
            for one, of_groups in zip(counted, applied, strict=True)
            if one.reported is not None
        ]
        self.count_links(
            [(record.stamp_us, event) for record, event in zip(records, events, strict=True)]
        )
        rest = [one.reported for one in drafted if one.event is None and one.reported is not None]
        # Behind the others: their stamps are given by the windows and must rise.
        return records + [self.stamps.stamped(record, [], now_us) for record in rest]
