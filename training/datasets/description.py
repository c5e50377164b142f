"""``dataset.toml``: what a data set covers, and what was done to prepare it."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from risk_service.domain.errors import DataFault
from risk_service.domain.vocabulary import Abuse
from training.words import WrongValue, as_it_is, fault
from training.words.of_models import no_toml

FORMAT = 1
FILE_NAME = "dataset.toml"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What ``dataset.toml`` says.

    Times cover the orders, ``start_us`` included and ``end_us`` not. ``maturity_days`` says
    how long after an order "nothing was found" is concluded. ``files`` holds whatever the
    writer noted about each file. ``key_id`` and ``schema_version`` are empty in a raw set.
    """

    name: str
    kind: str
    start_us: int
    end_us: int
    currency_code: str
    maturity_days: Mapping[Abuse, int]
    files: Mapping[str, Any]
    key_id: str = ""
    schema_version: str = ""


def read_description(directory: Path) -> Description:
    """Read ``dataset.toml`` of a raw or prepared data set.

    Raises
    ------
    DataFault
        The file is missing, is no TOML, or lacks something; names what.
    """
    path = directory / FILE_NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataFault(str(path), None, fault("is_it_a_data_set")) from error
    except (OSError, ValueError) as error:
        raise DataFault(str(path), None, no_toml(error)) from error
    try:
        return _parse(document)
    except KeyError as error:
        raise DataFault(str(path), None, fault("entry_missing", name=error.args[0])) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise DataFault(str(path), None, as_it_is(error)) from error


def write_prepared(source: Path, target: Path, key_id: str, schema_version: str) -> None:
    """Copy ``dataset.toml`` and add what the preparation was done with.

    Parameters
    ----------
    source, target
        Directories of the raw and of the prepared data set.
    """
    text = (source / FILE_NAME).read_text(encoding="utf-8").rstrip("\n")
    # A JSON text of ASCII is a TOML text.
    added = f"key_id = {json.dumps(key_id)}\nschema_version = {json.dumps(schema_version)}\n"
    (target / FILE_NAME).write_text(f"{text}\n\n[prepared]\n{added}", encoding="utf-8")


def _parse(document: dict[str, Any]) -> Description:
    if document["format"] != FORMAT:
        raise WrongValue.of("unknown_set_format", found=document["format"], known=FORMAT)
    prepared = document.get("prepared", {})
    start_us, end_us = _time(document, "start"), _time(document, "end")
    if end_us <= start_us:
        raise WrongValue.of("end_before_start")
    return Description(
        name=str(document["name"]),
        kind=str(document["kind"]),
        start_us=start_us,
        end_us=end_us,
        currency_code=str(document["currency"]),
        maturity_days=_maturities(document["labels"]),
        files=document.get("files", {}),
        key_id=str(prepared.get("key_id", "")),
        schema_version=str(prepared.get("schema_version", "")),
    )


def _maturities(labels: dict[str, Any]) -> dict[Abuse, int]:
    days = {}
    for name, entry in labels.items():
        value = entry["maturity_days"]
        if name not in set(Abuse) or not isinstance(value, int) or value < 0:
            raise WrongValue.of("label_entry", name=name)
        days[Abuse(name)] = value
    return days


def _time(document: dict[str, Any], name: str) -> int:
    value = document[name]
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise WrongValue.of("no_set_time", name=name, value=value) from None
    if moment.tzinfo is None:
        raise WrongValue.of("no_time_zone", name=name)
    return (moment - _EPOCH) // _MICROSECOND
