"""The client of ``LimitService``: plain values in, plain values out.

For shops that reserve step by step and for people who look at usage. Every call may be
repeated; there is no retry and no fallback here: without an answer nothing is known.
"""

from types import TracebackType
from typing import Any, cast

import grpc

from risk_service.client.channel import ClientOptions
from risk_service.client.errors import FailedCall, from_call
from risk_service.client.plain import fill, to_plain
from risk_service.pb.risk.v1 import limits_pb2

SERVICE = "/risk.v1.LimitService/"
TIMEOUT_S = 10.0
RECONCILE_TIMEOUT_S = 600.0

Plain = dict[str, Any]


class LimitClient:
    """Reserves, and tells what is used.

    Parameters
    ----------
    target
        Address of the service, such as ``127.0.0.1:50051``.
    options
        Token and TLS; the deadlines of orders are not used.
    """

    def __init__(self, target: str, options: ClientOptions | None = None) -> None:
        chosen = options or ClientOptions()
        self._metadata = chosen.metadata()
        settings = chosen.channel_options()
        self._channel = (
            grpc.insecure_channel(target, options=settings)
            if chosen.tls is None
            else grpc.secure_channel(target, chosen.tls.credentials(), options=settings)
        )

    def call(self, method: str, **values: Any) -> Plain:
        """Call a method by its name, such as ``Reserve``; return its answer.

        Raises
        ------
        ClientError
            The service refused, or gave no answer.
        ValueError
            A value does not fit the request.
        """
        request = fill(getattr(limits_pb2, f"{method}Request")(), values)
        send = self._channel.unary_unary(
            SERVICE + method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=getattr(limits_pb2, f"{method}Response").FromString,
        )
        timeout_s = RECONCILE_TIMEOUT_S if method == "Reconcile" else TIMEOUT_S
        try:
            return to_plain(send(request, timeout=timeout_s, metadata=self._metadata))
        except grpc.RpcError as error:
            raise from_call(cast("FailedCall", error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> "LimitClient":
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()
