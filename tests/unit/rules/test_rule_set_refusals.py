"""Rule files that are refused: where the fault lies, and what would be right."""

import os
from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.domain.toml_faults import TOKEN
from risk_service.rules import rule_set
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.rule_set import load_rule_set
from tests.fixtures.rule_texts import HEAD, file_text, rule_text

REFUSED = [
    ({"when": "order__page_openms < 300"}, 10, "no variable order__page_openms", "open_ms?"),
    ({"outcome": "ALLOW"}, 7, "'ALLOW' is not among the choices", "CHALLENGE, REVIEW, DENY"),
    ({"state": "live"}, 8, "'live' is not among the choices", "shadow, active"),
    ({"state": "shdow"}, 8, "'shdow' is not among the choices", "did you mean shadow?"),
    ({"subject": "cart"}, 6, "'cart' is not among the choices", "order, refund, action"),
    ({"id": "Fast Submit"}, 4, "'Fast Submit' has another form", "small letters"),
    ({"id": "h1"}, 4, "'h1' has another form", "a letter, then 2 to 63 small letters"),
    ({"reason": "R1"}, 9, "'R1' has another form", "a letter, then 2 to 63 capitals"),
    ({"owner": None}, 3, "owner: the key is missing", ""),
    ({"ownr": "me"}, 19, "there is no such key", "did you mean owner"),
    ({"customer_en": "At most 3 per day."}, 14, "tells a number", "thresholds"),
    ({"customer_zh": "{order__units} 件"}, 13, "tells a number", "thresholds"),
    ({"analyst_en": "{order__unit} units"}, 16, "no variable order__unit", "order__units"),
    ({"analyst_en": "{order__units"}, 16, "expected '}'", "a brace itself is written {{"),
    ({"analyst_en": "{} units"}, 16, "names no variable", "a value is quoted as {name}"),
    (
        {"analyst_en": "{order__units:.1f}"},
        16,
        "told as {order__units:.1f}",
        "write {order__units}",
    ),
    ({"analyst_zh": "{order__units!r}"}, 15, "told as {order__units!r}", "write {order__units}"),
    ({"analyst_en": "{order__goods_minor:mony}"}, 16, ":mony}", "or {order__goods_minor:money}"),
    ({"when": "a" * 5000}, 10, "characters", "split"),
    ({"tables": "[rule.scope]\npromotions = ['FLASHSALE']"}, 20, "'FLASHSALE'", "FLASH_SALE"),
    ({"tables": "[rule.scope]\nsellers = []"}, 20, "the list is empty", "leave the key out"),
    ({"tables": "[rule.scope]\nseller = ['s']"}, 20, "no such key", "did you mean sellers?"),
    ({"tables": "[rule.scope]\npromotions = 'COUPON'"}, 20, "is not a list", '["a", "b"]'),
    ({"tables": "[rule.schedule]\ndays = ['MON']"}, 20, "need a time zone", ""),
    ({"tables": "[rule.schedule]\nhours = ['8-9']\nzone = 'UTC'"}, 20, "20:00-22:30", ""),
    ({"tables": "[rule.schedule]\nzone = 'UTC'\nhours = ['25:00-26:00']"}, 21, "not a span", ""),
    ({"tables": "[rule.schedule]\ndays = ['Friday']\nzone = 'UTC'"}, 20, "choices", "MON, TUE"),
    ({"tables": "[rule.schedule]\nform = 2026-01-01"}, 20, "no such key", "did you mean from?"),
    ({"tables": "[rule.schedule]\nzone = 'Asia/Peking'"}, 20, "no time zone", ""),
    ({"tables": "[rule.schedule]\nfrom = 2026-01-01T00:00:00"}, 20, "says no offset", "+08:00"),
    ({"tables": "requires = ['PHOTOS', 2026-11-11]"}, 19, "2026-11-11 is not among", ""),
    ({"known": "order__page_openms = 1"}, 20, "no variable order__page_openms", "open_ms"),
    ({"known": "order__page_open_ms = 'fast'"}, 20, "is a number", ""),
    ({"known": "skus = [1]"}, 20, "is a texts", ""),
]


