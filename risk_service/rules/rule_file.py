"""The form of a rule file: what keys there are and what each may hold.

Only the form: expressions, names and examples are checked by ``parse``.
"""

import re
from datetime import datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from risk_service.domain.evidence import Evidence
from risk_service.domain.vocabulary import Outcome, PromotionType
from risk_service.rules.rule import Scope
from risk_service.rules.schedule import DAYS, MICROSECOND, Schedule

FORMAT = 1
ID = r"^[a-z][a-z0-9_]{2,63}$"
REASON = r"^[A-Z][A-Z0-9_]{2,63}$"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d|24:00"
_SPAN = re.compile(rf"^({_CLOCK})-({_CLOCK})$")

Text = Annotated[str, Field(min_length=1, max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=128)]
Names = Annotated[frozenset[Name], Field(min_length=1)]


# Kind of the errors that this module finds: told in both languages, with the key at fault.
TOLD = "told"


def _wrong(key: str, en: str, zh: str) -> PydanticCustomError:
    return PydanticCustomError(TOLD, "{en}", {"key": key, "en": en, "zh": zh})


def _promotion(value: object) -> object:
    return PromotionType[value] if isinstance(value, str) and value in PROMOTIONS else value


def _evidence(value: object) -> object:
    return Evidence[value] if isinstance(value, str) and value in EVIDENCE else value


def _span(text: str) -> tuple[time, time]:
    found = _SPAN.match(text)
    if found is None:
        raise _wrong("hours", f'{text!r} is not a span: write "20:00-22:30"',
                     f'{text!r} 不是时段，请写 "20:00-22:30"')  # fmt: skip
    # The end of the day is 00:00 of the next one.
    start, end = (
        time.fromisoformat("00:00" if part == "24:00" else part) for part in found.groups()
    )
    if start == end:
        raise _wrong("hours", f"{text!r} begins where it ends; leave hours out for the whole day",
                     f"{text!r} 起止相同；全天请删除 hours")  # fmt: skip
    return start, end


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _wrong("zone", f"there is no time zone {name!r}; write one such as Asia/Shanghai",
                     f"没有时区 {name!r}，请写如 Asia/Shanghai") from error  # fmt: skip


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * MICROSECOND)


PROMOTIONS = tuple(name for name in PromotionType.__members__ if name != "UNSPECIFIED")
EVIDENCE = tuple(Evidence.__members__)
OUTCOMES = tuple(name for name in Outcome.__members__ if name != "ALLOW")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScopeTable(_Strict):
    """``[rule.scope]``: what is left out does not narrow the rule."""

    promotions: frozenset[Annotated[PromotionType, BeforeValidator(_promotion)]] = frozenset()
    campaigns: Names = frozenset()
    sellers: Names = frozenset()
    regions: Names = frozenset()

    def scope(self) -> Scope:
        """Return the scope."""
        return Scope(
            promotions=self.promotions,
            campaigns=self.campaigns,
            sellers=self.sellers,
            regions=self.regions,
        )


class ScheduleTable(_Strict):
    """``[rule.schedule]``: days and hours need a time zone."""

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: AwareDatetime | None = None
    days: frozenset[Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]] = frozenset()
    hours: tuple[str, ...] = ()
    zone: str = ""

    @model_validator(mode="after")
    def _complete(self) -> "ScheduleTable":
        if (self.days or self.hours) and not self.zone:
            raise _wrong("days" if self.days else "hours",
                         'days and hours need a time zone: zone = "Asia/Shanghai"',
                         'days 和 hours 需要时区：zone = "Asia/Shanghai"')  # fmt: skip
        if self.from_ and self.until and self.until <= self.from_:
            raise _wrong("until", "until must be later than from", "until 须晚于 from")
        for span in self.hours:
            _span(span)
        _zone(self.zone)
        return self

    def schedule(self) -> Schedule:
        """Return the schedule."""
        return Schedule(
            from_us=_us(self.from_),
            until_us=_us(self.until),
            days=frozenset(DAYS.index(day) for day in self.days),
            hours=tuple(_span(span) for span in self.hours),
            zone=_zone(self.zone),
        )


class ExampleTable(_Strict):
    """``[[rule.example]]``: values, and whether the rule matches them.

    ``fault`` is for an example that cannot be told, such as one with a value missing.
    """

    about: Text
    matches: bool
    fault: Literal["", "MISSING_VALUE", "EVALUATION_FAILED"] = ""
    values: dict[str, Any] = Field(default_factory=dict)


class RuleTable(_Strict):
    """``[[rule]]``."""

    id: Annotated[str, Field(pattern=ID)]
    owner: Name
    subject: Literal["order", "refund", "action"] = "order"
    outcome: Literal["LIMIT_QUANTITY", "CHALLENGE", "REVIEW", "DENY"]
    state: Literal["shadow", "active"]
    reason: Annotated[str, Field(pattern=REASON)]
    when: str
    description_zh: Text
    description_en: Text
    customer_zh: Text
    customer_en: Text
    analyst_zh: Text
    analyst_en: Text
    honest_zh: Text
    honest_en: Text
    requires: tuple[Annotated[Evidence, BeforeValidator(_evidence)], ...] = ()
    scope: ScopeTable = ScopeTable()
    schedule: ScheduleTable = ScheduleTable()
    example: tuple[ExampleTable, ...] = ()


class RuleFile(_Strict):
    """A whole file; its rules are validated one by one, so that each fault has its line."""

    format: Literal[1]
    topic: Name
    rule: tuple[dict[str, Any], ...] = ()
