"""Reason texts that policies of claims and actions bring with them."""

import hashlib
import tomllib
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.decisions.assessing.combining import Finding, plain_reason
from risk_service.domain.decision import Cause, Step
from risk_service.domain.errors import ConfigFault
from risk_service.domain.text import LocalizedText, filled
from risk_service.domain.vocabulary import Outcome

Text = Annotated[str, Field(min_length=1)]
Content = TypeVar("Content", bound=BaseModel)


class Strict(BaseModel):
    """Takes the keys it names and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextEntry(Strict):
    """What customers and analysts read of one finding."""

    customer_zh: Text
    customer_en: Text
    analyst_zh: Text
    analyst_en: Text


def read_content(text: str, file: str, form: type[Content]) -> tuple[Content, str]:
    """Return a policy file's contents and its version: name and digest.

    Raises
    ------
    ConfigFault
        The file cannot be read; names the keys at fault.
    """
    try:
        content = form.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigFault(f"{file} cannot be read: {error}") from error
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return content, f"{content.name}+{digest}"  # type: ignore[attr-defined]  # every form has a name


def finding(
    texts: Mapping[str, TextEntry], code: str, step: Step, outcome: Outcome, **values: object
) -> Finding:
    """Return a finding with its texts; ``values`` fill those of the analyst."""
    entry = texts[code]
    return Finding(
        cause=Cause(step=step, ref=code, outcome=outcome),
        reason=plain_reason(
            code,
            LocalizedText(zh=entry.customer_zh, en=entry.customer_en),
            filled(LocalizedText(zh=entry.analyst_zh, en=entry.analyst_en), values),
        ),
    )
