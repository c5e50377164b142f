"""What processes spend, and how the table tells it."""

import subprocess
import sys

import pytest

from tests.bench.sizing import print_table, spent

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\ninput()"


def test_time_of_a_child_is_spent_by_whoever_started_it() -> None:
    """PostgreSQL works in children of the process that was started."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD.format(busy=BUSY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"done\n"

        # The kernel counts in hundredths of a second, of each process by itself.
        assert spent([parent.pid]).cpu_s >= 0.25

        parent.communicate(b"\n")


def test_a_fleet_without_a_store_has_no_figure_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Services with stores of their own stand beside fleets that share them."""
    print_table(
        {
            "own stores": [{"services, CPU us an order": 500.0}],
            "2 services": [
                {"services, CPU us an order": 600.0, "Redis, CPU us an order": 150.0},
                {"services, CPU us an order": 700.0, "Redis, CPU us an order": 160.0},
                {"services, CPU us an order": 640.0, "Redis, CPU us an order": 170.0},
            ],
        }
    )

    assert capsys.readouterr().out.splitlines()[2:] == [
        "| services, CPU us an order | 500 (500 to 500) | 640 (600 to 700) |",
        "| services, cores kept busy by 10,000 orders/s | 5.0 | 6.4 |",
        "| Redis, CPU us an order |  | 160 (150 to 170) |",
        "| Redis, cores kept busy by 10,000 orders/s |  | 1.6 |",
    ]
