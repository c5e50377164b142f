"""Writes the tables of ``docs/api.md``: ``python -m tests.contract.api_docs``."""

from pathlib import Path

from risk_service.rpc import constraints, constraints_claims, constraints_limits

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
START, END = "<!-- constraints: generated -->\n", "<!-- /constraints -->\n"


def with_tables(page: str) -> str:
    """Return the page with its tables made anew."""
    head, _, rest = page.partition(START)
    _, _, tail = rest.partition(END)
    tables = "\n".join(
        [constraints.markdown(), constraints_claims.markdown(), constraints_limits.markdown()]
    )
    return f"{head}{START}\n{tables}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
