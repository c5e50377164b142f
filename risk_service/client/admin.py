"""The client of ``AdminService``: plain values in, plain values out.

For tools of analysts and auditors. There is no retry and no fallback: a person sees the error.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, ClassVar, cast

import grpc

from risk_service.client.errors import NOT_OF_ORDERS, FailedCall, from_call
from risk_service.client.plain import enum_names, fill, to_plain
from risk_service.client.plain_client import Plain, PlainClient
from risk_service.pb.risk.v1 import admin_pb2, order_pb2

ENTRIES_PER_MESSAGE = 200
IMPORT_TIMEOUT_S = 3600.0

ENTITIES = tuple(enum_names(admin_pb2.EntityKind.DESCRIPTOR))
LIST_KINDS = tuple(enum_names(admin_pb2.ListKind.DESCRIPTOR))
PROMOTIONS = tuple(enum_names(order_pb2.PromotionType.DESCRIPTOR))


class AdminClient(PlainClient):
    """Asks the service to change or show what is in force."""

    service = "/risk.v1.AdminService/"
    messages: ClassVar[ModuleType] = admin_pb2

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
            self.service + "ImportListEntries",
            request_serializer=admin_pb2.ImportListEntriesRequest.SerializeToString,
            response_deserializer=admin_pb2.ImportListEntriesResponse.FromString,
        )
        messages = _import_messages(list_id, kind, note, entries)
        try:
            answer = send(messages, timeout=IMPORT_TIMEOUT_S, metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_call(cast("FailedCall", error), NOT_OF_ORDERS) from error
        return to_plain(answer)


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
