"""The client can be shipped without the service."""

import subprocess
import sys

PROGRAM = """
import sys
import risk_service.client
print(*sorted(sys.modules), sep="\\n")
"""


def test_the_client_imports_nothing_of_ours_but_the_contract() -> None:
    """Of our rooms only ``client`` and ``pb`` are loaded; of the heavy stack nothing."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    modules = run.stdout.split()
    rooms = {name.split(".")[1] for name in modules if name.startswith("risk_service.")}
    assert rooms == {"client", "pb"}
    assert not {"numpy", "pandas", "feast", "lightgbm"} & set(modules)
