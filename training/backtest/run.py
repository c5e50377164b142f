"""The use case ``risk backtest``: a rule and a data set in, what it would have flagged out."""

import tomllib
from pathlib import Path
from typing import Any

from risk_service.domain.errors import DataFault
from training.backtest.catalogue import catalogue
from training.backtest.orders import backtest_orders, list_order_variables
from training.backtest.own import Progress, backtest_own, defined, open_columns
from training.backtest.request import BacktestRequest
from training.backtest.result import Backtest
from training.backtest.variables import OwnVariables
from training.datasets.own_events import DESCRIPTION, KIND
from training.words import fault
from training.words.of_models import no_toml

Json = dict[str, Any]
PROMOTION = "promotion"


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
    if kind_of(request.data) == KIND:
        return backtest_own(request, tell)
    return backtest_orders(request, tell)


def list_variables(request: BacktestRequest, tell: Progress = silent) -> Json:
    """Return the variables that a rule over the data set of a request may read.

    Raises
    ------
    ConfigFault
        A definition is wrong.
    DataFault
        The directory holds no data set, or one that cannot be read.
    """
    if kind_of(request.data) != KIND:
        return list_order_variables(request.data)
    tell("reading", 0, 0)
    columns = open_columns(request)
    return catalogue(OwnVariables(columns, tuple(defined(request, columns))), columns)


def kind_of(directory: Path) -> str:
    """Return what kind of data set a directory holds.

    Raises
    ------
    DataFault
        It holds none that can be backtested; says what would make one.
    """
    path = directory / DESCRIPTION
    makers = fault("set_makers")
    try:
        kind = tomllib.loads(path.read_text(encoding="utf-8")).get("kind")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataFault(str(path), None, fault("no_file_remedy", remedy=makers)) from error
    except (OSError, ValueError) as error:
        raise DataFault(str(path), None, no_toml(error)) from error
    if kind not in (KIND, PROMOTION):
        raise DataFault(str(path), None, fault("other_kind", kind=kind, remedy=makers))
    return str(kind)
