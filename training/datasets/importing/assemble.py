"""Makes events of the staged rows: later rows give labels, rows of one id become one event.

DuckDB does it in bounded memory, spilling to the staging directory. The events leave in
the order of their times, then of their rows in the source, or by lot (see ``ties``). Names put
into queries are words that the mapping's check let through; what the user writes freely is a
parameter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.convert import key_column, known_column, value_column
from training.datasets.importing.grouping import differing_query, grouped_query
from training.datasets.importing.mapping import EventMapping
from training.datasets.importing.specs import (
    LaterSpec,
)
from training.datasets.importing.staging import ROWS, later_name
from training.datasets.own_events import entity_column
from training.words import fault, in_lines

Config = dict[str, str | bool | int | float | list[str]]
_MEMORY = "1500MB"
_BATCH_ROWS = 100_000
_MOST_SHOWN = 20


@dataclass(slots=True, kw_only=True)
class Assembly:
    """Joins staged rows to events.

    Parameters
    ----------
    directory
        Where the staged rows are.
    latest_us
        Until when the source tells of what happened: what would have come after it is unknown.
    ends_us
        The same for each label that conditions on the row make.
    by_lot
        Events of one time leave in an order that their ids draw.
    """

    mapping: EventMapping
    source: str
    directory: Path
    latest_us: int
    ends_us: Mapping[str, int]
    by_lot: bool = False
    duplicates: int = 0
    notes: list[LocalizedText] = field(default_factory=list)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the events in order, with the staged columns.

        Raises
        ------
        DataFault
            An event id is repeated, and neither grouping nor leaving out was asked for.
        ConfigFault
            Memory or disk do not suffice.
        """
        config: Config = {
            "memory_limit": _MEMORY,
            "threads": 2,
            "preserve_insertion_order": False,
            "temp_directory": str(self.directory / "spill"),
        }
        try:
            yield from self._joined(config)
        except duckdb.Error as error:
            # The memory limit or the disk: nothing that the source could be blamed for.
            words = str(error).partition("\n")[0]
            raise ConfigFault(fault("unordered", path=self.source, error=words)) from error

    def _joined(self, config: Config) -> Iterator[pa.RecordBatch]:
        with duckdb.connect(config=config) as connection:
            # The command has a bar of its own; DuckDB writes one into the output.
            connection.execute("SET enable_progress_bar = false")
            self._view(connection, ROWS)
            self._label(connection)
            self.notes.clear()
            if self.mapping.group is not None:
                query = grouped_query(self.mapping, "labelled")
                self._note_differences(connection)
            else:
                query = self._without_duplicates(connection)
            lot = "md5(event_id), " if self.by_lot else ""
            result = connection.execute(f"{query} ORDER BY at_us, {lot}row")
            yield from result.to_arrow_reader(_BATCH_ROWS)

    def _label(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the view of rows with the labels that later rows give them."""
        joins, columns = [], [f"rows.* {self._settled()}"]
        for name, label in self.mapping.labels.items():
            if label.later is None:
                continue
            later = later_name(name)
            self._view(connection, later)
            columns += self._later_columns(name, label.later)
            joins.append(
                f"ASOF LEFT JOIN {later} ON rows.{key_column(name)} = {later}.key"
                f" AND rows.at_us < {later}.at_us"
            )
        view = f"SELECT {', '.join(columns)} FROM rows {' '.join(joins)}"  # noqa: S608 - see the module
        connection.execute(f"CREATE VIEW labelled AS {view}")

    def _settled(self) -> str:
        """Return the labels that conditions make, null where their time has not gone by.

        What has not happened may still happen, and to keep only what has would leave events
        that are all positive.
        """
        values = []
        for name, end_us in self.ends_us.items():
            delay_us = (self.mapping.labels[name].delay or 0) * 1_000_000
            value = value_column(name)
            settled = f"rows.at_us + {delay_us} <= {end_us}"
            values.append(f"CASE WHEN {settled} THEN rows.{value} END AS {value}")
        return f"REPLACE ({', '.join(values)})" if values else ""

    def _later_columns(self, name: str, spec: LaterSpec) -> list[str]:
        """Return value and time of a label; none where the file ends before it is settled.

        Of such rows only the positive ones would be known, as of those of ``_settled``.
        """
        end, found = f"(rows.at_us + {spec.within * 1_000_000})", f"{later_name(name)}.at_us"
        value = (
            f"CASE WHEN rows.{key_column(name)} IS NULL OR {end} > {self.latest_us} THEN NULL"
            f" WHEN {found} <= {end} THEN 1 ELSE 0 END"
        )
        known = f"CASE WHEN {found} <= {end} THEN {found} ELSE {end} END"
        return [f"({value})::TINYINT AS {value_column(name)}", f"{known} AS {known_column(name)}"]

    def _view(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        path = str(self.directory / f"{name}.parquet").replace("'", "''")
        rows = f"SELECT * FROM read_parquet('{path}')"  # noqa: S608 - a path of ours, quoted
        connection.execute(f"CREATE VIEW {name} AS {rows}")

    def _without_duplicates(self, connection: duckdb.DuckDBPyConnection) -> str:
        if self.mapping.event.id is None:
            return "SELECT * FROM labelled"
        connection.execute(
            "CREATE TABLE repeated AS SELECT event_id, min(row) AS first, count(*) - 1 AS more"
            " FROM rows GROUP BY event_id HAVING count(*) > 1"
        )
        found = connection.execute("SELECT sum(more)::BIGINT FROM repeated").fetchone()
        self.duplicates = int(found[0] or 0) if found is not None else 0
        if self.duplicates and self.mapping.rows.on_duplicate == "refuse":
            raise self._repeated(connection)
        return (
            "SELECT labelled.* FROM labelled LEFT JOIN repeated USING (event_id)"
            " WHERE repeated.first IS NULL OR repeated.first = row"
        )

    def _repeated(self, connection: duckdb.DuckDBPyConnection) -> DataFault:
        rows = connection.execute(
            "SELECT row, first, event_id FROM rows JOIN repeated USING (event_id)"
            " WHERE row > first ORDER BY 1 LIMIT ?",
            [_MOST_SHOWN],
        ).fetchall()
        column = " + ".join(self.mapping.event.id or ())
        texts = [
            fault("of_column", column=column, text=fault("id_repeated", key=key, first=first))
            for _, first, key in rows
        ]
        places = [row for row, _, _ in rows]
        others = zip(places[1:], texts[1:], strict=True)
        lines = [texts[0], *(fault("of_row", row=row, text=text) for row, text in others)]
        lines.append(fault("ids_repeated", count=self.duplicates))
        return DataFault(self.source, int(places[0]), in_lines(lines))

    def _note_differences(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Note what should be one value of an event and is not, unless the mapping chose one."""
        chosen = self.mapping.group or {}
        columns = {"at_us": ("note_differing_times", "")} | {
            entity_column(name): ("note_differing_keys", name)
            for name in self.mapping.entities
            if name not in chosen
        }
        query = differing_query(list(columns), ROWS)
        counts = connection.execute(query).fetchone() or ()
        for count, (code, name) in zip(counts, columns.values(), strict=True):
            if count:
                self.notes.append(fault(code, count=count, name=name))
