"""The client of ``LimitService``: plain values in, plain values out.

For shops that reserve step by step and for people who look at usage. Every call may be
repeated; there is no retry and no fallback here: without an answer nothing is known.
"""

from types import MappingProxyType, ModuleType
from typing import ClassVar

from risk_service.client.plain_client import PlainClient
from risk_service.pb.risk.v1 import limits_pb2


class LimitClient(PlainClient):
    """Reserves, and tells what is used."""

    service = "/risk.v1.LimitService/"
    messages: ClassVar[ModuleType] = limits_pb2
    timeouts_s = MappingProxyType({"Reconcile": 600.0})
