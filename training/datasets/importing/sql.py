"""Whole columns through one DuckDB expression, where Arrow has no such kernel."""

import duckdb
import pyarrow as pa


class Sql:
    """Evaluates expressions over a column named ``v``; one connection for all."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 1})

    def column(self, expression: str, values: pa.Array, *parameters: object) -> pa.Array:
        """Return the expression's value for each element, in the same order.

        Raises
        ------
        duckdb.Error
            The expression cannot be evaluated, say because a pattern is none.
        """
        self._connection.register("batch", pa.table({"v": values}))
        # The expression is ours and the user's words are parameters.
        query = f"SELECT {expression} AS r FROM batch"  # noqa: S608 - see above
        table = self._connection.execute(query, list(parameters)).to_arrow_table()
        self._connection.unregister("batch")
        return table.column("r").combine_chunks()

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()
