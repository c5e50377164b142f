"""Words of states and kinds, and refusals that tell them."""

import pytest

from risk_service.domain.governed import (
    AdjustmentState,
    ChangeState,
    PublicationState,
    PublishedKind,
)
from risk_service.domain.listed import ListKind
from risk_service.domain.refusals import refusal
from risk_service.domain.states import state_name


@pytest.mark.parametrize(
    "word", [*AdjustmentState, *ChangeState, *PublicationState, *PublishedKind, *ListKind]
)
def test_every_state_and_kind_has_a_chinese_word(word: str) -> None:
    """A new one would stand in English within a Chinese sentence."""
    assert not state_name(word).zh.isascii()
    assert state_name(word).en == word


def test_refusals_name_states_and_kinds_in_the_language_of_the_reader() -> None:
    """`rules 第 3 号的状态是 active` is neither Chinese nor English; commands keep their names."""
    told = refusal("publication_state", kind=PublishedKind.RULES, number=3, state="active")
    assert told.zh == "规则第 3 号的状态是“生效”，不是“待审批”"
    assert told.en == "rules number 3 is active, not proposed"
    there = refusal("no_publication", kind=PublishedKind.LIMITS, number=9)
    assert there.zh == "限购策略没有第 9 号；可用 `risk limits versions` 查看"
    other = refusal("other_kind", list="ring", there="deny", asked="allow")
    assert other.zh == "名单 ring 是黑名单，不是白名单"
