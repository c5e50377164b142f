"""All windows of a synthetic log: time, memory, and how both grow with the log.

Each size is built in a process of its own, with the log in memory. The time covers what
``build_windows`` does, writing Parquet included; compilation (or reading what an earlier
process compiled) comes before it and has a row of its own. The peak is that of the process,
the log and the libraries included, from the moment at which the build begins.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from risk_service.features.windows.declaration import load_windows
from tests.bench.figures import Round, Row, number
from tests.bench.window_log import synthetic_log
from training.windows.build import build_windows

ORDERS = 1_000_000
# The exponent is taken between a log and one of a tenth of its orders.
STEP = 10
WARM_UP_ORDERS = 1_000
PEAK_MIB = 8 * 1024

ROWS = (
    Row(title="orders", value=number("orders")),
    Row(title="events, orders included", value=number("events")),
    Row(title="features", value=number("features")),
    Row(title="first build in a process (compilation), s", value=number("first_s"), digits=1),
    Row(title="build, 2 threads, s", value=number("build_s"), digits=1),
    Row(title="CPU time of the build, s", value=number("cpu_s"), digits=1),
    Row(title="peak memory, MiB", value=number("peak_mib"), at_most=PEAK_MIB),
    Row(title="Parquet file, MB", value=number("file_mb")),
    Row(title="build of a tenth of the orders, s", value=number("tenth_build_s"), digits=1),
    Row(
        title="exponent from a tenth to all, of the time",
        value=lambda one: math.log(one["build_s"] / one["tenth_build_s"], STEP),
        digits=2,
        at_most=1.1,
    ),
    Row(
        title="exponent from a tenth to all, of the CPU time",
        value=lambda one: math.log(one["cpu_s"] / one["tenth_cpu_s"], STEP),
        digits=2,
    ),
)


def run_round(orders: int) -> Round:
    """Build the windows of a tenth of the orders, then of all."""
    tenth, whole = _in_process(orders // STEP), _in_process(orders)
    return whole | {f"tenth_{name}": figure for name, figure in tenth.items()}


def _in_process(orders: int) -> Round:
    command = [sys.executable, "-m", "tests.bench.windows", str(orders)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: Round = json.loads(answer.stdout)
    return figures


def measure(orders: int, out: Path) -> Round:
    """Build once and return the figures."""
    window_set = load_windows()
    started = time.perf_counter()
    build_windows(synthetic_log(WARM_UP_ORDERS), window_set, out)
    first_s = time.perf_counter() - started
    log = synthetic_log(orders)
    Path("/proc/self/clear_refs").write_text("5")  # begins a new peak
    started, cpu_s = time.perf_counter(), time.process_time()
    build_windows(log, window_set, out)
    return {
        "orders": orders,
        "events": len(log),
        "features": len(window_set.names),
        "first_s": first_s,
        "build_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu_s,
        "peak_mib": _peak_kib() / 1024,
        "file_mb": out.stat().st_size / 1e6,
    }


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main(arguments: Sequence[str]) -> None:
    """Measure one size and print the figures as JSON."""
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        figures = measure(int(arguments[0]), Path(scratch) / "windows.parquet")
    print(json.dumps(figures))  # noqa: T201  # read by the process that started this one


if __name__ == "__main__":
    main(sys.argv[1:])
