"""SQL of one view, generated from the schema's declaration.

How a window becomes rows
    A fact of day D changes the row of midnight D + 1 (a birth) and, with a window of
    W days, that of midnight D + W + 1 (its expiry). Births and expiries are summed per
    entity and midnight, running sums over them are the values, and rows that change
    nothing are dropped. Sums are of integers, so a running sum is exact.
    A distinct count does the same with the merged spans of days in which one value is
    alive. Values since ever have births only; extremes are running extremes.
"""

# ruff: noqa: S608 (the text is made of the packaged schema only, never of input)

from dataclasses import dataclass

from risk_service.features.schema import Aggregate, Feature, ViewSpec
from training.frames.duck import name


@dataclass(frozen=True, slots=True)
class Part:
    """One running column of the view: ``running`` combines its steps."""

    column: str
    running: str


def view_sql(view: ViewSpec, features: tuple[Feature, ...]) -> str:
    """Return the query of a view: join key, event_timestamp, created_at, its features."""
    parts = [part for feature in features for part in _parts(feature)]
    running = ",\n        ".join(
        f"{part.running}({name(part.column)}) OVER steps AS {name(part.column)}" for part in parts
    )
    steps = "\n    UNION ALL BY NAME\n    ".join(_steps(view.entity, features))
    combined = ",\n        ".join(
        f"{part.running}({name(part.column)}) AS {name(part.column)}" for part in parts
    )
    values = ",\n        ".join(_value(feature) for feature in features)
    row = "row(" + ", ".join(name(feature.name) for feature in features) + ")"
    columns = ", ".join(name(feature.name) for feature in features)
    return f"""
WITH facts_by_midnight AS (
    {steps}
), steps AS (
    SELECT key, midnight,
        {combined}
    FROM facts_by_midnight GROUP BY key, midnight
), running AS (
    SELECT key, midnight,
        {running}
    FROM steps
    WINDOW steps AS (PARTITION BY key ORDER BY midnight ROWS UNBOUNDED PRECEDING)
), valued AS (
    SELECT key, midnight,
        {values}
    FROM running WHERE midnight <= (SELECT last_midnight FROM horizon)
), changed AS (
    SELECT * FROM valued
    QUALIFY {row} IS DISTINCT FROM lag({row}) OVER (PARTITION BY key ORDER BY midnight)
        OR row_number() OVER (PARTITION BY key ORDER BY midnight) = 1
)
SELECT key AS {name(view.join_key)}, to_timestamp(midnight * 86400) AS event_timestamp,
    to_timestamp(midnight * 86400) AS created_at, {columns}
FROM changed ORDER BY event_timestamp, key
"""


def _aggregate(feature: Feature) -> Aggregate:
    if feature.aggregate is None:
        raise ValueError(f"{feature.name} is not stored")
    return feature.aggregate


def _parts(feature: Feature) -> list[Part]:
    match _aggregate(feature).kind:
        case "mean":
            return [Part(f"{feature.name}#sum", "sum"), Part(f"{feature.name}#count", "sum")]
        case "max" | "last_day":
            return [Part(feature.name, "max")]
        case "first_day":
            return [Part(feature.name, "min")]
        case _:
            return [Part(feature.name, "sum")]


def _value(feature: Feature) -> str:
    column = name(feature.name)
    match _aggregate(feature).kind:
        case "mean":
            total, count = name(f"{feature.name}#sum"), name(f"{feature.name}#count")
            return f"{total}::DOUBLE / nullif({count}, 0)::DOUBLE AS {column}"
        case "max" | "first_day" | "last_day":
            return f"{column}::DOUBLE AS {column}"
        case _:
            return f"coalesce({column}, 0)::DOUBLE AS {column}"


def _measures(feature: Feature) -> list[tuple[str, str]]:
    """Return (part, expression) of what one day's facts add."""
    aggregate = _aggregate(feature)
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
    names = [part.column for part in _parts(feature)]
    return [
        (part, f"{expression} FILTER (WHERE {where})")
        for part, expression in zip(names, expressions, strict=True)
    ]


def _steps(entity: str, features: tuple[Feature, ...]) -> list[str]:
    plain = [feature for feature in features if _aggregate(feature).kind != "distinct"]
    queries = []
    for source in ("orders", "events", "labels"):
        mine = [feature for feature in plain if _aggregate(feature).fact.source == source]
        if mine:
            queries += _plain_steps(entity, source, mine)
    for feature in features:
        if _aggregate(feature).kind == "distinct":
            queries.append(_distinct_steps(entity, feature))
    return queries


def _plain_steps(entity: str, source: str, features: list[Feature]) -> list[str]:
    measures = [measure for feature in features for measure in _measures(feature)]
    daily = ", ".join(f"{expression} AS {name(part)}" for part, expression in measures)
    facts = (
        f"(SELECT {entity} AS key, day, {daily} FROM {source} WHERE {entity} <> '' GROUP BY ALL)"
    )
    births = ", ".join(name(part) for part, _ in measures)
    queries = [f"SELECT key, day + 1 AS midnight, {births} FROM {facts}"]
    windows = {_aggregate(feature).window_d for feature in features} - {None}
    for window_d in sorted(window for window in windows if window is not None):
        ending = [feature for feature in features if _aggregate(feature).window_d == window_d]
        parts = [part for feature in ending for part, _ in _measures(feature)]
        columns = ", ".join(f"-{name(part)} AS {name(part)}" for part in parts)
        queries.append(f"SELECT key, day + {window_d + 1} AS midnight, {columns} FROM {facts}")
    return queries


def _distinct_steps(entity: str, feature: Feature) -> str:
    aggregate = _aggregate(feature)
    value, window_d = name(aggregate.column), aggregate.window_d
    days = (
        f"SELECT DISTINCT {entity} AS key, {value} AS value, day FROM {aggregate.fact.source} "
        f"WHERE {entity} <> '' AND {value} <> '' AND ({aggregate.fact.where})"
    )
    if window_d is None:
        born = f"SELECT key, min(day) AS day FROM ({days}) GROUP BY key, value"
        return f"SELECT key, day + 1 AS midnight, 1 AS {name(feature.name)} FROM ({born})"
    spans = (
        "SELECT key, day, "
        "lag(day) OVER value_days AS before, lead(day) OVER value_days AS after "
        f"FROM ({days}) WINDOW value_days AS (PARTITION BY key, value ORDER BY day)"
    )
    return f"""SELECT key, unnest(midnights) AS midnight, unnest(changes) AS {name(feature.name)}
    FROM (
        SELECT key,
            [day + 1, day + {window_d + 1}] AS midnights,
            [CASE WHEN before IS NULL OR before + {window_d} < day THEN 1 ELSE 0 END,
             CASE WHEN after IS NULL OR after > day + {window_d} THEN -1 ELSE 0 END] AS changes
        FROM ({spans})
    )"""
