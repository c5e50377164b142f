"""The JavaScript of the documentation names what the contract has, and runs as it is printed.

What runs it needs Node.js with ``@grpc/grpc-js`` and ``@grpc/proto-loader``, as ``make test``
installs them; without them those tests are skipped.
"""

import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format

from risk_service.client.answers import Mode, Outcome
from risk_service.client.errors import ServiceUnavailable
from risk_service.client.fail_policies import fallback_policy
from risk_service.pb.risk.v1 import event_pb2, fail_policy_pb2, order_pb2, risk_pb2
from tests.unit.client.scripted import Scripted, answers, decide, decision, fails, serving
from tests.unit.client.test_calls import bad_request, refuses

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "other-languages.md"
PROGRAM, EVENTS = re.findall(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
# A checkout has this much time; on a busy machine an answer takes more of it.
DEADLINE, PATIENT = "order, 500)", "order, 30_000)"
# The program without what it does when it is run.
BODY = PROGRAM.partition("\nif (require.main === module)")[0]
ENVIRONMENT = {"NODE_PATH": str(ROOT / "build" / "node" / "node_modules")} | os.environ


@cache
def can_run() -> bool:
    """Tell whether Node.js is here with what the page installs."""
    probe = 'require("@grpc/grpc-js"); require("@grpc/proto-loader")'
    return bool(shutil.which("node")) and not subprocess.call(
        ["node", "-e", probe],
        env=ENVIRONMENT,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def node() -> None:
    """Skip where the page's program cannot run."""
    if not can_run():
        pytest.skip("needs node, @grpc/grpc-js and @grpc/proto-loader")


def run(program: str, target: str, given: str = "") -> str:
    """Run a program against a server and return what it prints, errors included."""
    assert DEADLINE in PROGRAM
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "checkout.js"
        file.write_text(program.replace(DEADLINE, PATIENT), "utf-8")
        done = subprocess.run(
            ["node", str(file)],
            env=ENVIRONMENT | {"TARGET": target, "PROTO": str(ROOT / "proto")},
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
    return done.stdout


def test_the_page_names_what_the_contract_has() -> None:
    """Every enum value of the page is one, and outcomes and modes are those of a decision."""
    files = (risk_pb2, order_pb2, event_pb2, fail_policy_pb2)
    enums = [enum for file in files for enum in file.DESCRIPTOR.enum_types_by_name.values()]
    known = {value.name for enum in enums for value in enum.values}
    prefixes = tuple(enum.values[0].name.removesuffix("UNSPECIFIED") for enum in enums)
    named = set(re.findall(r'"([A-Z]+_[A-Z0-9_]*[A-Z0-9])"', PROGRAM + EVENTS))
    assert {name for name in named if name.startswith(prefixes)} - known == set()
    outcomes, modes = (
        json.loads(re.search(rf"const {name} = (\[.*?\]);", PROGRAM)[1])  # type: ignore[index]  # else the page changed
        for name in ("OUTCOMES", "MODES")
    )
    assert outcomes == [one.name for one in Outcome]
    assert modes == [one.name for one in Mode if one is not Mode.CLIENT_FALLBACK]


@pytest.mark.usefixtures("node")
def test_the_program_gets_a_decision(service: Scripted) -> None:
    """Against a server it prints a decision and its id; UNAVAILABLE is asked once more."""
    service.plays(fails(grpc.StatusCode.UNAVAILABLE), decide)
    assert run(PROGRAM, service.target) == "decided OUTCOME_ALLOW MODE_FULL dec_1\n"
    assert [one.order.order_id for one in service.seen] == ["2026-000125"] * 2


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    "told", [decision(decision_id=""), decision(outcome=77), decision(mode=6), decision(mode=99)]
)
def test_what_is_no_decision_is_none(service: Scripted, told: risk_pb2.Decision) -> None:
    """No id, an outcome or mode that nobody knows: a fallback, as the Python client has it."""
    service.plays(answers(risk_pb2.ScoreOrderResponse(decision=told)))
    assert run(PROGRAM, service.target) == "fallback OUTCOME_REVIEW no decision\n"


@pytest.mark.usefixtures("node")
def test_without_a_server_it_falls_back() -> None:
    """Never told what is limited, it lets nothing pass."""
    assert run(PROGRAM, "127.0.0.1:1") == "fallback OUTCOME_REVIEW UNAVAILABLE\n"


@pytest.mark.usefixtures("node")
def test_mistakes_are_told(service: Scripted) -> None:
    """Fields at fault are decoded; what JavaScript would have left out is not sent at all."""
    service.plays(refuses(grpc.StatusCode.RESOURCE_EXHAUSTED, bad_request("order.lines")))
    assert "{ field: 'order.lines', description: 'odd' }" in run(PROGRAM, service.target)
    seen = len(service.seen)
    for right, wrong, told in (
        ('"PROMOTION_TYPE_NONE"', '"FLASH_SALE"', "FLASH_SALE would be sent as PROMOTION_TYPE_U"),
        ("device_id:", "deviceId:", "deviceId: there is no such field"),
        ("9_900, //", "99.5, //", "99.5 would be sent as 99"),
    ):
        assert told in run(PROGRAM.replace(right, wrong), service.target)
    assert len(service.seen) == seen


class _Taking(Scripted):
    """Takes events as well."""

    def ReportEvents(  # noqa: N802 - the name of the contract
        self, stream: Iterable[event_pb2.ReportEventsRequest], _: grpc.ServicerContext
    ) -> event_pb2.ReportEventsResponse:
        """Accept one event and refuse one."""
        self.seen += [event for message in stream for event in message.events]
        answer = event_pb2.ReportEventsResponse()
        batch = answer.results.add(accepted=1)
        batch.refused.add(event_id="e", reason="REFUSAL_REASON_TOO_OLD", description="too old")
        return answer


@pytest.mark.usefixtures("node")
def test_events_are_reported() -> None:
    """The page's event arrives whole, and what became of events is printed."""
    with serving(_Taking()) as service:
        printed = run(f"{BODY}{EVENTS}\npaid().then(() => client.close());", service.target)
    assert printed == "accepted 1 repeated 0\ne REFUSAL_REASON_TOO_OLD  too old\n"
    [event] = service.seen
    assert (event.event_id, event.type) == ("pay-000125", event_pb2.EVENT_TYPE_PAID)
    assert (event.order_id, event.amount_minor) == ("2026-000125", 19_800)


def _policies() -> list[fail_policy_pb2.GetFailPoliciesResponse]:
    """Return a policy with every rule and every kind of limited item, and two plain ones."""
    limited = fail_policy_pb2.LimitedItems(
        promotion_types=["PROMOTION_TYPE_GIFT"],
        campaign_ids=["c-1"],
        skus=["sku-9"],
        seller_ids=["s-9"],
    )
    rules = [
        fail_policy_pb2.PromotionFailPolicy(promotion_type=kind, policy=rule)
        for kind, rule in (
            ("PROMOTION_TYPE_UNSPECIFIED", "FAIL_POLICY_OPEN"),
            ("PROMOTION_TYPE_NONE", "FAIL_POLICY_OPEN"),
            ("PROMOTION_TYPE_FLASH_SALE", "FAIL_POLICY_OPEN"),
            ("PROMOTION_TYPE_INVITE_REWARD", "FAIL_POLICY_CLOSED"),
        )
    ]
    told = fail_policy_pb2.GetFailPoliciesResponse
    return [
        told(units_per_sku=2, other="FAIL_POLICY_LIMITS_ONLY", rules=rules, limited=limited),
        told(units_per_sku=1, other="FAIL_POLICY_OPEN", limited={}),
        told(units_per_sku=1, other="FAIL_POLICY_OPEN", limited={"promotion_types": [0, 1]}),
    ]


def _order(draw: random.Random) -> order_pb2.Order:
    """Return an order that may be plain, limited, too large or of a closed promotion."""
    kinds = draw.choices(["NONE", "UNSPECIFIED", "COUPON", "GIFT", "FLASH_SALE", "POINTS"], k=2)
    kinds += ["INVITE_REWARD"] if draw.random() < 0.1 else []
    lines = [
        order_pb2.OrderLine(
            sku=draw.choice(["sku-1", "sku-1", "sku-2", "sku-9"]),
            quantity=draw.randint(1, 3),
            seller_id=draw.choice(["s-1", "s-1", "s-1", "s-9"]),
            campaign_id=draw.choice(["", "", "c-1", "c-2"]),
            promotion_type=f"PROMOTION_TYPE_{kind}",
        )
        for kind in kinds
    ]
    order = order_pb2.Order(order_id="o", lines=lines)
    if draw.random() < 0.1:
        order.session.drop_id = "drop-1"
    if draw.random() < 0.2:
        order.discounts.add(promotion_type=draw.choice(["PROMOTION_TYPE_COUPON", 10]))
    return order


@pytest.mark.usefixtures("node")
def test_both_fall_back_alike() -> None:
    """Over orders of every kind the page's fallback answers what the Python client answers."""
    draw = random.Random(7)
    pairs = [(told, _order(draw)) for told in _policies() for _ in range(400)]
    cases = [
        {
            "told": json_format.MessageToDict(
                told, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            ),
            "order": json_format.MessageToDict(order, preserving_proto_field_name=True),
        }
        for told, order in pairs
    ]
    program = (
        f"{BODY}\nfor (const one of JSON.parse(require('fs').readFileSync(0)))"
        "{ policy = one.told; console.log(JSON.stringify(fallback(one.order))); }\nclient.close();"
    )
    printed = [json.loads(line) for line in run(program, "none:1", json.dumps(cases)).splitlines()]
    expected: list[dict[str, object]] = []
    for told, order in pairs:
        answer = fallback_policy(told).answer(order, "r", ServiceUnavailable())
        expected.append({"outcome": f"OUTCOME_{answer.outcome.name}"})
        if answer.quantity_limits:
            expected[-1]["quantity_limits"] = [asdict(one) for one in answer.quantity_limits]
    assert printed == expected
    assert {one["outcome"] for one in expected} == {
        f"OUTCOME_{one}" for one in ("ALLOW", "LIMIT_QUANTITY", "REVIEW", "DENY")
    }