@pytest.mark.parametrize(
    ("keys", "line", "message", "hint"), REFUSED, ids=[str(i) for i in range(len(REFUSED))]
)
def test_refuses_with_line_and_hint(
    keys: dict[str, str | None], line: int, message: str, hint: str
) -> None:
    """A file that cannot be used is refused whole, with the line and what would be right."""
    texts = {"good.toml": file_text(rule_text(id="good")), "bad.toml": file_text(rule_text(**keys))}  # type: ignore[arg-type]
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set(texts)
    found = refused.value
    assert (found.file, found.line) == ("bad.toml", line)
    assert message in found.message.en
    assert hint in found.hint.en
    assert str(found).startswith(f"bad.toml:{line}:")


@pytest.mark.parametrize(
    ("before", "after", "line", "message", "hint"),
    [
        ('topic = "test"', "topic = test", 2, "not TOML: Invalid value", "texts stand in quotes"),
        ('topic = "test"', 'topic = "test', 2, "not TOML: Illegal", "no closing quote"),
        ("format = 1", "format = 1\nformat = 1", 2, "Cannot overwrite", "stands here twice"),
        ("format = 1", "format = 2", 1, "format: 2 cannot stand here", "write format = 1"),
        ("[[rule]]", "[rule]", 3, "rule: {...} is not a list", "[[rule]]"),
        ("topic", "topics", 2, "topics: there is no such key", "did you mean topic?"),
    ],
)
def test_a_file_that_is_none_says_where(
    before: str, after: str, line: int, message: str, hint: str
) -> None:
    """Also in Chinese: nothing of it speaks of the parser's types."""
    text = file_text(rule_text(known="order__page_open_ms = 200")).replace(before, after, 1)
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"bad.toml": text})
    found = refused.value
    assert found.line == line
    assert message in found.message.en
    assert hint in found.hint.en
    assert found.hint.zh
    assert "Input should" not in found.message.zh


def test_points_into_an_expression_of_several_lines() -> None:
    """Line, column and length are those of the file, also in the middle of a text."""
    when = "\norder__is_drop == 1\n  && order__untis > 3\n"
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"a.toml": file_text(rule_text(when=when))})
    found = refused.value
    assert (found.line, found.column, found.length) == (12, 6, 12)
    assert found.source_line == "  && order__untis > 3"
    assert "order__units" in found.hint.en
    assert "order__units" in found.hint.zh


def test_refuses_text_that_is_no_toml() -> None:
    """A slip in TOML itself has a line too."""
    with pytest.raises(RuleFileFault, match=r"a\.toml:3:9: not TOML"):
        load_rule_set({"a.toml": HEAD + "state = \n"})


@pytest.mark.parametrize("missing", ["matches = true", "matches = false"])
def test_refuses_a_rule_without_examples_of_both_kinds(missing: str) -> None:
    """Every rule shows what it matches and what it does not."""
    other = "matches = false" if missing == "matches = true" else "matches = true"
    with pytest.raises(RuleFileFault, match="there is no example"):
        load_rule_set({"a.toml": file_text(rule_text()).replace(missing, other)})


def test_refuses_an_id_twice() -> None:
    """Ids are unique over all files, so that a hit names one rule."""
    texts = {"a.toml": file_text(rule_text()), "b.toml": file_text(rule_text())}
    with pytest.raises(RuleFileFault, match=r"b\.toml:3.*taken by a\.toml:3"):
        load_rule_set(texts)


def test_refuses_more_rules_than_an_order_could_pay_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a greatest number of rules in a set."""
    monkeypatch.setattr(rule_set, "RULES_MAX", 1)
    with pytest.raises(ConfigFault, match="at most 1 can be in force"):
        load_rule_set({"a.toml": file_text(rule_text(), rule_text(id="another"))})


def test_refuses_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Nothing there, or no UTF-8: one clear line."""
    with pytest.raises(ConfigFault, match="no rule files"):
        load_rule_set(tmp_path)
    (tmp_path / "a.toml").write_bytes(b"format = 1\ntopic = '\xb9\xe6'\n")
    with pytest.raises(ConfigFault, match=r"a\.toml:2: not UTF-8; save it as UTF-8"):
        load_rule_set(tmp_path)


