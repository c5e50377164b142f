"""docs/rules.md says what is so."""

import re
from pathlib import Path

from risk_service.domain.evidence import Evidence
from risk_service.features.schema import load_schema
from risk_service.rules.examples import run_examples
from risk_service.rules.expression import Language
from risk_service.rules.language import (
    DEPTH_MAX,
    LOOP_DEPTH_MAX,
    LOOPS_MAX,
    PATTERNS_MAX,
    SOURCE_MAX,
    TERMS_MAX,
    Kind,
)
from risk_service.rules.rule_set import load_rule_set
from risk_service.rules.variables import Subject, all_variables, variables_of

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text("utf-8")


def test_the_example_rule_can_be_published() -> None:
    """The rule of the page checks, and its examples hold."""
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    rules = load_rule_set({"coupon.toml": text})
    assert all(one.passed for one in run_examples(rules.rules.values()))
    assert len(rules.rules["coupon_device_accounts"].schedule.hours) == 2


def test_the_conditions_compile() -> None:
    """Every condition of the table is one, over the variables of some subject."""
    rows = PAGE.split("## Conditions")[1].split("```")[0]
    written = [
        text.replace("\\|", "|")
        for row in rows.splitlines()
        if row.startswith("| ") and "|---" not in row
        for text in re.findall(r"`(.+?)`", row)
    ]
    variables = {name: kind for one in Subject for name, kind in variables_of(one).items()}
    language = Language({**variables, "a": Kind.NUMBER, "b": Kind.NUMBER})
    assert len(written) >= 15
    for source in written:
        language.compile(source)


def test_limits_and_evidence_are_those_of_the_code() -> None:
    """Sizes and the kinds of evidence stand on the page as they are."""
    plain = " ".join(PAGE.split())
    assert (
        f"at most {SOURCE_MAX:,} characters, {TERMS_MAX} terms, {DEPTH_MAX} levels and "
        f"{LOOPS_MAX} walks through lists, none inside another, and {PATTERNS_MAX} patterns"
    ) in plain
    assert LOOP_DEPTH_MAX == 1
    assert ", ".join(f"`{name}`" for name in Evidence.__members__) in plain


def test_the_table_of_facts_is_that_of_the_code() -> None:
    """Every fact is listed with kind, subjects and both texts."""
    features = set(load_schema().names)
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(s for s in Subject if s in one.subjects)} "
        f"| {one.text.en} | {one.text.zh} |"
        for one in all_variables()
        if one.name not in features
    ]
    assert "\n".join(rows) in PAGE
