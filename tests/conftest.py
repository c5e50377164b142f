"""What holds for every test: what it inherits, and how properties are searched."""

import os

# Importing Feast sets this, and prometheus-client chooses how it counts when it is first
# imported: it must be here before any test imports Feast, and without what a process inherits
# that did before it started this one.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
import prometheus_client  # noqa: F401 - see above
from hypothesis import HealthCheck, settings

# Whoever reaches the network by a proxy would ask it for the servers of the tests as well.
for name in [one for one in os.environ if one.lower().endswith("_proxy")]:
    del os.environ[name]

# A busy machine is no failed property: no time limit per example. Examples are the same in
# every run; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile(
    "reproducible",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore", settings.get_profile("reproducible"), derandomize=False, print_blob=True
)
settings.load_profile("reproducible")
