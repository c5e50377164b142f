"""Compiling and evaluating: what is read, what is too large, what can never happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.errors import ConfigFault
from risk_service.rules.expression import Expression, Fault, Kind, Language, RuleFault
from risk_service.rules.language import (
    DEPTH_MAX,
    LOOPS_MAX,
    PATTERN_CHARS_MAX,
    PATTERNS_MAX,
    SOURCE_MAX,
    TERMS_MAX,
    near,
)
from tests.fixtures.rule_texts import LANGUAGE, VARIABLES

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.text() | st.none() | st.integers(), max_size=5)
)


def test_names_what_it_reads() -> None:
    """Variables come in order of first use, without loop variables and without known()."""
    found = LANGUAGE.compile("ts.exists(x, x == t) && known(b) && (f || a > 1)")
    assert found.variables == ("ts", "t", "f", "a")
    assert found.asks_known == ("b",)
    assert found.source == "ts.exists(x, x == t) && known(b) && (f || a > 1)"


def test_reads_a_variable_beside_a_loop_of_its_own_name() -> None:
    """The range of a loop is outside of it; what the loop names is inside."""
    found = LANGUAGE.compile("ts.filter(x, x != t).exists(x, x == 'a')")
    assert found.variables == ("ts", "t")


def test_fault_is_falsy_and_names_what_is_missing() -> None:
    """Whoever asks `if rule.evaluate(...)` never takes a fault for a match."""
    result = LANGUAGE.compile("a > 1 && b > 1").evaluate({"a": 2.0})
    assert result == Fault(code="MISSING_VALUE", names=("b",))
    assert not result


def test_an_endless_loop_is_a_fault() -> None:
    """Beyond the engine's budget of iterations an evaluation ends, as a fault."""
    rule = LANGUAGE.compile("ts.exists(x, x + x == 'none')")
    result = rule.evaluate({"ts": ["a"] * 50_000})
    assert isinstance(result, Fault)
    assert result.code == "EVALUATION_FAILED"
    assert "budget" in result.detail


def test_a_pattern_cannot_hang() -> None:
    """Patterns run in time linear in the text."""
    assert LANGUAGE.compile("t.matches('(a+)+$')").evaluate({"t": "a" * 20_000 + "b"}) is False


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a > 1 && " + "a > 1 && " * 600 + "f", "characters"),
        (" && ".join(["a > 1"] * 90), "terms"),
        ("+".join(["a"] * (DEPTH_MAX + 8)) + " > 1", "nested too deep"),
        ("(" * 60 + "f" + ")" * 60, "nested too deep"),
        ("(" * 2000 + "f" + ")" * 2000, "nested too deep"),
        ("[" * 2000 + "]" * 2000, "nested too deep"),
        ("f ? f : " * 500 + "f", "nested too deep"),
        (" || ".join(["'x' in ts.filter(x, x == t)"] * (LOOPS_MAX + 1)), "lists 5 times"),
        (" || ".join(["t.matches('a')"] * (PATTERNS_MAX + 1)), "4 patterns"),
        (f"t.matches('{'a' * (PATTERN_CHARS_MAX + 1)}')", "100 characters"),
    ],
    ids=[
        "long",
        "wide",
        "chain",
        "brackets",
        "many_brackets",
        "lists",
        "choices",
        "loops",
        "patterns",
        "pattern",
    ],
)
def test_refuses_what_is_too_large(source: str, message: str) -> None:
    """An expression has a greatest length, width, depth and number of loops."""
    with pytest.raises(RuleFault, match=message):
        LANGUAGE.compile(source)


def test_takes_what_is_just_within_the_limits() -> None:
    """The limits leave room for long rules."""
    source = "a in [" + ", ".join(str(number) for number in range(TERMS_MAX - 4)) + "]"
    assert LANGUAGE.compile(source).evaluate({"a": 7.0}) is True
    padded = "f" + " " * (SOURCE_MAX - 1)
    assert LANGUAGE.compile(padded).evaluate({"f": True}) is True


@pytest.mark.parametrize("name", ["in", "known", "ratio", "known__a", "a.b", "1a", "", "a-b", "数"])
def test_refuses_names_that_no_rule_could_write(name: str) -> None:
    """A language is not made over variables that its text cannot name."""
    with pytest.raises(ConfigFault):
        Language({name: Kind.NUMBER})


def _refusal(source: str) -> RuleFault | None:
    try:
        LANGUAGE.compile(source)
    except RuleFault as fault:
        return fault
    return None


@given(source=st.text(max_size=60))
def test_any_text_compiles_or_is_refused(source: str) -> None:
    """No text makes the compiler fail in any other way than by a fault with a place."""
    fault = _refusal(source)
    assert fault is None or (min(fault.line, fault.column, fault.length) >= 1 and fault.message)


WORDS = [
    *VARIABLES, "known", "(", ")", "&&", "||", "!", ">", "<=", "==", "+", "-", "*", "/", "%",
    "?", ":", "in", "[", "]", ",", ".", "1", "0", "2.5", "'a'", "x", "exists", "all", "map",
    "size", "matches", "ratio", "int", "double", "string", "true", "null", "-1", "\n",
]  # fmt: skip


@given(source=st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_words_compile_or_are_refused(source: str) -> None:
    """The same for texts made of the language's own words."""
    fault = _refusal(source)
    assert fault is None or fault.line <= source.count("\n") + 1


SOURCES = (
    "a > 1 && b < 2 || f",
    "ratio(a, b) > 0.5 || n / n == 1",
    "known(a) ? a > 1 : ts[0] == t",
    "ts.exists(x, x == t) && n % 2 == 0",
    "int(a) + n > 3 || t.matches('^[0-9]+$')",
)
RULES = tuple(LANGUAGE.compile(source) for source in SOURCES)


@given(rule=st.sampled_from(RULES), values=st.dictionaries(st.sampled_from([*VARIABLES]), scalars))
def test_any_values_give_a_result(rule: Expression, values: dict[str, object]) -> None:
    """Whatever the values are, an evaluation is true, false or a fault, never an exception."""
    result = rule.evaluate(values)  # type: ignore[arg-type]  # wrong kinds on purpose
    assert result is True or result is False or isinstance(result, Fault)


def test_a_name_is_guessed_by_its_beginning_too() -> None:
    """Where nothing is like it as a whole; short beginnings are those of too much."""
    names = ("INVITE_REWARD", "FLASH_SALE", "GROUP_BUY")
    assert near("INVITE", names) == ("INVITE_REWARD",)
    assert near("flash", names) == ("FLASH_SALE",)
    assert near("GR", names) == ()
