"""The bench's own world: orders, an online store that Feast filled, a signed bundle.

Seeded and invented: the bench measures what a request costs, not what a model finds.
What costs time is as in life: the real feature schema, thousands of entities of which
few come back at once, one order in five from a new account, three different models of the
size that ``risk train`` arrives at (or, heavy, of 300 trees with 63 leaves), some three
orders in a hundred not allowed (they get reasons).
Built once and kept under ``build/`` by schema version.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.feast_layout.manifest import load_manifest
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.cli.keys import create_keys
from risk_service.client.messages import order_message
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Abuse
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder
from risk_service.identity.keys import load_identity_key
from risk_service.identity.tokenise import Tokeniser
from risk_service.models.fitting import fit_anchors, fit_platt
from risk_service.models.manifest import Calibration, TrainingFacts
from risk_service.pb.risk.v1 import order_pb2
from risk_service.rpc.screen import raw_order
from tests.bench.load import read_orders, write_orders
from tests.bench.store import fill_store
from training.registry.writer import BundleContent, TrainedModel, sign_bundle, write_bundle

Floats = NDArray[np.float64]

FORMAT = 2
SEED = 20_260_301
START = datetime(2026, 3, 1, tzinfo=UTC)
REPLAY_FROM = "2026-03-01T00:00:00Z"
HOUR_US = 3_600_000_000
NEW_ACCOUNT_SHARE = 0.2
# Shares of orders at or above which a model asks for the action: about one order in a hundred.
ACTIONS = (("challenge", 0.99), ("review", 0.996), ("deny", 0.999))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much world: distinct orders, known accounts, trees per model, leaves per tree.

    ``risk train`` on 100,000 orders stopped at 74 to 93 trees of 31 leaves.
    """

    orders: int
    accounts: int
    trees: int = 100
    leaves: int = 31


FULL = Size(orders=24_000, accounts=10_000)
HEAVY = Size(orders=24_000, accounts=10_000, trees=300, leaves=63)
QUICK = Size(orders=2_000, accounts=1_000, trees=60)
SIZES = {"full": FULL, "heavy": HEAVY, "quick": QUICK}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where everything is."""

    root: Path

    @property
    def orders(self) -> Path:
        """Return the file of order messages."""
        return self.root / "orders.bin"

    @property
    def bundle(self) -> Path:
        """Return the signed bundle."""
        return self.root / "bundle"

    @property
    def keys(self) -> Path:
        """Return the directory of keys."""
        return self.root / "keys"

    @property
    def serving(self) -> Path:
        """Return the serving manifest of the online store."""
        return self.root / "feast" / "serving.json"

    def serve_arguments(self) -> list[str]:
        """Return what ``risk serve`` is pointed at, without state and address."""
        arguments = ["--bundle", str(self.bundle), "--trust", str(self.keys / "signing.pub")]
        arguments += ["--identity-key", str(self.keys / "identity.key")]
        return [*arguments, "--features", str(self.serving), "--replay-from", REPLAY_FROM]


def bench_world(build: Path, name: str) -> World:
    """Return the world of that size, made when it is not there."""
    size = SIZES[name]
    version = load_schema().version
    root = build / f"bench-world-{FORMAT}-{version}-{name}"
    if not (root / "done.json").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        _build(World(root=root), size)
        (root / "done.json").write_text(json.dumps({"seed": SEED, "orders": size.orders}))
    return World(root=root)


def _build(world: World, size: Size) -> None:
    create_keys(world.keys)
    messages = orders(size, np.random.default_rng(SEED))
    write_orders(world.orders, messages)
    tokenised = tokenise(world, messages)
    known = [order for order in tokenised if order.account_registered_at_us is not None]
    fill_store(world.serving, known, START, SEED)
    write_models(world, tokenised, size)


def orders(size: Size, draw: np.random.Generator) -> list[order_pb2.Order]:
    """Return order messages whose customers come back as often as customers do."""
    start_us = int(START.timestamp()) * 1_000_000
    step_us = 6 * HOUR_US // size.orders
    return [
        order_message(row, row["lines"])
        for row in (
            _row(number, start_us + number * step_us, size, draw) for number in range(size.orders)
        )
    ]


def _row(number: int, ordered_at_us: int, size: Size, draw: np.random.Generator) -> dict[str, Any]:
    is_new = bool(draw.random() < NEW_ACCOUNT_SHARE)
    # Square of a uniform: the busiest tenth of the customers place a third of the orders.
    person = size.accounts + number if is_new else int(size.accounts * draw.random() ** 2)
    name = "李王张刘陈杨赵黄周吴"[person % 10] + "伟芳娜敏静丽强磊军洋"[person // 10 % 10]
    lines = [_line(draw) for _ in range(1 + int(draw.poisson(0.6)))]
    goods = sum(line["quantity"] * line["unit_price_minor"] for line in lines)
    off = goods // 10 if draw.random() < 0.3 else 0
    coupon = {"coupon_id": f"cp{draw.integers(9_999)}", "promotion_type": 4, "amount_minor": off}
    return {
        "order_id": f"o{number}",
        "ordered_at": ordered_at_us,
        "account_id": f"a{person}",
        "account_registered_at": None
        if is_new
        else ordered_at_us - (1 + person % 900) * 24 * HOUR_US,
        "device_id": f"d{person if draw.random() < 0.9 else draw.integers(size.accounts)}",
        "ip": f"203.{person % 113}.{person // 7 % 251}.{1 + person % 199}",
        "payment_instrument_id": f"p{person}",
        "payer_name": name,
        "recipient_name": name,
        "recipient_phone": f"138{person % 10**8:08d}",
        "real_name_id": "",
        "address_region": "浙江省",
        "address_city": "杭州市",
        "address_district": "西湖区",
        "address_detail": f"文三路{1 + person % 400}号{1 + person % 20}幢{100 + person % 90}室",
        "address_postcode": "310012",
        "currency_code": "CNY",
        "goods_minor": goods,
        "discount_minor": off,
        "shipping_minor": 0,
        "payable_minor": goods - off,
        "page_open_to_submit_ms": int(draw.lognormal(9, 1)),
        "entry_path": int(draw.integers(1, 10)),
        "drop_id": "drop1" if draw.random() < 0.1 else "",
        "verification_level": int(draw.integers(1, 5)),
        "discounts": [coupon] if off else [],
        "lines": lines,
    }


def _line(draw: np.random.Generator) -> dict[str, Any]:
    sku = int(1_500 * draw.random() ** 2)
    return {
        "sku": f"sku{sku}",
        "quantity": 1 + int(draw.poisson(0.4)),
        "unit_price_minor": 100 + sku * 13 % 40_000,
        "seller_id": f"s{sku % 240}",
        "campaign_id": f"c{sku % 7}" if sku % 3 else "",
        "promotion_type": int(draw.choice((1, 2, 3, 4), p=(0.5, 0.1, 0.2, 0.2))),
    }


def tokenise(world: World, messages: Sequence[order_pb2.Order]) -> list[Order]:
    """Return the orders as the service sees them."""
    tokeniser = Tokeniser(load_identity_key(world.keys / "identity.key"))
    return [tokeniser.order(raw_order(message)) for message in messages]


def vectors(world: World, tokenised: Sequence[Order]) -> Floats:
    """Return the model inputs of orders, shape (n, features), by the product's own code."""
    reader = FeastSqliteReader(load_manifest(world.serving))
    stored = reader.read(tokenised, tokenised[-1].ordered_at_us).values
    reader.close()
    columns = np.array([order_columns(order) for order in tokenised], np.float64)
    live = np.full((len(tokenised), len(load_schema().live)), np.nan)
    return VectorBuilder(load_schema()).build(columns, stored, live)


