"""Every method of every service wants to know who calls, and whether they may."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import Default

from risk_service.client import AccessRefused, ClientOptions, DecisionAnswer, RiskClient
from risk_service.client.admin import AdminClient
from risk_service.domain.actor import Role
from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.actors import ActorFiles, Metadata, bearer, make_actors
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    score_request,
    serve_command,
    start_server,
)

Code = grpc.StatusCode
SERVICES = {
    "risk.v1.AdminService": {
        "PublishRules": {Role.ANALYST},
        "PublishLimits": {Role.ANALYST},
        "ApprovePublication": {Role.APPROVER},
        "RejectPublication": set(Role) - {Role.CHECKOUT},
        "RollbackRules": {Role.ANALYST},
        "RollbackLimits": {Role.ANALYST},
        "ListPublications": set(Role) - {Role.CHECKOUT},
        "GetPublication": set(Role) - {Role.CHECKOUT},
        "GetInForce": set(Role) - {Role.CHECKOUT},
        "AddListEntries": {Role.ANALYST, Role.REVIEWER},
        "ImportListEntries": {Role.ANALYST, Role.REVIEWER},
        "RemoveListEntries": {Role.ANALYST, Role.REVIEWER},
        "ApproveChange": {Role.APPROVER},
        "RejectChange": set(Role) - {Role.CHECKOUT},
        "ListChanges": set(Role) - {Role.CHECKOUT},
        "GetChange": set(Role) - {Role.CHECKOUT},
        "ListLists": set(Role) - {Role.CHECKOUT},
        "ListEntries": set(Role) - {Role.CHECKOUT},
        "FindEntries": set(Role) - {Role.CHECKOUT},
        "ListAudit": {Role.APPROVER, Role.AUDITOR, Role.ADMIN},
    },
    "risk.v1.RiskService": {
        "ScoreOrder": {Role.CHECKOUT},
        "BatchScoreOrders": {Role.CHECKOUT},
        "CompleteChallenge": {Role.CHECKOUT},
        "ReportEvents": {Role.CHECKOUT},
        "VerifyRealName": {Role.CHECKOUT},
        "AssessPromotionAction": {Role.CHECKOUT},
        "ScoreRefund": {Role.CHECKOUT},
        "GetDecision": set(Role) - {Role.ADMIN},
        "GetDecisionRecord": set(Role) - {Role.ADMIN},
        "GetFailPolicies": {Role.CHECKOUT},
    },
    "risk.v1.LimitService": {
        "Check": {Role.CHECKOUT},
        "Reserve": {Role.CHECKOUT},
        "Confirm": {Role.CHECKOUT},
        "Cancel": {Role.CHECKOUT},
        "Extend": {Role.CHECKOUT},
        "Release": {Role.CHECKOUT},
        "GetUsage": set(Role) - {Role.CHECKOUT},
        "Adjust": {Role.ANALYST},
        "ApproveAdjustment": {Role.APPROVER},
        "RejectAdjustment": set(Role) - {Role.CHECKOUT},
        "ListAdjustments": set(Role) - {Role.CHECKOUT},
        "Reconcile": {Role.ANALYST},
    },
}
METHODS = [(service, method) for service, methods in sorted(SERVICES.items()) for method in methods]


@pytest.fixture(scope="module")
def guarded(guarded_server: RunningServer) -> Iterator[grpc.Channel]:
    """Return a channel to the server that knows actors."""
    with grpc.insecure_channel(guarded_server.address) as channel:
        yield channel


def outcome(
    channel: grpc.Channel, service: str, method: str, metadata: Metadata
) -> tuple[grpc.StatusCode, str]:
    """Return how a call with an empty message ends."""
    path = f"/{service}/{method}"
    descriptor = Default().FindServiceByName(service).FindMethodByName(method)
    try:
        if descriptor.client_streaming:
            channel.stream_unary(path)(iter([b""]), metadata=metadata, timeout=10)
        else:
            channel.unary_unary(path)(b"", metadata=metadata, timeout=10)
    except grpc.RpcError as error:
        return error.code(), error.details() or ""
    return Code.OK, ""


def test_table_is_the_contract() -> None:
    """Every service and every method of the contract stands in the table, and nothing else."""
    files = [
        Default().FindFileByName(f"risk/v1/{path.name.removesuffix('_pb2.py')}.proto")
        for path in Path(risk_pb2.__file__).parent.glob("*_pb2.py")
        if import_module(f"{risk_pb2.__package__}.{path.stem}")
    ]
    declared = {
        service.full_name: {method.name for method in service.methods}
        for file in files
        for service in file.services_by_name.values()
    }
    assert declared == {service: set(methods) for service, methods in SERVICES.items()}


@pytest.mark.parametrize(("service", "method"), METHODS)
def test_no_token_no_answer(guarded: grpc.Channel, service: str, method: str) -> None:
    """Without a token, or with an unknown one, no method goes on, and it says why."""
    assert outcome(guarded, service, method, ()) == (
        Code.UNAUTHENTICATED,
        "the call has no token; send metadata `authorization: Bearer TOKEN`",
    )
    code, words = outcome(guarded, service, method, bearer("risk_nobody"))
    assert (code, "risk_nobody" in words) == (Code.UNAUTHENTICATED, False)


@pytest.mark.parametrize(("service", "method"), METHODS)
def test_scope_decides(
    guarded: grpc.Channel, actors: ActorFiles, service: str, method: str
) -> None:
    """Each role gets exactly the methods of its scopes; the others name what is missing."""
    for role in Role:
        code, words = outcome(guarded, service, method, actors.metadata(role.value))
        if role in SERVICES[service][method]:
            assert code not in (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED), (role, words)
        else:
            assert code is Code.PERMISSION_DENIED, role
            assert f"actor {role.value} lacks the scope" in words


def test_token_scores_an_order(guarded: grpc.Channel, actors: ActorFiles) -> None:
    """With the right token everything is as without actors."""
    stub = risk_pb2_grpc.RiskServiceStub(guarded)
    answer = stub.ScoreOrder(
        score_request("guarded"), metadata=actors.metadata("checkout"), timeout=10
    )
    assert answer.decision.outcome == risk_pb2.OUTCOME_ALLOW


@pytest.mark.parametrize(
    "metadata",
    [
        (("authorization", "Bearer " + "x" * 5000),),
        (("authorization-bin", b"\x00\xff" * 50),),
        (("authorization", "Bearer a"), ("authorization", "Bearer b")),
        (("authorization", "Bearer  "),),
        tuple((f"x-{number}", "y" * 50) for number in range(50)),
    ],
    ids=["long", "bytes", "twice", "blank", "many"],
)
def test_hostile_metadata_is_refused(guarded: grpc.Channel, metadata: Metadata) -> None:
    """Nothing that a caller puts into metadata gets an answer or a fault of ours."""
    code, _ = outcome(guarded, "risk.v1.RiskService", "GetDecision", metadata)
    assert code is Code.UNAUTHENTICATED


def test_reflection_is_no_service_without_actors(guarded: grpc.Channel) -> None:
    """A service that knows actors offers nothing to those it does not know but health."""
    call = guarded.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    with pytest.raises(grpc.RpcError) as caught:
        next(call(iter([b""]), timeout=10))
    assert caught.value.code() is Code.UNIMPLEMENTED


def test_signal_reads_the_actors_again(files: ServiceFiles, tmp_path: Path) -> None:
    """A revoked token is void after SIGHUP; a broken file changes nothing; the trail tells both."""
    actors = make_actors(tmp_path / "actors.toml")
    with start_server(files, actors.options()) as server:
        assert ask(server, actors, "checkout") is Code.NOT_FOUND
        fewer = make_actors(tmp_path / "actors.toml", {"auditor": Role.AUDITOR})
        server.signal(signal.SIGHUP)
        server.wait_for_log("actors_reloaded")
        assert ask(server, actors, "checkout") is Code.UNAUTHENTICATED
        assert ask(server, fewer, "auditor") is Code.NOT_FOUND
        (tmp_path / "actors.toml").write_text("[[actor")
        server.signal(signal.SIGHUP)
        server.wait_for_log("actors_not_reloaded")
        assert ask(server, fewer, "auditor") is Code.NOT_FOUND
        options = ClientOptions(token=fewer.tokens["auditor"])
        with AdminClient(server.address, options) as client:
            rows = client.call("ListAudit", action="actors.load")["rows"]
    known = [sorted(json.loads(row["after"])) for row in rows]
    assert known == [sorted(role.value for role in Role), ["auditor"]]


def ask(server: RunningServer, actors: ActorFiles, actor_id: str) -> grpc.StatusCode:
    """Return how a look-up by an actor ends."""
    with grpc.insecure_channel(server.address) as channel:
        return found(channel, actors.metadata(actor_id))


def found(channel: grpc.Channel, metadata: Metadata) -> grpc.StatusCode:
    """Return how a look-up of an unknown decision ends."""
    request = risk_pb2.GetDecisionRequest(decision_id="none")
    with pytest.raises(grpc.RpcError) as caught:
        risk_pb2_grpc.RiskServiceStub(channel).GetDecision(request, metadata=metadata, timeout=10)
    code = caught.value.code()
    assert isinstance(code, grpc.StatusCode)
    return code


def test_open_service_does_not_start_for_others(files: ServiceFiles) -> None:
    """Reachable from elsewhere and without actors: refused with what to do."""
    command = [*serve_command(files), "--listen", "0.0.0.0:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ)
    assert done.returncode == 1
    assert "risk actors init" in done.stderr


def test_client_sends_its_token(guarded_server: RunningServer, actors: ActorFiles) -> None:
    """The client takes a token, never shows it, and says when the service refuses it."""
    order = score_request("by-client").order
    options = ClientOptions(deadline_ms=10_000, token=actors.tokens["checkout"])
    assert actors.tokens["checkout"] not in repr(options)
    with RiskClient(guarded_server.address, options) as client:
        assert isinstance(client.score_order(order, "by-client"), DecisionAnswer)
    with (
        RiskClient(guarded_server.address, ClientOptions(token="risk_other")) as client,  # noqa: S106 - nobody's
        pytest.raises(AccessRefused, match="UNAUTHENTICATED"),
    ):
        client.score_order(order, "by-nobody", deadline_ms=10_000)
    with pytest.raises(ValueError, match="printable ASCII"):
        ClientOptions(token="two words")  # noqa: S106 - none at all
