"""Policies are read from a file; what is wrong is told with its line and what would be right."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.errors import InvalidInput, Violation
from risk_service.limits import fault_words
from risk_service.limits.book import parse_limits
from risk_service.limits.fault_words import TEXTS
from risk_service.limits.policy import CLUSTER, OnExceed, State
from risk_service.limits.reading import KEYS
from tests.fixtures.limit_texts import policy, shipped_limits

FILE = "limits.toml"


def assert_both_languages(violation: Violation) -> None:
    """Whoever reads Chinese reads the same of the same things as whoever reads English."""
    english, chinese = violation.description, violation.description_zh
    assert re.search("[一-鿿]", chinese), english
    assert sorted(re.findall("`[^`]*`", chinese)) == sorted(re.findall("`[^`]*`", english))
    assert not re.search("must|missing;| is |one of|did you", chinese), chinese


def faults(text: str) -> list[tuple[int, str]]:
    """Return line and words of every fault."""
    with pytest.raises(InvalidInput) as caught:
        parse_limits(text, FILE)
    found = []
    for violation in caught.value.violations:
        file, _, line = violation.field.partition(":")
        assert file == FILE
        assert_both_languages(violation)
        found.append((int(line), violation.description))
    return found


def line_of(text: str, needle: str) -> int:
    """Return the number of the first line that holds a text."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if needle in line)


def test_shipped_policies_are_whole() -> None:
    """Every kind of promotion that needs a limit has one; none counts a thing twice."""
    book = shipped_limits()
    kinds = {kind.name for one in book.policies for kind in one.include.promotion_types}
    assert kinds >= {
        "FLASH_SALE", "COUPON", "NEW_CUSTOMER", "GROUP_BUY", "LUCKY_DRAW", "GIFT", "INVITE_REWARD",
    }  # fmt: skip
    assert book.overlaps() == []
    assert all(re.search("[一-鿿]", one.name_zh) for one in book.policies)


def test_shipped_policies_turn_no_household_away() -> None:
    """Who shares a door is one cluster: it is asked to verify or looked at, never just refused."""
    of_clusters = [
        one
        for one in shipped_limits().policies
        if (CLUSTER,) in one.key_sets and one.state is State.ACTIVE
    ]
    assert of_clusters
    assert {one.on_exceed for one in of_clusters} <= {OnExceed.CHALLENGE, OnExceed.REVIEW}
    assert {one.needed for one in of_clusters} == {1}


# What is changed in a good file, the text in the line at fault, and words of the fault.
WRONG = [
    ("state", "sleeping", "state =", "one of: draft, shadow, active, retired"),
    ("state", "actve", "state =", "did you mean `active`"),
    ("subject", '{ any_of = ["acount"] }', "subject =", "did you mean `account`"),
    ("subject", '{ k_of_n = ["account", "device"], k = 3 }', "subject =", "`k` must be 1 to 2"),
    ("subject", '{ any_of = ["identity_cluster+device"] }', "subject =", "stands alone"),
    ("subject", '{ any_of = ["account", "account"] }', "subject =", "twice"),
    ("subject", '{ any_of = ["a"], all_of = ["b"] }', "subject =", "one of any_of, all_of, k_of_n"),
    ("per", "colour", "count_per =", "one of: everything, sku"),
    ("measure", "unit", "measure =", "did you mean `units`"),
    ("measure", "amount", "policy]]", 'currency = "CNY"'),
    ("window", '"forever"', "window =", '"lifetime"'),
    ("window", '{ rolling = "7 days" }', "window =", 'rolling = "90s"'),
    ("window", '{ rolling = "9999d" }', "window =", "up to 400d"),
    ("window", '{ calendar = "day" }', "window =", "time_zone ="),
    ("window", '{ calendar = "day", time_zone = "Mars/Base" }', "window =", "IANA time zone"),
    ("window", '{ calendar = "year", time_zone = "UTC" }', "window =", "hour, day, week, month"),
    ("window", '{ calendar = "day", time_zone = "UTC", day_start = "25:00" }', "window =", "04:00"),
    ("cap", -1, "cap =", "whole number, 0 to"),
    ("cap", 1.5, "cap =", "whole number"),
    ("cap", "true", "cap =", "whole number"),
    ("on_exceed", "deny", "on_exceed =", "one of: reject"),
    ("release_on", '["refunds"]', "release_on =", "did you mean `refund`"),
    ("release_on", '[["refund"]]', "release_on =", "releases nothing"),
    ("window", '{ calendar = "day", time_zone = "Asia" }', "window =", "IANA time zone"),
    ("window", '{ calendar = "day", time_zone = "localtime" }', "window =", "IANA time zone"),
    (
        "window",
        f'{{ calendar = "day", time_zone = "{"x" * 5000}" }}',
        "window =",
        "IANA time zone",
    ),
]


