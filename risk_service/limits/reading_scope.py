"""Reads whom a policy counts and which lines it is about."""

from collections.abc import Mapping

from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.entry import Entry
from risk_service.limits.fault_words import one_of, said, words
from risk_service.limits.policy import CLUSTER, DIMENSIONS, GLOBAL, Filter, KeySet

KEY_SETS_MAX = 12
VALUES_MAX = 10_000
MISSING = ("challenge", "reject", *DIMENSIONS)


def subject_of(entry: Entry) -> tuple[tuple[KeySet, ...], int]:
    """Return the key sets and how many of them must be used up."""
    table = entry.table.get("subject")
    if table == GLOBAL:
        return ((GLOBAL,),), 1
    example = words("subject_example")
    combine = set(table) & {"any_of", "all_of", "k_of_n"} if isinstance(table, dict) else set()
    if not isinstance(table, dict) or len(combine) != 1 or set(table) - combine - {"k"}:
        raise entry.fault("subject", "subject", example=example)
    names = table[(word := combine.pop())]
    if not isinstance(names, list) or not 1 <= len(names) <= KEY_SETS_MAX:
        raise entry.fault("subject", "subjects", key=word, most=KEY_SETS_MAX, example=example)
    key_sets = tuple(_key_set(entry, name) for name in names)
    if len(set(key_sets)) < len(key_sets):
        raise entry.fault("subject", "subject_twice", key=word)
    return key_sets, _needed(entry, word, table.get("k"), len(key_sets))


def filter_of(entry: Entry, key: str) -> Filter:
    """Return the lines that a table names."""
    table = entry.table.get(key, {})
    known = ("promotion_types", "campaigns", "skus", "sellers", "spus", "categories")
    if not isinstance(table, dict):
        raise entry.fault(key, "filter", key=key)
    for name, values in table.items():
        if name not in known:
            raise entry.fault(key, "unknown_in", name=name, key=key, advice=one_of(name, known))
        if not is_texts(values):
            raise entry.fault(key, "texts", name=name, most=VALUES_MAX)
    return Filter(
        promotion_types=frozenset(
            _promotion(entry, key, name) for name in table.get("promotion_types", ())
        ),
        campaigns=frozenset(map(str.strip, table.get("campaigns", ()))),
        skus=frozenset(map(str.strip, table.get("skus", ()))),
        sellers=frozenset(map(str.strip, table.get("sellers", ()))),
        spus=frozenset(map(str.strip, table.get("spus", ()))),
        categories=frozenset(map(str.strip, table.get("categories", ()))),
    )


def missing_of(
    entry: Entry, key_sets: tuple[KeySet, ...], line_fields: tuple[str, ...]
) -> Mapping[str, str]:
    """Return by dimension what its absence means; ``*`` for all others.

    Parameters
    ----------
    line_fields
        What lines need not say and the policy goes by: nothing else can be counted instead.
    """
    table = entry.table.get("missing_dimension", "challenge")
    rules = {"*": table} if isinstance(table, str) else table
    if not isinstance(rules, dict):
        raise entry.fault("missing_dimension", "missing_dimension")
    used = {part for key_set in key_sets for part in key_set} | set(line_fields)
    for name, rule in rules.items():
        if name != "*" and name not in used:
            advice = one_of(name, sorted(used))
            raise entry.fault("missing_dimension", "not_a_subject", name=name, advice=advice)
        known = MISSING[:2] if name in line_fields else MISSING
        if rule not in known or rule == name:
            values = {"key": name, "value": said(rule), "advice": one_of(rule, known)}
            raise entry.fault("missing_dimension", "unknown_word", **values)
    return {"*": "challenge"} | rules


def _needed(entry: Entry, word: str, k: object, n: int) -> int:
    if word != "k_of_n":
        if k is not None:
            raise entry.fault("subject", "k_only")
        return 1 if word == "any_of" else n
    if type(k) is not int or not 1 <= k <= n:
        raise entry.fault("subject", "k", most=n)
    return k


def _key_set(entry: Entry, name: object) -> KeySet:
    if name == GLOBAL:
        return (GLOBAL,)
    parts = name.split("+") if isinstance(name, str) else [str(name)]
    for part in parts:
        if part not in DIMENSIONS:
            advice = one_of(part, DIMENSIONS)
            raise entry.fault("subject", "no_subject", name=part, advice=advice)
    if len(set(parts)) < len(parts):
        raise entry.fault("subject", "part_twice", name=name)
    if CLUSTER in parts and len(parts) > 1:
        raise entry.fault("subject", "stands_alone", name=CLUSTER)
    return tuple(sorted(parts, key=DIMENSIONS.index))


def _promotion(entry: Entry, key: str, name: str) -> PromotionType:
    if name not in PromotionType.__members__ or name == "UNSPECIFIED":
        known = [one for one in PromotionType.__members__ if one != "UNSPECIFIED"]
        raise entry.fault(key, "no_promotion", name=name, advice=one_of(name, known))
    return PromotionType[name]


def is_texts(values: object) -> bool:
    """Tell whether a value is a list of texts that is not empty."""
    return (
        isinstance(values, list)
        and 1 <= len(values) <= VALUES_MAX
        and all(isinstance(value, str) and value for value in values)
    )
