"""A service without models: rules, lists and limits decide, and the answer says so."""

import shutil
import signal

import grpc

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.service import ServiceFiles, score_request, start_server
from tests.fixtures.small_models import make_bundle


def test_rules_decide_until_a_bundle_comes(files: ServiceFiles) -> None:
    """Without a bundle the mode is RULES_ONLY; after SIGHUP with one it is FULL."""
    shutil.rmtree(files.bundle)
    with (
        start_server(files, ["--models-optional"]) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        bare = stub.ScoreOrder(score_request("bare"), timeout=10).decision
        assert bare.mode == risk_pb2.MODE_RULES_ONLY
        assert (bare.outcome, len(bare.scores)) == (risk_pb2.OUTCOME_ALLOW, 0)
        assert (bare.versions.bundle_sha256, bool(bare.versions.rules)) == ("", True)
        make_bundle(files.bundle, files.signing_key)
        server.signal(signal.SIGHUP)
        server.wait_for_log("bundle_served")
        full = stub.ScoreOrder(score_request("full"), timeout=10).decision
        assert (full.mode, len(full.scores)) == (risk_pb2.MODE_FULL, 3)
    assert "serving_without_models" in server.log.read_text()
