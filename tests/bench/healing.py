"""``python -m tests.bench.healing``: how fast a log counts again in a Redis that lost everything.

A step holds up an order that comes just then. The Redis runs beside it on the same cores.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import click

from risk_service.adapters.shared import windows as shared_windows
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.redis_server import redis_server
from tests.fixtures.shared_shop import shop_on, windows_of

GROUP = 40
GROUP_US = 40_000_000


def main(orders: int) -> None:
    """Make a log, let it count again and say how long that took."""
    with redis_server() as server, tempfile.TemporaryDirectory() as directory:
        state = Path(directory) / "state"
        shop = LiveShop(directory=state)
        for _ in range(orders // GROUP):
            shop.decide(GROUP)
            shop.now_us += GROUP_US
        shop.state.close()
        shared_windows.START_S = 0.0
        moved = shop_on([server], state)
        windows, steps_s = windows_of(moved), []
        while not windows.is_whole:
            began_s = time.perf_counter()
            windows.step()
            steps_s.append(time.perf_counter() - began_s)
        moved.state.close()
    steps_ms = sorted(step_s * 1000 for step_s in steps_s)
    click.echo(
        f"{shop.count:,} orders in {sum(steps_s):.1f} s of {len(steps_s)} steps: "
        f"{shop.count / sum(steps_s):,.0f} a second; "
        f"a step {median(steps_ms):.1f} ms, the longest {steps_ms[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main(6_000)