@pytest.mark.parametrize(
    ("key", "value", "at", "words"), WRONG, ids=[f"{n}-{one[0]}" for n, one in enumerate(WRONG)]
)
def test_fault_names_its_line_and_what_would_be_right(
    key: str, value: object, at: str, words: str
) -> None:
    """The second policy of the file is wrong; the fault is in its line, not in the first one's."""
    good = "format = 1\n" + policy("first")
    text = good + policy("second", **{key: value})
    found = faults(text)
    assert [line for line, _ in found] == [line_of(text[len(good) :], at) + len(good.splitlines())]
    assert words in found[0][1]
    assert "`second`" in found[0][1]


@pytest.mark.parametrize(
    ("more", "at", "words"),
    [
        ("colour = 1", "colour", "not known"),
        ('include = { sku = ["x"] }', "include", "did you mean `skus`"),
        ('include = { promotion_types = ["FLASH"] }', "include", "not a promotion type"),
        ("exclude = { skus = [] }", "exclude", "leave it out for all"),
        (
            'missing_dimension = { phone = "account" }',
            "missing_dimension",
            "not among the subjects",
        ),
        ('missing_dimension = "ignore"', "missing_dimension", "challenge, reject"),
        ("valid_from = 2026-01-01T00:00:00", "valid_from", "with its offset"),
        ("minimum = 3", "minimum", "above `cap`"),
        ('require_verification = "L9"', "require_verification", "one of: L0"),
        ("priority = -1", "priority", "whole number"),
        ("tiles = true", "tiles", "rolling windows only"),
        ("currency = []", "currency", "amount and discount only"),
        ("currency = false", "currency", "amount and discount only"),
        ('include = { spus = "p" }', "include", "texts"),
        (
            'include = { categories = ["food"] }\nmissing_dimension = { category = "account" }',
            "missing_dimension",
            "one of: challenge, reject",
        ),
        ('missing_dimension = { spu = "reject" }', "missing_dimension", "not among the subjects"),
        ('tiles = "yes"', "tiles", "true or false"),
        ("[[policy.tier]]\ncap = 5", "[[policy.tier]]", "for whom it is"),
        ('[[policy.tier]]\ncap = 5\nwhen = { vip = "1" }', "when", "not a trait"),
        ('[[policy.tier]]\nwhen = { verification = "L2" }\ncap = "5"', 'cap = "5"', "tier 1"),
        ('[[policy.tier]]\nwhen = { verification = ["L2"] }\ncap = 5', "when", "one of: L0"),
        ("tier = [1]", "tier = [1]", "[[policy.tier]]"),
    ],
)
def test_fault_in_an_optional_entry(more: str, at: str, words: str) -> None:
    """Entries that may be left out are checked as well."""
    text = "format = 1\n" + policy() + more + "\n"
    assert [(line, words in said) for line, said in faults(text)] == [(line_of(text, at), True)]


def test_all_faults_are_told_at_once_in_their_order() -> None:
    """An analyst mends a file in one go."""
    text = "format = 1\n" + policy("a", cap=-1) + policy("a", state="x") + policy("B")
    assert [line for line, _ in faults(text)] == sorted(line for line, _ in faults(text))
    assert len(faults(text)) == 3