def write_models(world: World, tokenised: Sequence[Order], size: Size) -> None:
    """Train, write and sign three models of each variant."""
    schema = load_schema()
    matrix = vectors(world, tokenised)
    draw = np.random.default_rng(SEED + 1)
    models = {}
    for abuse in Abuse:
        label = _label(matrix, draw)
        models[abuse] = {
            "full": _model(matrix, schema.names, label, size),
            "order_only": _model(matrix, schema.order_only, label, size),
        }
    nothing: dict[str, Any] = {}
    facts = {"window": nothing, "slices": nothing, "counts": nothing, "maturity": nothing}
    content = BundleContent(
        schema_version=schema.version,
        features=schema.names,
        models=models,  # type: ignore[arg-type]  # literal keys are inferred as str
        golden_rows=matrix[:64],
        training=TrainingFacts(**facts, dataset={"name": "bench"}),
        metrics={},
        created_at=START,
    )
    write_bundle(world.bundle, content)
    sign_bundle(world.bundle, world.keys / "signing.key")


def _label(matrix: Floats, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Return a rare label that needs many columns and their pairs, with noise."""
    varied = np.flatnonzero(matrix.std(axis=0) > 0)
    ranks = matrix[:, varied].argsort(axis=0).argsort(axis=0) / len(matrix) - 0.5
    weights = draw.normal(size=len(varied))
    pairs = draw.permutation(len(varied))
    latent = ranks @ weights + 6 * (ranks * ranks[:, pairs]) @ draw.normal(size=len(varied))
    latent += draw.normal(scale=latent.std(), size=len(matrix))
    return np.asarray(latent > np.quantile(latent, 0.93))


def _model(
    matrix: Floats, names: Sequence[str], label: NDArray[np.bool_], size: Size
) -> TrainedModel:
    schema = load_schema()
    columns = np.ascontiguousarray(matrix[:, [schema.names.index(name) for name in names]])
    parameters = {
        "objective": "binary",
        "num_leaves": size.leaves,
        "learning_rate": 0.03,
        "min_data_in_leaf": 10,
        "feature_fraction": 0.5,
        "num_threads": 2,
        "seed": SEED,
        "deterministic": True,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(columns, label.astype(np.float64), feature_name=list(names))
    booster = lightgbm.train(parameters, data, num_boost_round=size.trees)
    raw = booster.predict(columns, raw_score=True)
    return TrainedModel(
        text=booster.model_to_string(),
        features=tuple(names),
        calibration=Calibration(kind="platt", knots=tuple(fit_platt(raw, label))),
        anchors=fit_anchors(raw[~label]),
        thresholds={action: float(np.quantile(raw, share)) for action, share in ACTIONS},  # type: ignore[misc]  # literal keys are inferred as str
    )


def distinct_orders(world: World) -> list[order_pb2.Order]:
    """Return the world's order messages."""
    return read_orders(world.orders)
