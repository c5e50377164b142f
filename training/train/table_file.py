"""Reads a table of ours that people may write themselves: TOML that fits a model, or its fault."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from risk_service.domain.errors import ConfigFault
from training.words import fault
from training.words.of_models import first_fault, no_toml

Table = TypeVar("Table", bound=BaseModel)


def read_table(path: Path, kind: type[Table]) -> Table:
    """Read and check a table.

    Raises
    ------
    ConfigFault
        The file cannot be read or breaks a rule; names the entry.
    """
    try:
        return kind.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        raise ConfigFault(fault("at", where=path, text=first_fault(error))) from error
    except OSError as error:
        told = fault("unreadable_file", path=path, error=error.strerror)
        raise ConfigFault(told) from error
    except ValueError as error:
        raise ConfigFault(fault("at", where=path, text=no_toml(error))) from error