# A table in a table, a hundred times.
DEEP = "{a" + ".a" * 99 + " = "


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("format = 2", 1, "format = 1"),
        ("", 1, "format = 1"),
        ('format = 1\npolicies = "x"', 2, "[[policy]]"),
        ("format = 1\n\n[[policy]\n", 3, "not TOML"),
        ('format = 1\nx = "open', 2, "not TOML"),
        ("format = 1\npolicy = 3", 2, "[[policy]]"),
        ("format = 1\nx = " + "9" * 5000, 2, "more than 4,300 digits"),
        ("format = 1\nx = " + "[" * 50_000, 2, "too deep"),
        ("format = 1\n[[policy]]\nname = " + DEEP * 20 + "1" + "}" * 20, 2, "too deep"),
        ("format = 1\n[[policy]]\nname" + ".a" * 2_000 + " = 1", 3, "more than 100 parts"),
    ],
    ids=range(10),
)
def test_file_that_is_none(text: str, line: int, words: str) -> None:
    """Broken syntax has a line too."""
    assert [(at, words in said) for at, said in faults(text)] == [(line, True)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('format = 1\n\n[policy]\nid = "a"', 3),
        ("format = 1\n\n[[tier]]\ncap = 1", 3),
        ("format = 1\n" + policy() + "\n[policy.tier]\ncap = 1", 18),
        ("format = 1\n" + policy() + '\n[policy.include]\nsku = ["x"]', 18),
    ],
)
def test_a_table_at_fault_has_its_own_line(text: str, line: int) -> None:
    """Not that of the file or of the policy."""
    assert [at for at, _ in faults(text)] == [line]


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_is_there_in_both_languages(code: str) -> None:
    """What can be wrong with a file is said in Chinese too, with the same places to fill."""
    english, chinese = TEXTS[code]
    places = [sorted(re.findall(r"(?<!{){\w+}", text)) for text in (english, chinese)]
    assert places[0] == places[1]
    if re.search("[a-z]{3} [a-z]", re.sub("{.*?}", "", english)):
        assert re.search("[一-鿿]", chinese)


def test_every_text_is_used() -> None:
    """Each code is named where a fault is found."""
    room = Path(fault_words.__file__).parent
    finding = [*room.glob("*.py"), room.parent / "governance" / "limit_gate.py"]
    code = "".join([one.read_text("utf-8") for one in finding])
    assert [one for one in TEXTS if code.count(f'"{one}"') < 2] == []


KEY_VALUES = st.sampled_from(
    ['""', '"x"', "0", "-1", "1.5", "true", "[]", '["x"]', "[1]", "{}", "{ x = 1 }", '"L2"',
     "2026-01-01T00:00:00", "{ any_of = 3 }", '{ any_of = ["x+x"] }', '{ rolling = "1y" }',
     '{ calendar = "day", x = 1 }', '{ skus = "x" }', '{ k_of_n = ["account"] }']
)  # fmt: skip


@given(st.sampled_from([*KEYS, "colour"]), KEY_VALUES)
def test_whatever_is_wrong_is_told_in_both_languages(key: str, value: str) -> None:
    """Any value for any key passes, or is refused in Chinese as in English."""
    lines = [one for one in policy().splitlines() if not one.startswith(f"{key} ")]
    text = "\n".join(["format = 1", *lines, f"{key} = {value}", ""])
    try:
        assert parse_limits(text, FILE).policies
    except InvalidInput as error:
        for violation in error.violations:
            assert_both_languages(violation)


def test_lines_inside_of_texts_are_not_taken_for_entries() -> None:
    """A description of several lines may speak of [[policy]] and state = without misleading."""
    talk = 'description = """\n[[policy]]\nstate = "x"\n"""'
    text = "format = 1\n" + policy("a").replace('description = "A limit of the test."', talk)
    text += policy("b", state="x")
    assert faults(text)[0][0] == line_of(text, 'id = "b"') + 5


def test_two_ids_alike_are_refused() -> None:
    """Counters belong to an id."""
    text = "format = 1\n" + policy("same") + policy("same")
    assert "used in line 3 too" in faults(text)[0][1]


def test_owner_cannot_approve() -> None:
    """An active policy names another person; a shadow one needs none yet."""
    own = policy().replace('approver = "approver"', 'approver = "owner"')
    assert "another person" in faults("format = 1\n" + own)[0][1]
    shadow = policy(state="shadow").replace('approver = "approver"\n', "")
    assert parse_limits("format = 1\n" + shadow, FILE).policies[0].approver == ""


def test_any_change_is_another_version() -> None:
    """What a reservation pins tells every state of a policy from every other."""
    first = parse_limits("format = 1\n" + policy(), FILE)
    second = parse_limits("format = 1\n" + policy(cap=3), FILE)
    assert first.policies[0].ref != second.policies[0].ref
    assert first.version != second.version
    assert parse_limits("format = 1\n# why\n" + policy(), FILE).version == first.version


@pytest.mark.parametrize("measure", ["redemptions", "draws", "rewards"])
def test_products_are_of_goods(measure: str) -> None:
    """What has no SKU has no SPU and no category either: such a policy would count nothing."""
    for text in (policy(measure=measure, per="spu"),
                 policy(measure=measure) + 'include = { categories = ["food"] }\n'):  # fmt: skip
        ((_, words),) = faults("format = 1\n" + text)
        assert "is of no goods" in words