def test_refuses_what_has_no_end(tmp_path: Path) -> None:
    """A pipe or a device is no rule file; of a large file one byte too many is read.

    Without that the first two are waited for, and the third fills the memory.
    """
    os.mkfifo(tmp_path / "a.toml")
    with pytest.raises(ConfigFault, match=r"a\.toml: is not a file"):
        load_rule_set(tmp_path)
    (tmp_path / "a.toml").unlink()
    (tmp_path / "a.toml").symlink_to("/dev/zero")
    with pytest.raises(ConfigFault, match=r"a\.toml: is not a file"):
        load_rule_set(tmp_path)
    (tmp_path / "a.toml").unlink()
    with (tmp_path / "a.toml").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ConfigFault, match="larger than 1,000,000 bytes; divide it"):
        load_rule_set(tmp_path)
    with pytest.raises(ConfigFault, match="/dev/null: is not a file"):
        load_rule_set(Path("/dev/null"))


@pytest.mark.parametrize(
    ("after", "line", "message"),
    [
        ("\nx = " + "9" * 5_000, 2, "more than 4,300 digits"),
        ("\n# [[[ ' [\nx = '[[['\ny = " + "[" * 5_000, 4, "brackets stand too deep"),
        ("\nx", 2, "not TOML: Expected '='"),
        ("\n# a." + "a." * 200 + "\n" + "a." * 101 + "a = 1", 3, "key has more than 100 parts"),
        ("\nx = 'a." + "a." * 200 + "'\n['a' . \"b\" " + ".a" * 99 + "]", 3, "more than 100 parts"),
        ("\n\nx = 'a\n", 3, "not TOML"),
        ('\nx = """a\n\n[[rule]]\n', 4, "not TOML"),
    ],
    ids=["digits", "brackets", "parts", "quoted parts", "cut off", "quote", "quotes"],
)
def test_what_ends_the_parser_has_its_line(after: str, line: int, message: str) -> None:
    """Where a file was cut off, too; nothing of it is the parser's own advice to programmers."""
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"a.toml": f"format = 1{after}"})
    assert refused.value.line == line
    assert message in refused.value.message.en
    assert "sys." not in str(refused.value)
    assert refused.value.message.zh.startswith(("无法读取", "不是有效的 TOML"))


def test_what_a_text_holds_is_no_table() -> None:
    """A description that quotes a rule file moves no line of the rules behind it."""
    quoted = 'As in:\n[[rule]]\nid = "x"\n[[rule.example]]\n'
    known = "order__page_open_ms = 200"
    first = rule_text(id="first", description_en=quoted, known=known)
    text = file_text(first, rule_text(id="second", when="bad > 3", known=known))
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"a.toml": text})
    assert refused.value.rule_id == "second"
    assert "bad > 3" in text.split("\n")[refused.value.line - 1]


def test_no_quote_within_a_text_ends_it_for_places() -> None:
    """Escaped quotes, and quotes beside the closing ones; what looks like a key is none."""
    known = "order__page_open_ms = 200"
    first = rule_text(id="first", known=known).replace(
        "description_en = '''Submitted too fast'''",
        'description_en = """a \\""" b\n[[rule]]\nid = "x"\n"c\\\\""""',
    )
    second = rule_text(id="second", when="true &&\n bad > 3", known=known).replace(
        "owner = '''risk-flash'''", "owner = '''\nwhen = \"no\"\n''''"
    )
    text = file_text(first, second)
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"a.toml": text})
    line = text.split("\n")[refused.value.line - 1]
    assert (refused.value.rule_id, refused.value.column) == ("second", line.index("bad") + 1)


@pytest.mark.parametrize("quote", ["'", '"', "'''", '"""'])
def test_a_text_without_an_end_is_looked_at_once(quote: str) -> None:
    """Not again from each quote within it: such a file held up every order for minutes."""
    body = ("a" if "'" in quote else '\\"') * 1_000
    found = [match[0] for match in TOKEN.finditer(f"x = {quote}{body}")]
    assert found == [quote + body]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "x = " + "9" * 5000,
        HEAD + "x = " + "[" * 50_000,
        file_text(rule_text(known="order__page_open_ms = " + "9" * 400)),
        file_text(rule_text(known="order__page_open_ms = 9223372036854775808")),
    ],
    ids=["digits", "brackets", "float", "int64"],
)
def test_what_no_parser_takes_is_a_fault_of_the_file(text: str) -> None:
    """Numbers and brackets without end are told with the file, like every other fault."""
    with pytest.raises(RuleFileFault, match=r"^a\.toml:\d+: "):
        load_rule_set({"a.toml": text})
