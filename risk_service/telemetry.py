"""Metrics of the service: names and buckets."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from risk_service.tallies import Bounds, Tallies

Parent = TypeVar("Parent", bound=Counter)

LATENCY_BUCKETS_S = (
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
)  # fmt: skip
GROUP_BUCKETS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
COMMIT_BUCKETS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)


class EventGroups:
    """Observes groups of reported events, apart from those of orders."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "risk_event_group_seconds", "Time the intake took for a group of events.",
            buckets=LATENCY_BUCKETS_S, registry=registry,
        )  # fmt: skip

    def group_done(self, _size: int, seconds: float) -> None:
        """Take note of a group of chunks."""
        self._seconds.observe(seconds)


class LogLines(Collector):
    """Says how many lines of the log found no room; the log itself cannot while it has none."""

    def __init__(self, left_out: Callable[[], int]) -> None:
        self._left_out = left_out

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the count, read when scraped."""
        words = "Lines of the log that found no room, or could not be written."
        yield CounterMetricFamily("risk_log_lines_left_out", words, value=self._left_out())


class Metrics:
    """The service's metrics on a registry of their own, so tests can have many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._children: dict[tuple[object, tuple[str, ...]], Any] = {}
        self._calls = 0
        self._add_calls()
        self._add_answers()
        self._add_stores()

    def _add_calls(self) -> None:
        """Register what is told of calls and groups, and how long they take."""
        self._latency = self._tallies(
            "risk_call_seconds", "Time from the message to the answer.", LATENCY_BUCKETS_S, "method"
        )
        self._group = self._tallies(
            "risk_group_orders", "Calls answered together.", GROUP_BUCKETS
        ).child()
        self._group_seconds = self._tallies(
            "risk_group_seconds", "Time to answer a group.", LATENCY_BUCKETS_S
        ).child()
        self._commit = self._tallies(
            "risk_commit_seconds", "Time of a durable commit.", COMMIT_BUCKETS_S
        ).child()
        self.event_groups = EventGroups(self.registry)
        in_flight = Gauge("risk_calls_in_flight", "Calls being answered.", registry=self.registry)
        # Read when scraped: two gauge updates a call cost more than the two additions.
        in_flight.set_function(lambda: self._calls)

    def _add_answers(self) -> None:
        """Register what is told of answers, by what they say."""
        self._decisions = Counter(
            "risk_decisions", "Decisions answered.", ("outcome", "mode"), registry=self.registry
        )
        self._errors = Counter(
            "risk_errors", "Orders and calls answered with an error.", ("code",),
            registry=self.registry,
        )  # fmt: skip
        self._events = Counter(
            "risk_events", "Reported events, by what became of them.", ("result",),
            registry=self.registry,
        )  # fmt: skip
        self._assessments = Counter(
            "risk_assessments", "Claims, promotion actions and verifications answered.",
            ("kind", "result"), registry=self.registry,
        )  # fmt: skip
        self._attempts_refused = Counter(
            "risk_real_name_attempts_refused",
            "Verifications refused because too many failed, by whose did.", ("field",),
            registry=self.registry,
        )  # fmt: skip
        self._reservations = Counter(
            "risk_reservations_to_look_into",
            "Orders that were paid without a hold or after their cancellation, and failed calls.",
            ("what",), registry=self.registry,
        )  # fmt: skip

    def _add_stores(self) -> None:
        """Register what is told of windows, shared logs, the bundle and stored history."""
        self._windows_behind = Gauge(
            "risk_windows_behind_seconds",
            "How much of the own log does not count in the shared windows; 0: all of it does.",
            registry=self.registry,
        )
        self._windows_healed = Counter(
            "risk_windows_healed", "Logged events that were counted in the shared windows again.",
            registry=self.registry,
        )  # fmt: skip
        self._windows_damaged = Counter(
            "risk_windows_damaged",
            "Values in the shared windows that were none of ours; their entities begin anew.",
            registry=self.registry,
        )
        self._shared_missed = Counter(
            "risk_shared_missed", "Gaps in logs that services share.", ("what",),
            registry=self.registry,
        )  # fmt: skip
        self._refused = Counter(
            "risk_bundle_refusals", "Bundles that were refused.", registry=self.registry
        )
        self._bundle = Info("risk_bundle", "The bundle that is served.", registry=self.registry)
        self._materialized = Gauge(
            "risk_features_until_seconds", "Time up to which stored history reaches.",
            registry=self.registry,
        )  # fmt: skip

    def _child(self, parent: Parent, *labels: str) -> Parent:
        """Return the metric of these labels; looked up once, as `labels` costs over 1 us."""
        key = (parent, labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = parent.labels(*labels)
        return child

    def _tallies(self, name: str, words: str, bounds: Bounds, *labels: str) -> Tallies:
        tallies = Tallies(name, words, bounds, labels)
        self.registry.register(tallies)
        return tallies

    def decisions_made(self, outcome: str, mode: str, count: int) -> None:
        """Count decisions."""
        self._child(self._decisions, outcome, mode).inc(count)

    def assessment_made(self, kind: str, result: str) -> None:
        """Count a decision on a claim or an action, or a verification."""
        self._child(self._assessments, kind, result).inc()

    def attempt_refused(self, field: str) -> None:
        """Count a verification that was not tried, by the field whose tries are used up."""
        self._child(self._attempts_refused, field).inc()

    def reservation_to_look_into(self, what: str) -> None:
        """Count an order whose payment and hold do not go together."""
        self._child(self._reservations, what).inc()

    def call_started(self) -> None:
        """Count a call in."""
        self._calls += 1

    def call_done(self, method: str, seconds: float) -> None:
        """Count a call out, whatever its end."""
        self._calls -= 1
        self._latency.child(method).observe(seconds)

    def error_answered(self, code: str) -> None:
        """Count an error by its status code."""
        self._child(self._errors, code).inc()

    def windows_behind(self, seconds: float) -> None:
        """Say how much of the log the shared windows lack."""
        self._windows_behind.set(seconds)

    def windows_healed(self, events: int) -> None:
        """Count events that count in the shared windows again."""
        self._windows_healed.inc(events)

    def windows_damaged(self, values: int) -> None:
        """Count values of shared windows that were none, so that their entities begin anew."""
        self._windows_damaged.inc(values)

    def events_taken(self, result: str, count: int) -> None:
        """Count reported events that were accepted, repeated, or refused for a reason."""
        self._child(self._events, result).inc(count)

    def group_done(self, size: int, seconds: float) -> None:
        """Take note of a group of calls."""
        self._group.observe(size)
        self._group_seconds.observe(seconds)

    def commit_done(self, seconds: float) -> None:
        """Take note of a commit."""
        self._commit.observe(seconds)

    def shared_missed(self, what: str) -> None:
        """Count a gap in a log that services share: this one lacks what was in it."""
        self._child(self._shared_missed, what).inc()

    def watch_links(self, behind_s: Callable[[], float], unpublished: Callable[[], int]) -> None:
        """Show how far shared links are behind, in both directions, whenever it is scraped."""
        words = "Time since clusters last had every link that all services share."
        behind = Gauge("risk_links_behind_seconds", words, registry=self.registry)
        behind.set_function(behind_s)
        words = "Own links in memory that wait for being shared."
        waiting = Gauge("risk_links_unpublished", words, registry=self.registry)
        waiting.set_function(unpublished)

    def watch_log(self, left_out: Callable[[], int]) -> None:
        """Show how many lines of the log were left out, whenever it is scraped."""
        self.registry.register(LogLines(left_out))

    def bundle_served(self, sha256: str, schema_version: str) -> None:
        """Say which bundle is in force."""
        self._bundle.info({"sha256": sha256, "feature_schema": schema_version})

    def bundle_refused(self) -> None:
        """Count a refused bundle."""
        self._refused.inc()

    def features_until(self, until_us: int) -> None:
        """Say how far the stored history reaches."""
        self._materialized.set(until_us / 1e6)
