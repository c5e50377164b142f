"""The floor: a grpc.aio server that decodes the request and answers a constant decision."""

import argparse
import asyncio
import signal

import grpc.aio

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc


def typical_answer() -> risk_pb2.ScoreOrderResponse:
    """Return an answer of the size that an allowed order gets: most orders are allowed."""
    decision = risk_pb2.Decision(
        decision_id="dec_01J9ZQ6X3K8V5T2M4N7P0R1S2",
        request_id="r" * 20,
        order_id="o" * 20,
        number=1,
        outcome=risk_pb2.OUTCOME_ALLOW,
        scores=[
            risk_pb2.AbuseScore(abuse=abuse, probability=0.0123, score=400)
            for abuse in (risk_pb2.ABUSE_SCALPING, risk_pb2.ABUSE_BRUSHING, risk_pb2.ABUSE_REFUND)
        ],
        versions=risk_pb2.Versions(
            bundle_sha256="0" * 64,
            feature_schema="fs1-0123456789ab",
            policy="p1-0123456789ab",
            reason_texts="r1-0123456789ab",
            service="0.1.0",
        ),
        mode=risk_pb2.MODE_FULL,
    )
    decision.decided_at.FromMicroseconds(1_790_000_000_123_456)
    return risk_pb2.ScoreOrderResponse(decision=decision)


class Echo(risk_pb2_grpc.RiskServiceServicer):
    """Answers every order the same."""

    def __init__(self) -> None:
        self._answer = typical_answer()

    async def ScoreOrder(  # noqa: N802  # the name in the contract
        self, request: risk_pb2.ScoreOrderRequest, context: object
    ) -> risk_pb2.ScoreOrderResponse:
        """Return the constant answer."""
        return self._answer


async def serve(servicer: risk_pb2_grpc.RiskServiceServicer, listen: str) -> None:
    """Serve until SIGTERM."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    risk_pb2_grpc.add_RiskServiceServicer_to_server(servicer, server)
    server.add_insecure_port(listen)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await server.start()
    await stopped.wait()
    await server.stop(1)


def listen_argument() -> argparse.ArgumentParser:
    """Return a parser that knows ``--listen``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True)
    return parser


if __name__ == "__main__":
    asyncio.run(serve(Echo(), listen_argument().parse_args().listen))
