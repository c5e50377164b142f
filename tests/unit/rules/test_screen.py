"""The screen changes no result: property against the engine, rule by rule."""

import math
from typing import Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from risk_service.rules.expression import Expression, RuleFault
from risk_service.rules.parse import parse_rules
from risk_service.rules.rule_set import RuleSet
from risk_service.rules.screen import clauses, impossible
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject
from tests.fixtures.rule_texts import LANGUAGE, VARIABLES, file_text, rule_text

numbers = st.sampled_from([-1.0, 0.0, 1.0, 1.5, 2.0, math.inf])
words = st.sampled_from(["p", "q"])
comparison = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
quoted = words.map(lambda word: f"'{word}'")
literal = st.sampled_from(["-1", "0", "1", "1.5", "2", "2.0"])
name = st.sampled_from(["a", "b"])
atoms = st.one_of(
    st.tuples(name, comparison, literal).map(" ".join),
    st.tuples(literal, comparison, name).map(" ".join),
    st.tuples(name, comparison, name).map(" ".join),
    st.tuples(st.just("t"), comparison, quoted).map(" ".join),
    st.tuples(quoted, st.sampled_from(["==", "!="]), st.just("t")).map(" ".join),
    st.tuples(quoted, st.just("in ts")).map(" ".join),
    st.lists(quoted, max_size=2).map(lambda many: f"t in [{', '.join(many)}]"),
    st.lists(literal, min_size=1, max_size=2).map(lambda many: f"a in [{', '.join(many)}]"),
    st.sampled_from(["a", "n", "f", "t", "ts"]).map(lambda one: f"known({one})"),
    st.sampled_from(["f", "true", "false", "n / (n - n) == 1", "ts[0] == t"]),
    st.just("ratio(a, b) > 0.5"),
    st.just("ts.exists(x, x == t)"),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({' '.join(p)})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"(({p[0]}) == ({p[1]}))"),
    ),
    max_leaves=8,
)
values = st.fixed_dictionaries(
    {},
    optional={
        "a": numbers | st.just(math.nan),
        "b": numbers,
        "n": st.integers(-2, 2),
        "f": st.booleans(),
        "t": words,
        "ts": st.lists(words, max_size=2),
    },
)


def _compiled(source: str) -> Expression:
    """Compile what was drawn, unless it went through lists too often."""
    try:
        return LANGUAGE.compile(source)
    except RuleFault:
        reject()


@settings(max_examples=400)
@given(source=conditions, known=values)
def test_what_the_screen_drops_is_false(source: str, known: dict[str, Any]) -> None:
    """Where the screen says impossible, the engine says false: no match and no fault is lost."""
    rule = _compiled(source)
    # An INTEGER stays one; ``Values`` would make a number of it.
    reading = Values()
    reading.update(known)
    if impossible(clauses(rule.tree, VARIABLES), reading):
        assert rule.evaluate(reading) is False


@settings(max_examples=200)
@given(source=conditions, known=values)
def test_a_set_matches_as_its_rules_do_one_by_one(source: str, known: dict[str, Any]) -> None:
    """Hits of a set are those of every rule in scope by itself, whatever is missing."""
    languages = dict.fromkeys(Subject, LANGUAGE)
    _compiled(source)
    keys = {"analyst_zh": "x", "analyst_en": "x"}
    reading = Values()
    reading.update(known)
    texts = [
        rule_text(id="tried", when=source, **keys),
        rule_text(id="negated", when=f"!({source})", **keys),
        rule_text(id="guarded", when=f"known(a) && a >= 1 && ({source})", **keys),
    ]
    text = file_text(*texts)
    rules = RuleSet(parse_rules(text, "a.toml", languages), {"a.toml": text}, languages)
    found = {hit.rule_id: hit.fault or True for hit in rules.match(frozenset(), 0, reading)}
    alone = {id_: rule.expression.evaluate(reading) for id_, rule in rules.rules.items()}
    told = {id_: getattr(result, "code", result) for id_, result in alone.items()}
    assert found == {id_: result for id_, result in told.items() if result is not False}


def test_most_rules_need_no_engine() -> None:
    """A conjunction is dropped by whichever comparison is false; a choice needs all of them."""
    rule = LANGUAGE.compile("known(a) && a >= 2 && (b > 1 || t == 'p') && ratio(a, b) > 0.5")
    found = clauses(rule.tree, VARIABLES)
    assert [len(clause) for clause in found] == [1, 1, 2]
    assert impossible(found, Values())
    assert impossible(found, Values({"a": 1.0}))
    assert impossible(found, Values({"a": 2.0, "b": 1.0, "t": "q"}))
    assert not impossible(found, Values({"a": 2.0, "b": 1.0}))
    assert not impossible(found, Values({"a": 2.0, "t": "p"}))
