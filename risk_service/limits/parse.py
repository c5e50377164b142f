"""Reads a file of limit policies. Every fault names file, line and what would be right.

The file is taken whole or not at all; up to ``FAULTS_MAX`` faults are told at once.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_faults import place_of, read_toml, unreadable
from risk_service.domain.toml_words import parser_words, sign_hint
from risk_service.limits.crowd import crowd_faults
from risk_service.limits.entry import Entry, Fault
from risk_service.limits.fault_words import words
from risk_service.limits.lines import Lines
from risk_service.limits.policy import Policy
from risk_service.limits.reading import policy_of
from risk_service.limits.unmet import policies_unmet

FORMAT = 1
TOP_KEYS = ("format", "policy")
POLICIES_MAX = 1_000
BYTES_MAX = 1024 * 1024
FAULTS_MAX = 20
VERSION_DIGITS = 8
QUOTES = LocalizedText(en="texts stand in quotes", zh="文本须加引号")


def read_policies(text: str, file: str) -> tuple[Policy, ...]:
    """Return the policies of a text, in the order of their priority.

    How many counters they make together is not looked at, see ``too_many``.

    Parameters
    ----------
    file
        What faults call the text.

    Raises
    ------
    InvalidInput
        One violation per fault; its ``field`` is ``file:line``.
    """
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_MAX:
        raise _faulty(file, [Fault(1, words("file_too_large", most=BYTES_MAX))])
    try:
        document = read_toml(text)
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits is a plain ValueError, brackets in brackets the other.
        raise _faulty(file, [_syntax(error, text)]) from error
    lines = Lines(text)
    faults = _top_faults(document, lines)
    if faults:
        raise _faulty(file, faults)
    policies: list[Policy] = []
    for place, table in enumerate(document["policy"]):
        try:
            policies.append(policy_of(Entry(table, lines, place), _version(table)))
        except Fault as fault:
            faults.append(fault)
        except RecursionError:
            faults.append(Fault(lines.of(place), words("too_deep")))
    faults += _repeated(policies)
    if faults:
        raise _faulty(file, faults)
    return tuple(sorted(policies, key=lambda policy: (-policy.priority, policy.id)))


def too_many(policies: Sequence[Policy], file: str) -> tuple[Violation, ...]:
    """Return where policies would count one line in too many counters; empty when nowhere."""
    faults = crowd_faults(policies)
    return _faulty(file, faults).violations if faults else ()


def unmet(text: str, file: str) -> tuple[Violation, ...]:
    """Return where a file that can be read asks for what no order can have; else empty."""
    faults = list(policies_unmet(text))
    return _faulty(file, faults).violations if faults else ()


def _top_faults(document: Mapping[str, Any], lines: Lines) -> list[Fault]:
    faults = [
        Fault(lines.top(key), words("unknown_here", key=key, meant=_meant(key)))
        for key in document
        if key not in TOP_KEYS
    ]
    if document.get("format") != FORMAT:
        faults.append(Fault(lines.top("format"), words("format", number=FORMAT)))
    policies = document.get("policy", [])
    if not isinstance(policies, list) or not all(isinstance(one, dict) for one in policies):
        faults.append(Fault(lines.top("policy"), words("no_tables")))
    elif len(policies) > POLICIES_MAX:
        text = words("too_many_policies", found=len(policies), most=POLICIES_MAX)
        faults.append(Fault(1, text))
    document.setdefault("policy", [])  # type: ignore[attr-defined]  # tomllib returns a dict
    return faults


def _repeated(policies: list[Policy]) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for policy in policies:
        if policy.id in first:
            text = words("repeated_id", id=policy.id, line=first[policy.id])
            faults.append(Fault(policy.line, text))
        first.setdefault(policy.id, policy.line)
    return faults


def _meant(key: str) -> str | LocalizedText:
    close = get_close_matches(key, TOP_KEYS, 1)
    return words("meant", word=close[0]) if close else ""


def _syntax(error: ValueError | RecursionError, text: str) -> Fault:
    line, _ = place_of(error, text)
    if not isinstance(error, tomllib.TOMLDecodeError):
        return Fault(line, unreadable(error))
    told = parser_words(error)
    why = LocalizedText(en=f"{told.en[:1].lower()}{told.en[1:]}", zh=told.zh)
    return Fault(line, words("no_toml", error=why, hint=sign_hint(error, text) or QUOTES))


def _faulty(file: str, faults: list[Fault]) -> InvalidInput:
    told = sorted(faults, key=lambda fault: fault.line)[:FAULTS_MAX]
    return InvalidInput(
        tuple(
            Violation(
                field=f"{file}:{fault.line}",
                description=fault.text.en,
                description_zh=fault.text.zh,
            )
            for fault in told
        )
    )


def _version(table: Mapping[str, Any]) -> str:
    """Return a digest of what a policy says, so that no change goes without a new version."""

    def plain(value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat()
        return str(value)

    canonical = json.dumps(table, sort_keys=True, default=plain, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:VERSION_DIGITS]
