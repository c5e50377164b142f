"""SQL of one view's steps, generated from the schema's declaration.

How a window becomes rows
    A fact of day D changes the row of midnight D + 1 (a birth) and, with a window of
    W days, that of midnight D + W + 1 (its expiry). Births and expiries are summed per
    entity and midnight here; ``running`` turns them into values.
    A distinct count does the same with the merged spans of days in which one value is
    alive. Values since ever have births only.
"""
# ruff: noqa: S608 (the text is made of the packaged schema only, never of input)

from dataclasses import dataclass

from risk_service.features.schema import Aggregate, Feature
from training.frames.duck import name

SOURCES = ("orders", "events", "labels")


@dataclass(frozen=True, slots=True)
class Part:
    """One column of the steps: ``combine`` is sum, min or max, over days as in a day."""

    column: str
    combine: str


@dataclass(frozen=True, slots=True)
class Share:
    """Share ``number`` of ``of``: entities are built in shares to bound the memory."""

    number: int
    of: int

    def condition(self, entity: str) -> str:
        """Return the condition on a row of facts."""
        if self.of == 1:
            return f"{entity} <> ''"
        return f"{entity} <> '' AND hash({entity}) % {self.of} = {self.number}"


def daily_sql(entity: str, features: tuple[Feature, ...], share: Share) -> list[str]:
    """Return statements that create ``daily_<source>``: what each day's facts add."""
    return [
        f"CREATE OR REPLACE TEMP TABLE daily_{source} AS SELECT {entity} AS key, day, "
        + ", ".join(f"{how} AS {name(part)}" for part, how in _measures_of(mine))
        + f" FROM {source} WHERE {share.condition(entity)} GROUP BY ALL"
        for source, mine in _by_source(features).items()
    ]


def steps_sql(entity: str, features: tuple[Feature, ...], share: Share) -> str:
    """Return the query of the steps: key, midnight and the parts, sorted.

    Sums are 0 and extremes NULL where a midnight changes nothing.
    """
    queries = []
    for source, mine in _by_source(features).items():
        queries += _plain_steps(source, mine)
    for feature in features:
        if aggregate_of(feature).kind == "distinct":
            queries.append(_distinct_steps(entity, feature, share))
    combined = ", ".join(_combined(part) for part in all_parts(features))
    union = "\nUNION ALL BY NAME\n".join(queries)
    return (
        f"SELECT key, midnight, {combined}\nFROM ({union})\n"
        "WHERE midnight <= (SELECT last_midnight FROM horizon)\n"
        "GROUP BY key, midnight ORDER BY key, midnight"
    )


def all_parts(features: tuple[Feature, ...]) -> list[Part]:
    """Return the parts of all features, in schema order."""
    return [part for feature in features for part in parts_of(feature)]


def _combined(part: Part) -> str:
    column = name(part.column)
    if part.combine == "sum":
        return f"coalesce(sum({column}), 0)::BIGINT AS {column}"
    return f"{part.combine}({column})::BIGINT AS {column}"


def _by_source(features: tuple[Feature, ...]) -> dict[str, list[Feature]]:
    plain = [feature for feature in features if aggregate_of(feature).kind != "distinct"]
    mine = {
        source: [feature for feature in plain if aggregate_of(feature).fact.source == source]
        for source in SOURCES
    }
    return {source: wanted for source, wanted in mine.items() if wanted}


def aggregate_of(feature: Feature) -> Aggregate:
    """Return how a stored feature is made."""
    if feature.aggregate is None:
        raise ValueError(f"{feature.name} is not stored")
    return feature.aggregate


def parts_of(feature: Feature) -> list[Part]:
    """Return the columns that a feature's value is made of."""
    match aggregate_of(feature).kind:
        case "mean":
            return [Part(f"{feature.name}#sum", "sum"), Part(f"{feature.name}#count", "sum")]
        case "max" | "last_day":
            return [Part(feature.name, "max")]
        case "first_day":
            return [Part(feature.name, "min")]
        case _:
            return [Part(feature.name, "sum")]


def _measures(feature: Feature) -> list[tuple[str, str]]:
    """Return (part, expression) of what one day's facts add."""
    aggregate = aggregate_of(feature)
    column = name(aggregate.column) + "::BIGINT" if aggregate.column else ""
    expressions = {
        "count": ["count(*)"],
        "sum": [f"sum({column})"],
        "mean": [f"sum({column})", f"count({column})"],
        "max": [f"max({column})"],
        "first_day": ["min(day)"],
        "last_day": ["max(day)"],
    }[aggregate.kind]
    where = aggregate.fact.where
    names = [part.column for part in parts_of(feature)]
    return [
        (part, f"{expression} FILTER (WHERE {where})")
        for part, expression in zip(names, expressions, strict=True)
    ]


def _measures_of(features: list[Feature]) -> list[tuple[str, str]]:
    return [measure for feature in features for measure in _measures(feature)]


def _plain_steps(source: str, features: list[Feature]) -> list[str]:
    births = ", ".join(name(part) for part, _ in _measures_of(features))
    queries = [f"SELECT key, day + 1 AS midnight, {births} FROM daily_{source}"]
    windows = {aggregate_of(feature).window_d for feature in features}
    for window_d in sorted(window for window in windows if window is not None):
        ending = [feature for feature in features if aggregate_of(feature).window_d == window_d]
        columns = ", ".join(f"-{name(part)} AS {name(part)}" for part, _ in _measures_of(ending))
        some = " OR ".join(f"{name(part)} <> 0" for part, _ in _measures_of(ending))
        queries.append(
            f"SELECT key, day + {window_d + 1} AS midnight, {columns} "
            f"FROM daily_{source} WHERE {some}"
        )
    return queries


def _distinct_steps(entity: str, feature: Feature, share: Share) -> str:
    aggregate = aggregate_of(feature)
    value, window_d = name(aggregate.column), aggregate.window_d
    days = (
        f"SELECT DISTINCT {entity} AS key, {value} AS value, day FROM {aggregate.fact.source} "
        f"WHERE {share.condition(entity)} AND {value} <> '' AND ({aggregate.fact.where})"
    )
    if window_d is None:
        born = f"SELECT key, min(day) AS day FROM ({days}) GROUP BY key, value"
        return f"SELECT key, day + 1 AS midnight, 1 AS {name(feature.name)} FROM ({born})"
    spans = (
        "SELECT key, day, "
        "lag(day) OVER value_days AS before, lead(day) OVER value_days AS after "
        f"FROM ({days}) WINDOW value_days AS (PARTITION BY key, value ORDER BY day)"
    )
    # A value seen again before it expires lives on: neither expiry nor birth between.
    return f"""SELECT key, unnest(midnights) AS midnight, unnest(changes) AS {name(feature.name)}
    FROM (
        SELECT key,
            [day + 1, day + {window_d + 1}] AS midnights,
            [CASE WHEN before IS NULL OR before + {window_d} < day THEN 1 ELSE 0 END,
             CASE WHEN after IS NULL OR after > day + {window_d} THEN -1 ELSE 0 END] AS changes
        FROM ({spans})
    )"""
