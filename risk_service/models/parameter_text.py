"""Checks of what follows the trees in a LightGBM file: importances and parameters.

Prediction does not need them, but the C library reads them, so they are held to the form
that our trainer writes. Holds the checks only; nothing of the content is kept.
"""

import re

# Parameters that change what a model means; each must be there with this value.
_REQUIRED = {
    "boosting": "gbdt",
    "objective": "binary",
    "linear_tree": "0",
    "zero_as_missing": "0",
    "num_class": "1",
    "num_machines": "1",
    "sigmoid": "1",
}
# The second is what training on a data frame writes.
_NO_CATEGORIES = ("pandas_categorical:null", "pandas_categorical:[]")
_IMPORTANCE = re.compile(r"[a-z][a-z0-9_]*=[-+0-9.e]+")
_PARAMETER = re.compile(r"\[([a-z_]+[a-z0-9_]*): ?([^\[\]]*)\]")
_NAMES_A_FILE = re.compile(r"data|valid|.*_(file|filename)|machines")


def check_trailer(text: str) -> None:
    """Refuse a trailer that is not of the form our trainer writes.

    Raises
    ------
    ValueError
        The message says which line is wrong.
    """
    lines = text.split("\n")
    ends = lines[-4:-2] == ["end of parameters", ""] and lines[-2] in _NO_CATEGORIES
    if lines[:3] != ["end of trees", "", "feature_importances:"] or not ends or lines[-1]:
        raise ValueError("the text does not end as a LightGBM model does")
    try:
        start = lines.index("parameters:")
    except ValueError as error:
        raise ValueError("no parameters after the trees") from error
    _check_importances(lines[3:start])
    _check_parameters([line for line in lines[start + 1 : -4] if line])


def _check_importances(lines: list[str]) -> None:
    for line in lines:
        if line and not _IMPORTANCE.fullmatch(line):
            raise ValueError(f"feature_importances: unknown line {line[:40]!r}")


def _check_parameters(lines: list[str]) -> None:
    values: dict[str, str] = {}
    for line in lines:
        match = _PARAMETER.fullmatch(line)
        if match is None:
            raise ValueError(f"parameters: unknown line {line[:40]!r}")
        name, value = match.groups()
        if name in values:
            raise ValueError(f"parameters: {name} is there twice")
        if value and _NAMES_A_FILE.fullmatch(name):
            raise ValueError(f"parameters: {name} names a file or machine")
        values[name] = value
    for name, wanted in _REQUIRED.items():
        if values.get(name) != wanted:
            raise ValueError(f"parameters: {name} is {values.get(name)!r}, not {wanted!r}")
