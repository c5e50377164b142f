"""The obvious build: what one would write first, kept fair.

Per order: tokens by the product's code, one Feast SDK ``get_online_features`` over the
same online store, the product's vector builder, ``Booster.predict`` three times, one
INSERT with its commit (WAL, FULL) and the answer. On grpc.aio like the product, with
objects (FeatureService, boosters, connection) made once. No gathering, no matrix calls,
no reader of its own.
"""

import asyncio
import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

# Before numpy and LightGBM load: one core is what every server of the bench has.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightgbm
import numpy as np
from feast import FeatureService, FeatureStore

from risk_service.domain.order import Order
from risk_service.features.entities import entity_keys
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder
from risk_service.identity.keys import load_identity_key
from risk_service.identity.tokenise import Tokeniser
from risk_service.models.manifest import Manifest
from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from risk_service.rpc.screen import raw_order
from tests.bench.servers.echo import listen_argument, serve, typical_answer
from tests.bench.servers.echo_commit import open_database
from tests.bench.store import SERVICE, open_store
from tests.bench.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is made once."""

    tokeniser: Tokeniser
    store: FeatureStore
    features: FeatureService
    boosters: list[lightgbm.Booster]
    builder: VectorBuilder
    database: sqlite3.Connection


class Obvious(risk_pb2_grpc.RiskServiceServicer):
    """Decides one order after the other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._schema = load_schema()
        self._no_live = np.full((1, len(self._schema.live)), np.nan)

    async def ScoreOrder(  # noqa: N802  # the name in the contract
        self, request: risk_pb2.ScoreOrderRequest, context: object
    ) -> risk_pb2.ScoreOrderResponse:
        """Answer one order."""
        order = self._parts.tokeniser.order(raw_order(request.order))
        columns = np.array([order_columns(order)], np.float64)
        vector = self._parts.builder.build(columns, self._read(order), self._no_live)
        raw = [float(booster.predict(vector, num_threads=1)[0]) for booster in self._parts.boosters]
        answer = typical_answer()
        for score, probability in zip(answer.decision.scores, raw, strict=True):
            score.probability = probability
        record = json.dumps({"order": order.order_id, "vector": vector[0].tolist(), "raw": raw})
        self._parts.database.execute(
            "INSERT INTO answers VALUES (?, ?)", (request.request_id, record)
        )
        return answer

    def _read(self, order: Order) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        views = self._schema.views.values()
        keys = zip((view.join_key for view in views), entity_keys(order), strict=True)
        answer = self._parts.store.get_online_features(
            features=self._parts.features, entity_rows=[dict(keys)]
        ).to_dict()
        row = [answer[feature.name][0] for feature in self._schema.stored]
        return np.array([[np.nan if value is None else value for value in row]], np.float64)


def load(world: World, database: Path) -> Parts:
    """Make what is made once."""
    manifest = Manifest.model_validate_json((world.bundle / "manifest.json").read_bytes())
    texts = [world.bundle / by_variant["full"].file for by_variant in manifest.models.values()]
    store = open_store(world.serving.parent)
    return Parts(
        tokeniser=Tokeniser(load_identity_key(world.keys / "identity.key")),
        store=store,
        features=store.get_feature_service(SERVICE),
        boosters=[lightgbm.Booster(model_file=str(text)) for text in texts],
        builder=VectorBuilder(load_schema()),
        database=open_database(database),
    )


def main() -> None:
    """Serve the obvious build."""
    parser = listen_argument()
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--database", type=Path, required=True)
    args = parser.parse_args()
    parts = load(World(root=args.world), args.database)
    asyncio.run(serve(Obvious(parts), args.listen))


if __name__ == "__main__":
    main()
