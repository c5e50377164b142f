"""What the clients of people's tools share: a connection, and calls by name with plain values.

There is no retry and no fallback: a person sees the error.
"""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType, TracebackType
from typing import Any, ClassVar, Self, cast

import grpc

from risk_service.client.channel import ClientOptions
from risk_service.client.errors import NOT_OF_ORDERS, FailedCall, from_call
from risk_service.client.plain import fill, to_plain

TIMEOUT_S = 30.0

Plain = dict[str, Any]


class PlainClient:
    """Calls one service by the names of its methods.

    Parameters
    ----------
    target
        Address of the service, such as ``127.0.0.1:50051``.
    options
        Token and TLS; the deadlines of orders are not used.
    """

    service: ClassVar[str]
    messages: ClassVar[ModuleType]
    # Longest waits of methods that may take longer than the others.
    timeouts_s: ClassVar[Mapping[str, float]] = MappingProxyType({})

    def __init__(self, target: str, options: ClientOptions | None = None) -> None:
        chosen = options or ClientOptions()
        self._metadata = chosen.metadata()
        settings = chosen.channel_options(target)
        self._channel = (
            grpc.insecure_channel(target, options=settings)
            if chosen.tls is None
            else grpc.secure_channel(target, chosen.tls.credentials(), options=settings)
        )

    def call(self, method: str, **values: Any) -> Plain:
        """Call a method by its name; return its answer.

        Raises
        ------
        ClientError
            The service refused, or gave no answer.
        ValueError
            There is no such method, or a value does not fit the request.
        """
        if not hasattr(self.messages, f"{method}Request"):
            raise ValueError(f"there is no call {method!r}; calls are {', '.join(self._calls())}")
        request = fill(getattr(self.messages, f"{method}Request")(), values)
        send = self._channel.unary_unary(
            self.service + method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=getattr(self.messages, f"{method}Response").FromString,
        )
        timeout_s = self.timeouts_s.get(method, TIMEOUT_S)
        try:
            return to_plain(send(request, timeout=timeout_s, metadata=self._metadata))
        except grpc.RpcError as error:
            raise from_call(cast("FailedCall", error), NOT_OF_ORDERS) from error

    def _calls(self) -> list[str]:
        names = vars(self.messages)
        return [name.removesuffix("Request") for name in names if name.endswith("Request")]

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()
