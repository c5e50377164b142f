"""The use case ``risk backtest``: a rule and a data set in, what it would have flagged out."""

import tomllib
from pathlib import Path
from typing import Any

from risk_service.domain.errors import DataFault
from training.backtest.catalogue import catalogue
from training.backtest.own import Progress, backtest_own, defined, open_columns
from training.backtest.request import BacktestRequest
from training.backtest.result import Backtest
from training.backtest.variables import OwnVariables
from training.datasets.own_events import DESCRIPTION

Json = dict[str, Any]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""


def backtest(request: BacktestRequest, tell: Progress = silent) -> Backtest:
    """Evaluate a rule on every event of a period, each as of its own time.

    Raises
    ------
    ConfigFault
        The rule, a label or the period is wrong; says what would be right.
    DataFault
        The directory holds no data set, or one that cannot be read.
    """
    check_data(request.data)
    return backtest_own(request, request.rule, None, tell)


def list_variables(request: BacktestRequest, tell: Progress = silent) -> Json:
    """Return the variables that a rule over the data set of a request may read.

    Raises
    ------
    ConfigFault
        A definition is wrong.
    DataFault
        The directory holds no data set, or one that cannot be read.
    """
    check_data(request.data)
    tell("reading", 0, 0)
    columns = open_columns(request)
    return catalogue(OwnVariables(columns, tuple(defined(request, columns))), columns)


def check_data(directory: Path) -> None:
    """Refuse a directory that is no data set.

    Raises
    ------
    DataFault
        Says what would make one.
    """
    path = directory / DESCRIPTION
    if not path.is_file():
        raise DataFault(
            str(path), None, "no such file; `risk dataset import` and `prepare` write data sets"
        )
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFault(str(path), None, f"cannot be read as TOML: {error}") from error
