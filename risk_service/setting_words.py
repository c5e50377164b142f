"""What is told of settings that are missing, misspelt or wrong, in both languages."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from risk_service.domain.text import LocalizedText

ENV_PREFIX = "RISK_"
# Of clients and commands, under the same prefix: what looks like one of them is not misspelt.
OF_CLIENTS = ("lang", "server", "token", "tls_authority", "tls_certificate", "tls_key")
# A variable this close to a setting is a slip; Kubernetes sets variables such as RISK_SERVICE_HOST.
_ALIKE = 0.82
_REDIS = "redis://host:port[,host:port]"
# By setting: how its text is written.
_FORMS = {
    "listen": ("host:port, such as 127.0.0.1:50051", "host:port，例如 127.0.0.1:50051"),
    "windows": (f"embedded or {_REDIS}", f"embedded 或 {_REDIS}"),
    "ledger": (
        "embedded or postgresql://user@host:port/database",
        "embedded 或 postgresql://user@host:port/database",
    ),
    "admission": (f"none or {_REDIS}", f"none 或 {_REDIS}"),
}
_TIME = "2026-07-01T00:00:00Z"
# By kind of fault: what the value should be.
_KINDS = {
    "int_parsing": ("a whole number", "整数"),
    "int_from_float": ("a whole number", "整数"),
    "int_type": ("a whole number", "整数"),
    "float_parsing": ("a number", "数字"),
    "float_type": ("a number", "数字"),
    "bool_parsing": ("true or false", "true 或 false"),
    "bool_type": ("true or false", "true 或 false"),
    "greater_than": ("more than {gt:g}", "大于 {gt:g} 的数"),
    "greater_than_equal": ("at least {ge:g}", "不小于 {ge:g} 的数"),
    "less_than_equal": ("at most {le:g}", "不大于 {le:g} 的数"),
    "literal_error": ("{expected}", "{expected}"),
    "datetime_from_date_parsing": (f"a time such as {_TIME}", f"时间，例如 {_TIME}"),
    "timezone_aware": (f"a time with its zone, such as {_TIME}", f"带时区的时间，例如 {_TIME}"),
}


def told_of(fault: Mapping[str, Any], known: Iterable[str]) -> LocalizedText:
    """Return what to say of one fault that pydantic found.

    Parameters
    ----------
    fault
        As ``ValidationError.errors`` has it.
    known
        The names of all settings.
    """
    name = ".".join(map(str, fault["loc"])) or "settings"
    kind = fault["type"]
    if kind == "missing":
        option, variable = f"--{name.replace('_', '-')}", f"{ENV_PREFIX}{name.upper()}"
        return LocalizedText(
            zh=f"{name}：缺少，请用 {option} 或 {variable} 给出",
            en=f"{name}: missing; give {option} or {variable}",
        )
    if kind == "extra_forbidden":
        return _unknown(name, get_close_matches(name, list(known), 1))
    form = _FORMS.get(name) if kind == "string_pattern_mismatch" else _KINDS.get(kind)
    if form is None:
        # Our own checks are told after these words of pydantic.
        said = str(fault["msg"]).removeprefix("Value error, ")
        return LocalizedText(zh=f"{name}：{said}", en=f"{name}: {said}")
    en, zh = (text.format(**fault.get("ctx", {})) for text in form)
    return LocalizedText(zh=f"{name}：须为{zh}", en=f"{name}: must be {en}")


def misspelt(environment: Iterable[str], known: Iterable[str]) -> list[LocalizedText]:
    """Return what to say of variables that look like a setting and are none.

    Passed over, ``RISK_ACTRS`` would leave a service open that was meant to ask for tokens.
    """
    names = [*known, *OF_CLIENTS]
    found = []
    for variable in sorted(environment):
        name = variable.removeprefix(ENV_PREFIX).lower()
        if not variable.startswith(ENV_PREFIX) or name in names:
            continue
        if alike := get_close_matches(name, names, 1, _ALIKE):
            found.append(_unknown(variable, [ENV_PREFIX + alike[0].upper()]))
    return found


def all_of(faults: list[LocalizedText]) -> LocalizedText:
    """Return the sentence of one fault, or a line for each of several."""
    if len(faults) == 1:
        return LocalizedText(zh=f"设置：{faults[0].zh}", en=f"settings: {faults[0].en}")
    zh = "\n  ".join(["设置：", *(fault.zh for fault in faults)])
    en = "\n  ".join(["settings:", *(fault.en for fault in faults)])
    return LocalizedText(zh=zh, en=en)


def _unknown(name: str, alike: list[str]) -> LocalizedText:
    hint_zh = f"；是否应为 {alike[0]}？" if alike else ""
    hint_en = f"; did you mean {alike[0]}?" if alike else ""
    return LocalizedText(
        zh=f"{name}：没有这项设置{hint_zh}", en=f"{name}: there is no such setting{hint_en}"
    )
