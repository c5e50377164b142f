"""Passwords of stores that change while the service runs."""

import re
from itertools import count
from pathlib import Path

from risk_service.adapters.feast_layout.manifest import load_manifest, save_manifest
from risk_service.pb.risk.v1 import risk_pb2
from tests.fixtures.asking import ask
from tests.fixtures.encrypted import PASSWORD
from tests.fixtures.redis_server import redis_server
from tests.fixtures.service import ServiceFiles, copy_files, start_server
from tests.fixtures.waiting import wait_until
from tests.integration.test_shared_features import stranger, write_history


def test_a_password_that_changed_is_named_until_it_is_right(
    master_files: ServiceFiles, tmp_path: Path
) -> None:
    """Open connections go on; new ones are refused, and the log says what to look at."""
    files = copy_files(master_files, tmp_path)
    names = ("windows", "features")
    environment = {f"RISK_{name.upper()}_PASSWORD": PASSWORD for name in names}
    environment |= {f"RISK_{name.upper()}_USER": "service" for name in names}
    environment |= {f"RISK_{name.upper()}_TIMEOUT_MS": "2000" for name in names}
    with redis_server() as server:
        server.call("ACL", "SETUSER", "service", "on", f">{PASSWORD}", "~*", "+@all")
        write_history(server)
        address = f"redis://{server.address}"
        manifest = load_manifest(files.features)
        save_manifest(manifest.model_copy(update={"online_store": address}), files.features)
        numbers = count()

        def mode() -> int:
            return ask(running.address, stranger(f"a-{next(numbers)}")).mode

        with start_server(files, ["--windows", address], environment=environment) as running:
            assert mode() == risk_pb2.MODE_FULL
            server.call("ACL", "SETUSER", "service", "resetpass", ">other")
            assert mode() == risk_pb2.MODE_FULL
            server.call("CLIENT", "KILL", "USER", "service")
            wait_until(lambda: mode() == risk_pb2.MODE_NO_FEATURES, "the connections are gone")
            for name in names:
                line = rf"{name}_unavailable error=.*WRONGPASS.*; see {name}_user, {name}_password"
                wait_until(
                    lambda line=line: mode() > 0 and bool(re.search(line, running.log.read_text())),  # type: ignore[misc]  # as it is now
                    f"the settings of {name} are named",
                    pause_s=0.1,
                )
            server.call("ACL", "SETUSER", "service", f">{PASSWORD}")
            wait_until(lambda: mode() == risk_pb2.MODE_FULL, "all is well again", pause_s=0.1)
