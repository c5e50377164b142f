"""Groups of orders against rules: the compiled pass loses no hit and no fault."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from risk_service.domain.hits import RuleHit
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Mode, PromotionType
from risk_service.features.schema import load_schema
from risk_service.rules import group_match
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.group_match import GroupFacts, GroupMatch
from risk_service.rules.hit import hit as make_hit
from risk_service.rules.order_values import SCORES, OrderFacts, OrderReader
from risk_service.rules.rule_set import PLANS_MAX, RuleSet, load_rule_set, shipped_rules
from tests.fixtures.records import order
from tests.fixtures.rule_texts import file_text, rule_text

SCHEMA = load_schema()
FLASH = frozenset({PromotionType.FLASH_SALE})
NONE = frozenset({PromotionType.NONE})
# One column of each kind: of the order, of an entity that may be lacking, with a default
# that stands for unknown and without.
OF_ORDER = ("order__units", "order__page_open_ms")
NUMBERS = (*OF_ORDER, *[f.name for f in SCHEMA.features if f.entity == "device"][:2], *SCORES)
UNKNOWN = {f.name: f.default for f in SCHEMA.features}
BOUNDS = ("0", "1", "-1", "2.5", "900", "1e308")

_atoms = st.one_of(
    st.builds(
        "{} {} {}".format,
        st.sampled_from(NUMBERS),
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from(BOUNDS),
    ),
    st.builds("known({})".format, st.sampled_from(NUMBERS)),
    st.builds("{} in [0, 1, 900]".format, st.sampled_from(NUMBERS)),
    st.sampled_from(["challenge_passed", "attempt_number > 1", "'COUPON' in promotion_types"]),
    st.builds("ratio({0}, {1}) > 0.5".format, *[st.sampled_from(NUMBERS)] * 2),
)
conditions = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=6,
)


def _group(
    matrix: NDArray[np.float64], orders: list[Order], mode: Mode, scored: bool
) -> GroupFacts:
    scores = [(900, 0, 1) if scored else ()] * len(orders)
    kinds = [(FLASH, NONE)[place % 2] for place in range(len(orders))]
    return GroupFacts(
        orders=orders,
        promotions=kinds,
        matrix=matrix,
        mode=mode,
        scores=scores,
        facts=lambda place: OrderFacts(scores=scores[place], attempt_number=1 + place % 2),
        at_us=0,
    )


def _one_by_one(rules: RuleSet, group: GroupFacts) -> list[tuple[RuleHit, ...]]:
    """Ask each rule in scope, without any screen."""
    facts = [group.facts(place) for place in range(len(group.orders))]
    values = OrderReader(SCHEMA, rules).group(group.orders, group.matrix, group.mode, facts)
    return [
        tuple(
            group_match_hit
            for rule in rules.in_scope(kinds)
            if (group_match_hit := _asked(rules, rule.id, known)) is not None
        )
        for kinds, known in zip(group.promotions, values, strict=True)
    ]


def _asked(rules: RuleSet, rule_id: str, values: Any) -> RuleHit | None:
    from_engine = rules.rules[rule_id].expression.evaluate(values)
    return None if from_engine is False else make_hit(rules.rules[rule_id], from_engine, values)


def _lacking(names: tuple[str, ...]) -> Order:
    full = order()
    return replace(full, tokens=replace(full.tokens, **dict.fromkeys(names, "")))


@st.composite
def groups(draw: st.DrawFn) -> GroupFacts:
    """Draw a group whose values lie at, above and below bounds, or are missing."""
    count = draw(st.integers(1, 5))
    matrix = np.zeros((count, len(SCHEMA.names)))
    for name in NUMBERS[: -len(SCORES)]:
        values = st.sampled_from([UNKNOWN[name], 0.0, 1.0, 2.5, 900.0, 1e308, -1.0])
        column = draw(st.lists(values, min_size=count, max_size=count))
        matrix[:, SCHEMA.names.index(name)] = column
    lacks = st.sampled_from([(), ("device",), ("device", "phone", "payment")])
    orders = [_lacking(draw(lacks)) for _ in range(count)]
    mode = draw(st.sampled_from([Mode.FULL, Mode.NO_FEATURES]))
    return _group(matrix, orders, mode, draw(st.booleans()))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sources=st.lists(conditions, min_size=1, max_size=3), group=groups())
def test_a_group_hits_what_each_rule_by_itself_does(sources: list[str], group: GroupFacts) -> None:
    """Hits, matched values and faults are those of every rule in scope, asked one by one."""
    keys = {"analyst_zh": "x", "analyst_en": "x"}
    texts = [
        rule_text(id=f"plain{at}", when=source, **keys) for at, source in enumerate(sources)
    ] + [
        rule_text(id=f"negated{at}", when=f"!({source})", **keys)
        for at, source in enumerate(sources)
    ]
    try:
        rules = load_rule_set({"a.toml": file_text(*texts)})
    except RuleFileFault:
        reject()
    assert GroupMatch(SCHEMA, rules).hits(group) == _one_by_one(rules, group)


def test_every_comparison_is_held_to_the_engine_around_its_bound() -> None:
    """At a bound, at the next number on either side, at zero, infinity and when missing."""
    column, keys = "order__units", {"analyst_zh": "x", "analyst_en": "x"}
    atoms = [
        f"{column} {sign} {bound}"
        for sign in ("<", "<=", ">", ">=", "==", "!=")
        for bound in BOUNDS
    ]
    atoms += [f"known({column})"]
    sources = [*atoms, *[f"!({atom})" for atom in atoms]]
    texts = [rule_text(id=f"rule{at}", when=one, **keys) for at, one in enumerate(sources)]
    rules = load_rule_set({"a.toml": file_text(*texts)})
    near = [float(np.nextafter(float(one), way)) for one in BOUNDS for way in (-np.inf, np.inf)]
    values = [*map(float, BOUNDS), *near, -0.0, np.inf, -np.inf, np.nan]
    matrix = np.zeros((len(values), len(SCHEMA.names)))
    matrix[:, SCHEMA.names.index(column)] = values
    group = _group(matrix, [order()] * len(values), Mode.FULL, scored=True)
    assert GroupMatch(SCHEMA, rules).hits(group) == _one_by_one(rules, group)


def _busy(count: int) -> GroupFacts:
    chance = np.random.default_rng(11)
    matrix = chance.poisson(2.0, (count, len(SCHEMA.names))).astype(np.float64)
    orders = [
        (order(), _lacking(("device",)), _lacking(("real_name",)))[n % 3] for n in range(count)
    ]
    return _group(matrix, orders, Mode.FULL, scored=True)


@pytest.mark.parametrize("count", [1, 4, 40])
def test_shipped_rules_hit_the_same_without_numba(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """The compiled pass and the screen in Python give the same hits, by the scope of each order."""
    group, rules = _busy(count), shipped_rules()
    compiled = GroupMatch(SCHEMA, rules).hits(group)
    monkeypatch.setattr(group_match, "load_loops", lambda _: None)
    assert GroupMatch(SCHEMA, rules).hits(group) == compiled
    assert any(compiled) or count == 1


def test_any_number_of_mixtures_of_promotions_may_come() -> None:
    """The table of scopes is begun anew when it is full, and stays right."""
    matcher, group = GroupMatch(SCHEMA, shipped_rules()), _busy(2)
    wanted = matcher.hits(group)
    kinds = list(PromotionType)
    for number in range(PLANS_MAX + 2):
        mixture = frozenset(kind for at, kind in enumerate(kinds) if number >> at & 1)
        mixed = replace(group, promotions=[mixture, mixture])
        assert len(matcher.hits(mixed)) == 2
    assert matcher.hits(group) == wanted


def test_facts_are_asked_for_only_where_a_rule_may_hold() -> None:
    """An order that every rule's numbers rule out costs no values and no facts."""
    rules = load_rule_set({"a.toml": file_text(rule_text(id="many", when="order__units > 3"))})
    matrix = np.zeros((2, len(SCHEMA.names)))
    matrix[1, SCHEMA.names.index("order__units")] = 4.0
    asked: list[int] = []

    def facts(place: int) -> OrderFacts:
        asked.append(place)
        return OrderFacts()

    group = replace(_group(matrix, [order(), order()], Mode.FULL, scored=True), facts=facts)
    hits = GroupMatch(SCHEMA, rules).hits(group)
    assert [len(one) for one in hits] == [0, 1]
    assert asked == [1]
