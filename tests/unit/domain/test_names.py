"""Words for people: complete, in both languages, and of every name that programs use."""

import re
import tomllib
from enum import IntEnum

import pytest

from risk_service.domain.benefit import BenefitType, SubsidyKind
from risk_service.domain.currency import amount_text, money_text
from risk_service.domain.errors import BundleRefused
from risk_service.domain.evidence import Evidence
from risk_service.domain.grant import LimitUse, Measure
from risk_service.domain.listed import EntityKind
from risk_service.domain.names import (
    counted,
    names_text,
    subject_name,
    subject_names,
    use_facts,
    window_name,
    word_name,
)
from risk_service.domain.refusals import refusal, refusal_texts
from risk_service.domain.vocabulary import (
    ChallengeKind,
    ChallengeResult,
    EntryPath,
    EventReason,
    Outcome,
    PromotionType,
)
from risk_service.limits.count_per import CountPer
from risk_service.limits.policy import DIMENSIONS, LINE_FIELDS

INTERNAL = re.compile(r"[a-z0-9]+_[a-z0-9_]+")
CHINESE = re.compile("[\u4e00-\u9fff]")
COUNTED_PER = [one.value for one in CountPer if one is not CountPer.EVERYTHING]
SUBJECTS = sorted(
    {*DIMENSIONS, *LINE_FIELDS, *COUNTED_PER, *(kind.value for kind in EntityKind), "currency"}
)
# Both languages write these so.
ALIKE = {"sku"}


@pytest.mark.parametrize("subject", [*SUBJECTS, "GLOBAL"])
def test_whatever_limits_count_and_lists_hold_has_a_name(subject: str) -> None:
    """No key of a program is left in either language."""
    name = subject_name(subject)
    assert not INTERNAL.search(name.zh + name.en)
    assert subject in ALIKE or CHINESE.search(name.zh)
    assert name.en.isascii()


@pytest.mark.parametrize(
    "vocabulary",
    [
        Outcome, PromotionType, EntryPath, EventReason, BenefitType, SubsidyKind, Evidence,
        ChallengeKind, ChallengeResult,
    ],
)  # fmt: skip
def test_every_word_of_a_closed_vocabulary_has_a_name(vocabulary: type[IntEnum]) -> None:
    """What rules compare is told in words, in both languages."""
    for member in vocabulary:
        name = word_name(member.name)
        assert CHINESE.search(name.zh), member.name
        assert name.en == name.en.lower()
        assert "_" not in name.en


def test_what_has_no_word_is_shown_as_it_is() -> None:
    """A record of another version can be told, and says what it holds."""
    assert subject_name("palm").en == subject_name("palm").zh == "palm"
    assert word_name("TELEPATHY").zh == "TELEPATHY"
    assert window_name("eternal 3x").en == "eternal 3x"


def test_every_part_of_a_key_set_is_named() -> None:
    """Two subjects that are counted together, and several that are counted apart."""
    assert subject_name("account+address_door").en == "account + address with room"
    assert subject_name("account+address_door").zh == "账号+门牌户地址"
    assert subject_names(["device", "identity_cluster"]).en == "device, identity cluster"
    assert subject_names(["device", "identity_cluster"]).zh == "设备、身份簇"


@pytest.mark.parametrize(
    ("window", "english", "chinese"),
    [
        ("per_order", "per order", "每单"),
        ("session", "timed drop", "开抢场次"),
        ("rolling 7d", "rolling 7 d", "滚动 7 天"),
        ("rolling 90s", "rolling 90 s", "滚动 90 秒"),
        (
            "calendar week Asia/Shanghai from 04:00",
            "calendar week Asia/Shanghai from 04:00",
            "自然周 Asia/Shanghai 起于 04:00",
        ),
    ],
)
def test_windows_are_told_in_words(window: str, english: str, chinese: str) -> None:
    """As their policies say them, without a name of a program."""
    assert (window_name(window).en, window_name(window).zh) == (english, chinese)


@pytest.mark.parametrize(
    ("measure", "count", "currency", "english", "chinese"),
    [
        (Measure.UNITS, 1, "JPY", "1 unit", "1 件"),
        (Measure.ORDERS, 1200, "JPY", "1,200 orders", "1,200 单"),
        (Measure.AMOUNT, 50_000, "JPY", "50,000 JPY", "50,000 JPY"),
        (Measure.DISCOUNT, 50_000, "KWD", "50.000 KWD", "50.000 KWD"),
        (Measure.AMOUNT, 50_000, "CNY", "500.00 CNY", "500.00 CNY"),
    ],
)
def test_limits_on_money_are_told_in_their_currency(
    measure: Measure, count: int, currency: str, english: str, chinese: str
) -> None:
    """Units stay units; an amount has the decimals of its currency."""
    told = counted(measure, count, currency)
    assert (told.en, told.zh) == (english, chinese)


def test_a_use_says_whom_and_how_much() -> None:
    """The facts of texts about limits: the number alone, and the cap with what it counts."""
    use = LimitUse(
        "spend",
        "1",
        "account",
        "",
        Measure.AMOUNT,
        "lifetime",
        90_000,
        85_000,
        1,
        0,
        0,
        True,
        False,
    )
    facts = use_facts(use, "JPY")
    assert facts["used"] == "85,000"
    assert facts["cap"] == counted(Measure.AMOUNT, 90_000, "JPY")
    assert facts["subject"] == subject_name("account")


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [(123_456, "CNY", "1,234.56"), (123_456, "JPY", "123,456"), (123_456, "KWD", "123.456")],
)
def test_money_is_told_in_the_unit_of_its_currency(minor: int, currency: str, told: str) -> None:
    """The smallest unit of a yen is a yen: nothing is divided by a hundred that has no cents."""
    assert money_text(minor, currency) == told
    assert amount_text(minor, currency) == f"{told} {currency}"


def test_no_name_is_empty_or_there_for_nothing() -> None:
    """Each entry of the file says something in each language."""
    for table, entries in tomllib.loads(names_text()).items():
        for key, texts in entries.items():
            assert len(texts) == (3 if table == "measure" else 2), key
            assert all(texts), key


@pytest.mark.parametrize("code", sorted(refusal_texts()))
def test_refusals_are_told_in_both_languages(code: str) -> None:
    """With the same places, in their own language; names of fields and commands stay."""
    text = refusal_texts()[code]
    places = re.compile(r"\{(\w+)")
    assert sorted(places.findall(text.en)) == sorted(places.findall(text.zh))
    assert text.en.isascii()
    assert CHINESE.search(text.zh)


def test_a_refused_bundle_is_told_in_both_languages() -> None:
    """The check and the file; what has no Chinese words of its own stays as it is."""
    told = BundleRefused("digest", "refund.full.txt", refusal("bundle_digest"))
    assert str(told) == (
        "bundle refused by check 'digest', refund.full.txt: its SHA-256 is not the manifest's"
    )
    assert told.zh == (
        "模型包未通过 digest 校验（refund.full.txt）：SHA-256 与清单不同；请使用原样的模型包"
    )
    assert told.reason == "its SHA-256 is not the manifest's"
    assert BundleRefused("golden", "", "odd").zh == "模型包未通过 golden 校验（整个模型包）：odd"
