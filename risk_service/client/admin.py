"""The client of ``AdminService``: plain values in, plain values out.

For tools of analysts and auditors. There is no retry and no fallback: a person sees the error.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, cast

import grpc

from risk_service.client.channel import ClientOptions
from risk_service.client.errors import FailedCall, from_call
from risk_service.client.plain import enum_names, fill, to_plain
from risk_service.pb.risk.v1 import admin_pb2, order_pb2

SERVICE = "/risk.v1.AdminService/"
ENTRIES_PER_MESSAGE = 200
TIMEOUT_S = 30.0
IMPORT_TIMEOUT_S = 3600.0

ENTITIES = tuple(enum_names(admin_pb2.EntityKind.DESCRIPTOR))
LIST_KINDS = tuple(enum_names(admin_pb2.ListKind.DESCRIPTOR))
PROMOTIONS = tuple(enum_names(order_pb2.PromotionType.DESCRIPTOR))

Plain = dict[str, Any]


class AdminClient:
    """Asks the service to change or show what is in force.

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
        """Call a method by its name; return its answer.

        Raises
        ------
        ClientError
            The service refused, or gave no answer.
        ValueError
            A value does not fit the request.
        """
        request = fill(getattr(admin_pb2, f"{method}Request")(), values)
        send = self._channel.unary_unary(
            SERVICE + method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=getattr(admin_pb2, f"{method}Response").FromString,
        )
        try:
            return to_plain(send(request, timeout=TIMEOUT_S, metadata=self._metadata))
        except grpc.RpcError as error:
            raise from_call(cast("FailedCall", error)) from error

    def import_entries(
        self, list_id: str, kind: str, note: str, entries: Iterable[Mapping[str, Any]]
    ) -> Plain:
        """Add any number of entries as one change: all of them, or none.

        Raises
        ------
        ClientError
            The service refused, or gave no answer: nothing was written then.
        """
        send = self._channel.stream_unary(
            SERVICE + "ImportListEntries",
            request_serializer=admin_pb2.ImportListEntriesRequest.SerializeToString,
            response_deserializer=admin_pb2.ImportListEntriesResponse.FromString,
        )
        messages = _import_messages(list_id, kind, note, entries)
        try:
            answer = send(messages, timeout=IMPORT_TIMEOUT_S, metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_call(cast("FailedCall", error)) from error
        return to_plain(answer)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> "AdminClient":
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


def _import_messages(
    list_id: str, kind: str, note: str, entries: Iterable[Mapping[str, Any]]
) -> Iterator[admin_pb2.ImportListEntriesRequest]:
    head = {"list_id": list_id, "kind": kind, "note": note}
    message = fill(admin_pb2.ImportListEntriesRequest(), head)
    for entry in entries:
        if len(message.entries) == ENTRIES_PER_MESSAGE:
            yield message
            message = admin_pb2.ImportListEntriesRequest()
        fill(message.entries.add(), entry)
    yield message
