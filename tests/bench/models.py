"""Three models by the scorer against bare single-row calls of the C library, and reasons.

``python -m tests.bench.models`` prints the table and one JSON object. Rows differ from call
to call, as orders do: the same row again would find every node of the trees in the cache.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import load_schema
from risk_service.models.bundle import VerifiedBundle, verify_bundle
from risk_service.models.runtime import Booster
from risk_service.models.scorer import Scorer
from risk_service.models.signature import load_trusted
from tests.bench.figures import Round, Row, number, ratio, table
from tests.bench.world import World, bench_world, distinct_orders, tokenise, vectors

Floats = NDArray[np.float64]

ROWS_MEASURED = 960
# LightGBM's Python predict is slow: fewer rows say as much.
ROWS_OF_PREDICT = 96
GROUPS = (1, 2, 4, 8, 16, 32)

ROWS = (
    Row(title="three bare single-row C calls, us", value=number("bare_1")),
    Row(title="scorer, one order, us", value=number("score_1")),
    Row(
        title="scorer / bare calls, one order",
        value=ratio("score_1", "bare_1"),
        digits=2,
        at_most=2.0,
    ),
    *(
        Row(title=f"scorer, groups of {size}, us/order", value=number(f"score_{size}"))
        for size in GROUPS[1:]
    ),
    Row(title="Booster.predict x 3, one order, us", value=number("predict_1")),
    Row(title="reasons of one model, us", value=number("reasons")),
    Row(title="reasons of three models, us", value=number("reasons_3")),
    Row(title="path tables of six models, MB", value=number("tables_mb"), digits=1),
    Row(title="verify a bundle of six models, ms", value=number("verify_ms")),
    Row(title="load a verified bundle, ms", value=number("load_ms")),
)


def run_round(world: World, seconds: float) -> Round:
    """Measure once; ``seconds`` bounds nothing here, the number of rows is fixed."""
    figures: Round = {"seconds": seconds}
    trusted = load_trusted([world.keys / "signing.pub"])
    started = time.perf_counter()
    bundle = verify_bundle(world.bundle, trusted, load_schema())
    figures["verify_ms"] = (time.perf_counter() - started) * 1e3
    started = time.perf_counter()
    scorer = Scorer(bundle)
    figures["load_ms"] = (time.perf_counter() - started) * 1e3
    figures["tables_mb"] = scorer.table_bytes / 1e6
    rows = vectors(world, tokenise(world, distinct_orders(world)[:ROWS_MEASURED]))
    figures["bare_1"] = us_per_row(_bare(bundle), rows, 1)
    for size in GROUPS:
        figures[f"score_{size}"] = us_per_row(lambda part: scorer.score(part, "full"), rows, size)
    figures["predict_1"] = us_per_row(_predict(bundle), rows[:ROWS_OF_PREDICT], 1)
    figures["reasons"] = us_per_row(
        lambda part: scorer.attribute(part[0], "full", Abuse.SCALPING), rows, 1
    )
    figures["reasons_3"] = us_per_row(
        lambda part: [scorer.attribute(part[0], "full", abuse) for abuse in Abuse], rows, 1
    )
    return figures


def us_per_row(call: Callable[[Floats], object], rows: Floats, size: int) -> float:
    """Return CPU microseconds per row when rows come in groups of ``size``.

    Nothing here waits, so CPU time is the cost, and another process does not spoil it.
    """
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    call(parts[0])
    started = time.thread_time()
    for part in parts:
        call(part)
    return (time.thread_time() - started) / len(rows) * 1e6


def _texts(bundle: VerifiedBundle) -> list[bytes]:
    models = bundle.manifest.models
    return [bundle.files[models[abuse]["full"].file] for abuse in Abuse]


def _bare(bundle: VerifiedBundle) -> Callable[[Floats], object]:
    """Return three calls of the C function and nothing else, on addresses made before."""
    boosters = [Booster(text) for text in _texts(bundle)]
    calls = [(booster._call_fast, booster._raw_fast) for booster in boosters]
    out, written = np.empty(1), np.empty(1, dtype=np.int64)
    out_at, written_at = out.ctypes.data, written.ctypes.data

    def call(part: Floats, _alive: object = (boosters, out, written)) -> None:
        address = part.ctypes.data
        for function, config in calls:
            function(config, address, written_at, out_at)

    return call


def _predict(bundle: VerifiedBundle) -> Callable[[Floats], object]:
    """Return the obvious way: the training library's own predict."""
    boosters = [lightgbm.Booster(model_str=text.decode()) for text in _texts(bundle)]
    return lambda part: [booster.predict(part, num_threads=1) for booster in boosters]


def main() -> None:
    """Print the table and one JSON object."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small models: a look, no figure")
    args = parser.parse_args()
    build = Path("build")
    build.mkdir(exist_ok=True)
    world = bench_world(build, "quick" if args.quick else "full")
    rounds = [run_round(world, 0.0) for _ in range(args.rounds)]
    print(table(ROWS, rounds))  # noqa: T201  # the command's output
    print(json.dumps([row.summary(rounds) for row in ROWS]))  # noqa: T201  # the command's output


if __name__ == "__main__":
    main()
