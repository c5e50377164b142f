"""What a user may choose about a world, checked once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from risk_service.domain.errors import ConfigFault
from risk_service.domain.text import LocalizedText
from training.simulate.arrays import DAY_US
from training.simulate.kinds import STRATEGIES
from training.words import fault

BASES = ("pure", "online_retail")
# A fixed end, not "today": the same command writes the same bytes on every day.
DEFAULT_END = date(2026, 6, 30)
# With fewer the attacks alone, which come in rings, would be more than were asked for.
FEWEST_ORDERS, MOST_ORDERS = 500, 5_000_000
# The test slice of ``training.split`` begins at 72 to 75 % of a year's days.
LATE_FROM = 0.76
FEWEST_DAYS, MOST_DAYS = 7, 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSettings:
    """Choices of a world. The last order lies before midnight (UTC) after ``end``.

    Attack strategies named in ``late`` first appear in the last quarter of the days, when a
    model trained on the days before has never met them.

    Raises
    ------
    ConfigFault
        A value is out of its range; the message names the option.
    """

    seed: int
    days: int
    orders: int
    base: str = "pure"
    end: date = DEFAULT_END
    late: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no world can be built from."""
        if self.base not in BASES:
            told = fault("one_of", option="--base", known=", ".join(BASES), given=self.base)
            raise ConfigFault(told)
        if not 0 <= self.seed < 2**32:
            raise ConfigFault(_within("--seed", 0, 2**32 - 1, self.seed))
        if not FEWEST_DAYS <= self.days <= MOST_DAYS:
            raise ConfigFault(_within("--days", FEWEST_DAYS, MOST_DAYS, self.days))
        if not FEWEST_ORDERS <= self.orders <= MOST_ORDERS:
            raise ConfigFault(_within("--orders", FEWEST_ORDERS, MOST_ORDERS, self.orders))
        unknown = sorted(set(self.late) - set(STRATEGIES[1:]))
        if unknown:
            known = ", ".join(STRATEGIES[1:])
            raise ConfigFault(fault("one_of", option="--late", known=known, given=unknown[0]))
        if not date(2000, 1, 1) <= self.end <= date(2100, 1, 1):
            raise ConfigFault(fault("end_years", given=self.end))

    @property
    def late_day(self) -> int:
        """Return the first day of late strategies: after the calibration of any model."""
        return int(self.days * LATE_FROM)

    @property
    def real(self) -> bool:
        """Tell whether baskets, prices and hours are those of real customers."""
        return self.base == "online_retail"

    @property
    def currency(self) -> str:
        """Return the ISO 4217 code of all orders."""
        return "GBP" if self.real else "CNY"

    @property
    def end_us(self) -> int:
        """Return the midnight after the last day."""
        midnight = datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC)
        return int((midnight + timedelta(days=1)).timestamp()) * 1_000_000

    @property
    def start_us(self) -> int:
        """Return the midnight at which the first day begins."""
        return self.end_us - self.days * DAY_US

    @property
    def first_weekday(self) -> int:
        """Return the weekday of the first day, Monday = 0."""
        return (self.start_us // DAY_US + 3) % 7


def _within(option: str, low: int, high: int, given: int) -> LocalizedText:
    return fault("within", option=option, low=low, high=high, given=given)
