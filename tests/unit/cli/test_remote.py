"""What commands say of a call that the service did not do: true, and of use to who reads it."""

from typing import cast

import click
import grpc
import pytest

from risk_service.cli.language import told_in
from risk_service.cli.remote import Remote, told_in_one_line
from risk_service.client.errors import FailedCall, from_call
from risk_service.domain.errors import (
    Conflict,
    DataFault,
    Forbidden,
    InvalidInput,
    Overloaded,
    RiskError,
    StoreUnavailable,
    Unauthenticated,
)
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText
from risk_service.rpc.errors import code_of, details_of, words_of

PLACE = "127.0.0.1:1"


class Ended:
    """A call that gRPC ended."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        details: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        self._ended = code, message, details

    def code(self) -> grpc.StatusCode:
        """Return the status."""
        return self._ended[0]

    def details(self) -> str:
        """Return the message."""
        return self._ended[1]

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """Return the details."""
        return self._ended[2]


def of_service(error: RiskError) -> Ended:
    """Return the call as the service ends it for an error."""
    return Ended(code_of(error), words_of(error), details_of(error))


def said(ended: Ended, lang: str = "en") -> str:
    """Return what a command prints of a call that ended so."""
    with pytest.raises(click.ClickException) as raised, told_in_one_line(PLACE, lang):
        raise from_call(cast("FailedCall", ended))
    return raised.value.message


def test_nobody_there_asks_whether_the_service_runs() -> None:
    """A connection that is refused is no answer of the service."""
    words = said(Ended(grpc.StatusCode.UNAVAILABLE, "connection refused"))
    assert "is the service running? Start it with risk serve, or give its address" in words
    assert "--server" in said(Ended(grpc.StatusCode.UNAVAILABLE, "refused"), "zh")


@pytest.mark.parametrize(("lang", "piece"), [("en", "a full disk"), ("zh", "磁盘已满")])
def test_a_full_disk_is_a_service_that_runs(lang: str, piece: str) -> None:
    """It answered that it cannot store anything: the log says why, and nobody starts it again."""
    words = said(of_service(StoreUnavailable("/var: disk full")), lang)
    assert piece in words
    assert "running" not in words
    assert "是否在运行" not in words
    assert "/var" not in words


def test_a_token_is_asked_for_only_where_there_is_none() -> None:
    """Who lacks a scope has a token: to give it again would not help."""
    without = said(of_service(Unauthenticated(refusal("no_token"))))
    assert without.endswith("Give your token as RISK_TOKEN.")
    lacking = Forbidden(refusal("lacks_scope", actor="li.wei", scope="approve"))
    assert "RISK_TOKEN" not in said(of_service(lacking))
    assert "li.wei 缺少权限 approve" in said(of_service(lacking), "zh")


def test_time_that_is_over_is_no_refusal() -> None:
    """What was asked may have been done: look first."""
    words = said(Ended(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))
    assert "it may have been done all the same" in words


def test_a_full_service_is_asked_again_later() -> None:
    """It takes no more right now, and is not down."""
    assert "try again in a moment" in said(of_service(Overloaded("the server is full")))


@pytest.mark.parametrize(
    ("code", "piece"),
    [
        (grpc.StatusCode.UNIMPLEMENTED, "of another version"),
        (grpc.StatusCode.INTERNAL, "its log says why"),
    ],
)
def test_a_fault_says_where_to_look(code: grpc.StatusCode, piece: str) -> None:
    """An unknown call is no bug, and a bug is in the log."""
    assert piece in said(Ended(code, "internal error"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_refusal_is_told_in_the_language_that_is_asked_for(lang: str) -> None:
    """A state that does not fit, and every field at fault; the field's name stays."""
    state = Conflict(refusal("change_state", number=3, state="applied"))
    assert refusal("change_state", number=3, state="applied").of(lang) in said(
        of_service(state), lang
    )
    field = InvalidInput.at("entries[7].expires", refusal("in_the_future"))
    told = refusal("in_the_future").of(lang)
    assert said(of_service(field), lang) == f"entries[7].expires: {told}"


def test_an_error_of_this_side_is_told_in_chinese_too() -> None:
    """A row of a file, and its number, as the service's own words."""
    with (
        pytest.raises(click.ClickException, match=r"ring\.csv 第 3 行：列名 value 重复"),
        told_in("zh"),
    ):
        raise DataFault("ring.csv", 3, refusal("csv_twice", name="value"))
    with (
        pytest.raises(DataFault, match=r"ring\.csv, row 3: the column value is there twice"),
        told_in("en"),
    ):
        raise DataFault("ring.csv", 3, refusal("csv_twice", name="value"))


def test_both_services_are_asked_alike() -> None:
    """Calls of the admin and of the limit service end with the same words."""
    service = Remote(PLACE, "")
    with pytest.raises(click.ClickException, match="is the service running"):
        service.call("ListLists")
    with pytest.raises(click.ClickException, match="is the service running"):
        service.limits("GetUsage", subjects={"account_id": "u-1"})


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_words_of_others_act_upon_no_terminal(lang: str) -> None:
    """What a service quotes of a file may hold marks that turn writing, and control characters."""
    told = LocalizedText(en="the example \u202ea\x9b2J", zh="示例 \u202ea\x9b2J")
    words = said(of_service(InvalidInput.at("a\x1b[2J.toml:3", told)), lang)
    assert words.endswith(r"\u202ea\x9b2J")
    assert words.startswith(r"a\x1b[2J.toml:3: ")
